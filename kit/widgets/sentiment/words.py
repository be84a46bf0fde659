"""Occlusion: leave each word of a sentence out, and show how much P(positive) changes."""

from functools import partial

from kit.errors import KitError
from kit.html import note
from kit.tasks import sentiment
from kit.tasks.occlusion import MOST, influence
from kit.widgets.base.static import Widget
from kit.widgets.base.thinking import thinking
from kit.widgets.sentiment.words_figure import page

__all__ = ["Words"]

TEXT = "I wanted to love it, but the plot is a mess and the jokes are not funny."

CHARACTERS = 2000
"""The characters of a text that are read: more than the 128 tokens of a model have."""


class Words(Widget):
    """The widget: type a sentence, and see the effect of each word on each model."""

    def __init__(self, models: dict, tokenizer, text: str = TEXT) -> None:
        """models: name ("full", "from_scratch", or any) -> a model with two classes. tokenizer:
        that of all models."""
        import ipywidgets as w

        self.models = models
        self.tokenizer = tokenizer
        self.influences: dict = {}
        self.text = w.Text(
            value=text,
            description="A sentence:",
            layout={"width": "820px"},
            style={"description_width": "initial"},
        )
        self.answer = w.HTML()
        self.status = w.HTML()
        self.view = w.VBox([self.text, self.answer, self.status])
        self.text.observe(lambda _: self.ask(), "value")
        self.ask()

    def ask(self, text: str | None = None) -> "Words":
        """Ask all models about the sentence in the box, or about another one."""
        if text is not None and text != self.text.value:
            self.text.value = text  # its observer asks
            return self
        sentence = self.text.value[:CHARACTERS]
        unread = len(self.text.value) - len(sentence)
        try:
            with thinking(self.status):
                self.influences = {
                    name: influence(
                        partial(sentiment.probabilities, model, self.tokenizer), sentence
                    )
                    for name, model in self.models.items()
                }
        except KitError as error:
            self.status.value = note(str(error), "error")
            return self
        self.answer.value = page(self.influences)
        more = len(sentence.split()) - MOST
        self.status.value = ""
        if more > 0:
            self.status.value = note(f"{more} words more were read, and not left out.")
        if unread:
            self.status.value = note(
                f"Of this text the first {CHARACTERS:,} characters were read, and {unread:,} were "
                "not: give a shorter one."
            )
        return self
