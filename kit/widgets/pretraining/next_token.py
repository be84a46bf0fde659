"""Predict the next token of a text as it is typed, with any of several language models."""

import time

from kit.html import FONT, INK, escape
from kit.models.ngram import NGram
from kit.sources import Source
from kit.tasks.next_token import CHARACTERS, predictor
from kit.tokenizer import Tokenizer
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.base.thinking import thinking
from kit.widgets.pretraining.next_token_figure import (
    COLOUR,
    Scene,
    axes,
    figure,
    heads,
    pages,
    scene,
    titles,
    traces,
    verdict,
)

__all__ = ["NextToken"]


class NextToken(JobWidget):
    """The widget: type a text, choose a model and a temperature, let the model write on."""

    def __init__(self, writers: dict[str, Source | NGram], tokenizer: Tokenizer, text: str) -> None:
        """writers: name -> a source with a language head, or an n-gram model. tokenizer: that of
        the n-gram models."""
        import ipywidgets as w

        self.predictors = {name: predictor(writer, tokenizer) for name, writer in writers.items()}
        self.written: dict[str, str] = {}
        self.seed = 0
        self.job = Job(self._work, self._say, "Write on", icon="pencil")
        self.model = w.ToggleButtons(options=list(writers), style={"button_width": "150px"})
        self.text = w.Text(
            value=text,
            description="Your text:",
            style={"description_width": "initial"},
            layout={"width": "96%"},
        )
        self.temperature = w.FloatSlider(
            value=1.0,
            min=0.0,
            max=2.0,
            step=0.1,
            description="temperature τ",
            readout_format=".1f",
            style={"description_width": "110px"},
            layout={"width": "480px"},
        )
        self.status = w.HTML()
        self.pages = w.HTML()
        self.figure = live(figure(self._scene()))
        fit_page_width(self.figure)
        for control in (self.model, self.text, self.temperature):
            control.observe(lambda _: self._draw(), "value")
        self._draw()
        last = w.HBox([self.temperature, self.job.button, self.job.stop_button])
        rows = [self.model, self.text, last, self.status, self.figure, self.pages]
        self.view = w.VBox(rows)

    def write(self) -> "NextToken":
        """Let the chosen model write on; during the writing it does nothing."""
        self.job.start()
        return self

    def _work(self, stopping) -> None:
        name = self.model.value
        model = self.predictors[name]
        text = self.text.value
        self.seed += 1
        self.written.pop(name, None)  # the newest text comes last
        ids: list[int] = []
        for piece in model.write(model.read(text), self.temperature.value, self.seed):
            if stopping():
                break
            ids.append(piece)
            self.written[name] = pages(text.rstrip(" "), model.tokenizer.decode(ids))
            self._show_written()
            time.sleep(0.02)  # slow enough to read

    def _scene(self) -> Scene:
        return scene(self.predictors[self.model.value], self.text.value, self.temperature.value)

    def _draw(self) -> None:
        with thinking(self.status):
            now = self._scene()
        with self.figure.batch_update():
            redraw(self.figure, traces(now), titles(now))
            self.figure.data[1].z = heads(now)
            self.figure.update_layout(axes(now))
        more = len(self.text.value) - CHARACTERS
        unread = f" · the first {more:,} characters are not read" if more > 0 else ""
        self._say(verdict(now, self.temperature.value) + unread)

    def _show_written(self) -> None:
        rows = "".join(
            f'<div style="margin:.4em 0"><b style="color:{COLOUR}">{escape(name)}</b><br>{page}'
            "</div>"
            for name, page in self.written.items()
        )
        self.pages.value = (
            f'<div style="font:17px/1.45 {FONT};color:{INK};max-width:62em">{rows}</div>'
        )
