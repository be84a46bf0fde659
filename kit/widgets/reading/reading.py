"""Follow a token through a language model: a Transformer's attention, or an LSTM's gates."""

from dataclasses import replace

import numpy as np

from kit.html import note
from kit.models.activations import CellValues, activations
from kit.sources import Source
from kit.tasks.next_token import NeuralPredictor, predictor, token_text
from kit.widgets.base.static import Widget, mime_bundle
from kit.widgets.reading.reading_figure import SHOWN, following, page, stepper, steps, telling_part
from kit.widgets.reading.scene import Scene

__all__ = ["Reading"]

TOKENS = 10
"""The tokens that are shown, at most: the first one, at which a document begins, and the last."""
TEXTS = (
    "The government said it would",
    "The film is not as good as the",
    "The president of the United",
    "He said that he was very",
)


class Reading(Widget):
    """The widget: choose a model, a text, a token, a layer and a head, and walk step by step."""

    def __init__(self, writers: dict[str, Source], text: str = TEXTS[0]) -> None:
        """writers: name -> a source that predicts the next token: a Transformer or an LSTM."""
        import ipywidgets as w

        self.predictors = {
            name: predictor(writer, writer.tokenizer) for name, writer in writers.items()
        }
        self.changing, self.fitted = False, ""
        wide = {"description_width": "initial"}
        self.model = w.ToggleButtons(options=list(writers), style={"button_width": "150px"})
        self.text = w.Text(
            value=text, description="sentence:", style=wide, layout={"width": "460px"}
        )
        self.texts = w.Dropdown(
            options=list(dict.fromkeys([text, *TEXTS])),
            description="or choose:",
            style=wide,
            layout={"width": "340px"},
        )
        self.token = w.SelectionSlider(options=[("", 0)], description="token", style=wide)
        self.layer, self.part = w.IntSlider(min=1, max=1), w.IntSlider(min=1, max=1)
        for slider in (self.layer, self.part):
            slider.style, slider.layout = wide, {"width": "250px"}
        self.token.layout = {"width": "330px"}
        self.step = w.SelectionSlider(
            options=[("", "")], description="step", style=wide, layout={"width": "520px"}
        )
        button = {"layout": {"width": "100px"}, "button_style": "primary"}
        self.back = w.Button(description="Back", icon="arrow-left", **button)
        self.next = w.Button(description="Next", icon="arrow-right", **button)
        self.status, self.picture = w.HTML(), w.HTML()
        self.places: dict[str, tuple[int, int]] = {}
        self._read()
        self._observe()
        rows = [
            w.HBox([self.model, self.text, self.texts]),
            w.HBox([self.token, self.layer, self.part]),
            w.HBox([self.back, self.next, self.step]),
        ]
        for row in rows:
            row.layout.flex_flow = "row wrap"
        self.view = w.VBox([*rows, self.status, self.picture])

    def _observe(self) -> None:
        self.model.observe(self._switch, "value")
        self.text.observe(lambda _: self._read(), "value")
        self.texts.observe(lambda change: setattr(self.text, "value", change["new"]), "value")
        self.layer.observe(lambda _: self._fit_parts(), "value")
        for slider in (self.token, self.layer, self.part, self.step):
            slider.observe(lambda _: self._draw(), "value")
        self.back.on_click(lambda _: self.walk(-1))
        self.next.on_click(lambda _: self.walk(1))

    def walk(self, by: int) -> "Reading":
        """Go on by so many steps; back if below 0. It ends at the first and the last step."""
        order = [value for _, value in self.step.options]
        place = min(max(order.index(self.step.value) + by, 0), len(order) - 1)
        self.step.value = order[place]
        return self

    def show(self, step: str, **places: int) -> "Reading":
        """Show a step, as a user would. places: token, layer, part, counted from 1."""
        for name, place in places.items():
            slider = getattr(self, name)
            slider.value = place - 1 if name == "token" else place
        self.step.value = step
        return self

    def _ipython_display_(self) -> None:
        """The widget; on a page without a kernel every step, as a click shows it."""
        from IPython.display import display

        display(mime_bundle(self.view) | {"text/html": self.all_steps()}, raw=True)

    def all_steps(self) -> str:
        """Every step of the chosen model as HTML that needs no kernel."""
        now = self.scene()
        names = steps(self.values)
        before = dict(zip(names, [next(iter(names)), *names], strict=False))
        pages = {
            name: page(replace(now, step=step, previous=before[step]))
            for step, name in names.items()
        }
        return stepper(pages)

    @property
    def who(self) -> NeuralPredictor:
        """The chosen model."""
        return self.predictors[self.model.value]

    def _switch(self, change: dict) -> None:
        """Let another model read the text: it shows the layer and part where it was left."""
        self.places[change["old"]] = (self.layer.value, self.part.value)
        self._read()

    def _read(self) -> None:
        """Let the chosen model read the text, and fit the sliders to it."""
        ids = self.who.read(self.text.value)
        shown = ids if len(ids) <= TOKENS else [ids[0], *ids[1 - TOKENS :]]
        self.values = activations(self.who.model.body, self.who.model.head, shown)
        self.ids = shown
        self.words = ["‹begin›", *(token_text(i, self.who.tokenizer) for i in shown[1:])]
        self.status.value = note(said) if (said := self._said(len(ids))) else ""
        self.changing = True
        try:
            self._fit()
        finally:
            self.changing = False
        self.before = self.step.value
        self._draw()

    def _fit(self) -> None:
        """Give the sliders the tokens, steps and layers that there are now, and keep what they
        show where that is still there."""
        step = self.step.value
        at_end = self.token.value == len(self.token.options) - 1
        place = self.token.value
        options = [(word, t) for t, word in enumerate(self.words)]
        self.token.options = options
        self.token.value = len(options) - 1 if at_end else min(place, len(options) - 1)
        named = steps(self.values)
        self.step.options = [(name, step) for step, name in named.items()]
        self.step.value = step if step in named else next(iter(named))
        name = self.model.value
        if name not in self.places:
            layer, part = telling_part(self.values)
            self.places[name] = (layer + 1, part + 1)
        self.layer.max = len(self.values.layers)
        self.layer.description = f"layer, 1 to {self.layer.max}"
        if self.fitted != name:
            self.layer.value = self.places[name][0]
        self._fit_parts()
        if self.fitted != name:
            self.part.value = self.places[name][1]
        self.fitted = name

    def _fit_parts(self) -> None:
        """Give the slider of heads or units those of the chosen layer."""
        layer = self.values.layers[self.layer.value - 1]
        is_lstm = isinstance(layer, CellValues)
        self.part.max = layer.c.shape[1] if is_lstm else len(layer.query)
        self.part.description = f"{'unit' if is_lstm else 'head'}, 1 to {self.part.max}"

    def _said(self, tokens: int) -> str:
        """What the reader must know about this text; "" for nothing."""
        said = []
        if tokens > TOKENS:
            said.append(
                f"Your text has {tokens} tokens: the model reads the last {TOKENS - 1} here."
            )
        if any("\N{REPLACEMENT CHARACTER}" in word for word in self.words):
            said.append(
                "\N{REPLACEMENT CHARACTER} is a part of a letter: this source has read English "
                "and takes other letters apart into bytes."
            )
        return " ".join(said)

    def scene(self) -> Scene:
        """What is shown now, as plain values."""
        place, head = self.token.value, self.who.model.head
        logits = self.values.logits[place]
        best = np.argsort(-logits, kind="stable")[:SHOWN].tolist()
        actual = self.ids[place + 1 : place + 2]
        wanted = [*best, *actual]
        texts = [token_text(i, self.who.tokenizer) for i in wanted]
        bias = np.zeros_like(logits) if head.bias is None else head.bias.detach().cpu().numpy()
        nexts = following(logits, bias, texts, wanted)
        return Scene(
            words=self.words,
            ids=self.ids,
            vocabulary=len(logits),
            tied=head.weight is self.who.model.body.embedding.weight,
            positions=getattr(self.who.model.body.config, "positions", "none"),
            values=self.values,
            following=nexts[: len(best)],
            actual=nexts[-1] if actual else None,
            step=self.step.value,
            previous=self.before,
            token=place,
            layer=self.layer.value - 1,
            part=self.part.value - 1,
        )

    def _draw(self) -> None:
        if self.changing:
            return
        self.picture.value = page(self.scene())
        self.before = self.step.value
