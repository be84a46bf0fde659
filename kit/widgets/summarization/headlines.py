"""Headlines of an article by several models: the origin of each word, and the beam search."""

from collections.abc import Sequence

from torch import nn

from kit.errors import KitError
from kit.tasks import summarization
from kit.tasks.summarization.trace import Trace, trace
from kit.tokenizer import Tokenizer
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.summarization.headlines_figure import page, tree

__all__ = ["Headlines"]

BEAMS = 4


class Headlines(JobWidget):
    """The widget: an article, the candidates of each model and the lead sentence, and the beam
    search step by step."""

    def __init__(
        self, models: dict[str, nn.Module], tokenizer: Tokenizer, articles: Sequence[dict]
    ) -> None:
        """models: name -> a summarisation model. articles: rows of "text" and "headline"."""
        if not models or not articles:
            raise KitError("there is no model or no article: give at least one of each.")
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
        """Write headlines of the article in the box, or of `text`; during the writing it does
        nothing."""
        if text is not None and not self.job.running:
            self.text.value = text
        self.job.start()
        return self

    def _work(self, stopping) -> None:
        try:
            text = self.text.value
            traces = {}
            for number, (name, model) in enumerate(self.models.items()):
                watch = self._watch(number, name, stopping)
                traces[name] = trace(model, self.tokenizer, text, BEAMS, watch)
                if stopping():
                    self._say("Stopped: what stands below is of before.")
                    return
            self.traces = traces
            self.page.value = page(traces, summarization.lead(text))
            self._say("Hover over a word, or press Tab: the places that it came from light up.")
            self._search()
        except KitError as error:
            self._say(str(error), "error")
        finally:
            self.job.bar.value = 0.0

    def _watch(self, number: int, name: str, stopping):
        """A function that shows each step, and returns whether to stop."""

        def watch(step: int) -> bool:
            share = min(1.0, step / summarization.MOST)
            self.job.bar.value = (number + share) / len(self.models)
            self._say(f"{name}: step {step} …")
            return stopping()

        return watch

    def _search(self) -> None:
        """Make a new slider over the steps of the chosen model's search, at its last step.

        A slider whose range is changed is no use: its End key still goes to the old end.
        """
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
