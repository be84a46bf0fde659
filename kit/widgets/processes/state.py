"""Memory of a training by the formula: choose a model, a strategy, processes and a machine."""

from kit.display_names import name_options
from kit.html import FONT
from kit.widgets.base.static import Widget
from kit.widgets.base.style import KEYS, fit_page_width, live, redraw
from kit.widgets.processes.state_figure import CARDS, MODELS, WAYS, figure, message, traces

__all__ = ["TrainingMemory"]

COUNTS = (1, 2, 4, 8, 16, 32, 64)


class TrainingMemory(Widget):
    """The widget: four choices, two bars, and a sentence that says what fits."""

    def __init__(self, model: str = "MiniLM", processes: int = 2) -> None:
        import ipywidgets as w

        def menu(options, value, description, width="250px"):
            return w.Dropdown(
                options=options,
                value=value,
                description=description,
                style={"description_width": "initial"},
                layout={"width": width},
            )

        self.model = menu(name_options(MODELS), model, "model:")
        self.way = menu(name_options(WAYS), "full", "strategy:", "210px")
        self.processes = menu(COUNTS, processes, "processes:", "170px")
        self.card = menu(name_options(CARDS), next(iter(CARDS)), "memory of each:", "260px")
        self.controls = [self.model, self.way, self.processes, self.card]
        self.said = w.HTML()
        self.figure = live(figure(*self._chosen()))
        fit_page_width(self.figure)
        for control in self.controls:
            control.observe(lambda _: self._draw(), "value")
        row = w.HBox(self.controls, layout={"flex_flow": "row wrap"})
        self.view = w.VBox([row, self.said, self.figure])
        self._draw()

    def _chosen(self) -> list:
        return [control.value for control in self.controls]

    def _draw(self) -> None:
        redraw(self.figure, traces(*self._chosen()), keys=(*KEYS, "name"))
        told = message(*self._chosen())
        self.said.value = f'<div style="font:17px/1.5 {FONT};max-width:56em">{told}</div>'
