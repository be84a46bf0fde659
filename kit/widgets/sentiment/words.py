"""Occlusion: leave each word of a sentence out, and show how much P(positive) changes."""

from functools import partial

from kit.errors import KitError
from kit.html import note
from kit.tasks import sentiment
from kit.tasks.occlusion import MOST, influence
from kit.widgets.base.static import Shown
from kit.widgets.sentiment.words_figure import page

__all__ = ["Words"]

TEXT = "I wanted to love it, but the plot is a mess and the jokes are not funny."


class Words(Shown):
    """The widget: type a sentence, and see what each of its words did in each model."""

    def __init__(self, models: dict, tokenizer, text: str = TEXT) -> None:
        """models: name ("full", "from_scratch", or any) -> a model with two classes. tokens: the
        vocabulary of all of them."""
        import ipywidgets as w

        self.models, self.tokenizer, self.found = models, tokenizer, {}
        self.text = w.Text(
            value=text,
            description="A sentence:",
            layout={"width": "820px"},
            style={"description_width": "initial"},
        )
        self.answer, self.status = w.HTML(), w.HTML()
        self.view = w.VBox([self.text, self.answer, self.status])
        self.text.observe(lambda _: self.ask(), "value")
        self.ask()

    def ask(self, text: str | None = None) -> "Words":
        """Ask all models about what is in the box, or about another text."""
        if text is not None and text != self.text.value:
            self.text.value = text  # which asks
            return self
        try:
            self.found = {
                name: influence(partial(sentiment.opinions, model, self.tokenizer), self.text.value)
                for name, model in self.models.items()
            }
        except KitError as error:
            self.status.value = note(str(error), "error")
            return self
        self.answer.value = page(self.found)
        more = len(self.text.value.split()) - MOST
        self.status.value = note(f"{more} words more were read, and not left out.") * (more > 0)
        return self
