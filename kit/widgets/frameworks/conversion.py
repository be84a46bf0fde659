"""Convert a model with a fault: which checks see it, and what becomes of its similarities."""

from collections.abc import Sequence

import torch

from kit.display_names import name_options
from kit.errors import KitError
from kit.html import note
from kit.sources import Source
from kit.sources.conversion_faults import FAULTS, LIMIT, NONE, hidden_states
from kit.widgets.base.static import Widget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.base.thinking import thinking
from kit.widgets.frameworks.conversion_figure import Scene, checks, figure, traces

__all__ = ["Conversion"]

CHARACTERS = 300


class Conversion(Widget):
    """The widget: choose a fault, type a sentence."""

    def __init__(self, source: Source, text: str, sentences: Sequence[str]) -> None:
        """source: a BERT. text: the sentence at the start; sentences: it is compared with these."""
        import ipywidgets as w

        self.source, self.sentences = source, list(sentences)
        self.copy = FAULTS[NONE].apply(source)
        self.fault = w.Dropdown(
            options=name_options(FAULTS),
            value=NONE,
            description="fault:",
            style={"description_width": "initial"},
            layout={"width": "320px"},
        )
        self.text = w.Text(
            value=text,
            description="a sentence:",
            style={"description_width": "initial"},
            layout={"width": "96%"},
        )
        self.status = w.HTML()
        self.checks = w.HTML()
        self.figure = live(figure(self._scene(text)))
        fit_page_width(self.figure)
        self.fault.observe(lambda _: self._convert(), "value")
        self.text.observe(lambda _: self._draw(), "value")
        self.view = w.VBox([self.fault, self.text, self.status, self.checks, self.figure])
        self._draw()

    def choose(self, fault: str) -> "Conversion":
        """Convert with this fault. Raises KitError for an unknown one."""
        if fault not in FAULTS:
            raise KitError(f"{fault!r} is no fault: choose one of {', '.join(FAULTS)}.")
        self.fault.value = fault
        return self

    def _convert(self) -> None:
        with thinking(self.status):
            self.copy = FAULTS[self.fault.value].apply(self.source)
            self._draw()

    def _draw(self) -> None:
        text = self.text.value.strip()[:CHARACTERS]
        if not text:
            self.status.value = note("The box is empty: type a sentence.", "error")
            return
        self.status.value = ""
        with thinking(self.status):
            scene = self._scene(text)
        redraw(self.figure, traces(scene))
        self.checks.value = checks(scene, FAULTS[self.fault.value].cause)

    @torch.inference_mode()
    def _scene(self, text: str) -> Scene:
        texts = [text, *self.sentences]
        right, copied = ([hidden_states(s, x) for x in texts] for s in (self.source, self.copy))
        own, theirs = self.source.body.state_dict(), self.copy.body.state_dict()
        named = [name for name in own if name in theirs]
        ids, others = (s.tokenizer.encode(text, limit=LIMIT) for s in (self.source, self.copy))
        same = len(ids) == len(others)
        return Scene(
            self.sentences,
            _cosines(right),
            _cosines(copied),
            len(own),
            len(named),
            sum(own[name].shape == theirs[name].shape for name in named),
            (sum(a == b for a, b in zip(ids, others, strict=False)), max(len(ids), len(others))),
            float((right[0] - copied[0]).abs().max()) if same else None,
        )


def _cosines(states: list[torch.Tensor]) -> list[float]:
    """The cosine of the first text's mean state and each other one's."""
    first, *others = (own.mean(0) for own in states)
    return [float(torch.cosine_similarity(first, other, 0)) for other in others]
