"""Paste an article: headlines with and without a source, where each word came from, the beams."""

from collections.abc import Sequence

from torch import nn

from kit.errors import KitError
from kit.html import note
from kit.tasks import summarization
from kit.tasks.summarization.trace import Trace, trace
from kit.tokenizer import Tokenizer
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.summarization.headlines_figure import page, tree

__all__ = ["Headlines"]

BEAMS = 4


class Headlines(JobWidget):
    """The widget: an article, candidates of each model beside the lead sentence, and the search,
    step by step."""

    def __init__(
        self, models: dict[str, nn.Module], tokenizer: Tokenizer, articles: Sequence[dict]
    ) -> None:
        """models: name -> a summariser; articles: rows of "text" and "headline" to choose from."""
        if not models or not articles:
            raise KitError("headlines of nothing: give at least one model and one article.")
        self.models, self.tokenizer = models, tokenizer
        self.traces: dict[str, Trace] = {}
        label = "Write headlines"
        self.job = Job(self._work, self._say, label, icon="pencil", width="170px")
        self._controls(articles)
        self._wire()
        self._say("Press “Write headlines”.")

    def _controls(self, articles: Sequence[dict]) -> None:
        import ipywidgets as w

        wide = {"style": {"description_width": "90px"}, "layout": {"width": "96%"}}
        options = [(row["headline"], row["text"]) for row in articles]
        self.choice = w.Dropdown(options=options, description="an article", **wide)
        self.text = w.Textarea(value=options[0][1], description="or yours", rows=5, **wide)
        self.status, self.page, self.picture = w.HTML(), w.HTML(), w.HTML()
        self.who = w.ToggleButtons(options=list(self.models), style={"button_width": "190px"})
        self.step, self.after = None, w.HBox()
        row = w.HBox(self.job.row)
        beams = [self.who, self.after, self.picture]
        self.view = w.VBox([self.choice, self.text, row, self.status, self.page, *beams])

    def _wire(self) -> None:
        self.choice.observe(lambda change: self.ask(change["new"]), "value")
        self.who.observe(lambda _: self._search(), "value")

    def ask(self, text: str | None = None) -> "Headlines":
        """Write headlines of what stands in the box, or of `text`; while it writes a second click
        does nothing."""
        if text is not None and not self.job.running:
            self.text.value = text
        self.job.start()
        return self

    def _work(self, stopping) -> None:
        try:
            found, text = {}, self.text.value
            for number, (name, model) in enumerate(self.models.items()):
                watch = self._watch(number, name, stopping)
                found[name] = trace(model, self.tokenizer, text, BEAMS, watch)
                if stopping():
                    self._say("Stopped: what stands below is of before.")
                    return
            self.traces = found
            self.page.value = page(found, summarization.lead(text))
            self._say("Hover over a word, or press Tab: the places that it came from light up.")
            self._search()
        except KitError as error:
            self._say(str(error), "error")
        finally:
            self.job.bar.value = 0.0

    def _watch(self, number: int, name: str, stopping):
        """Told of each step: show it, and whether to end."""

        def watch(step: int) -> bool:
            share = min(1.0, step / summarization.MOST)
            self.job.bar.value = (number + share) / len(self.models)
            self._say(f"{name}: step {step} …")
            return stopping()

        return watch

    def _search(self) -> None:
        """The slider for the search of whom was chosen, at its end. A new one: the key End of one
        whose range is changed still goes to the old end."""
        import ipywidgets as w

        if shown := self.traces.get(self.who.value):
            last, old = len(shown.steps), self.step
            wide = {"style": {"description_width": "120px"}, "layout": {"width": "560px"}}
            self.step = w.IntSlider(
                min=1, max=max(1, last), value=last, description="its beams after", **wide
            )
            self.step.observe(lambda _: self._draw(), "value")
            self.after.children = [self.step]
            if old:
                old.close()
            self._draw()

    def _draw(self) -> None:
        if shown := self.traces.get(self.who.value):
            self.picture.value = tree(shown, self.step.value)

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
