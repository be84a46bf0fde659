"""Cross-entropy and squared error, while the answer ŷ is dragged."""

from kit.train.loss_curves import OF
from kit.widgets.base.static import Widget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.loss.loss_curves_figure import HEIGHT, HIGHEST, LOWEST, figure, traces, verdict

__all__ = ["LossCurves"]


class LossCurves(Widget):
    """The widget: drag the answer; choose the argument of the squared error."""

    def __init__(self, answer: float = -2.0) -> None:
        import ipywidgets as w

        self.answer = w.FloatSlider(
            value=answer,
            min=LOWEST,
            max=HIGHEST,
            step=0.1,
            readout_format="+.1f",
            description="the answer ŷ",
            style={"description_width": "initial"},
            layout={"width": "760px"},
        )
        self.of = w.ToggleButtons(
            options=[(text, name) for name, text in OF.items()], style={"button_width": "200px"}
        )
        self.words = w.HTML(verdict(answer))
        self.figure = live(figure(answer))
        fit_page_width(self.figure)
        self.answer.observe(lambda _: self._draw(), "value")
        self.of.observe(lambda _: self._draw(), "value")
        choice = w.HBox([w.Label("squared error of"), self.of])
        self.view = w.VBox([self.answer, choice, self.words, self.figure])

    def _draw(self) -> None:
        answer, of = self.answer.value, self.of.value
        self.words.value = verdict(answer, of)
        with self.figure.batch_update():
            redraw(self.figure, traces(answer, of))
            self.figure.layout.yaxis.range, self.figure.layout.yaxis2.range = HEIGHT[of]
