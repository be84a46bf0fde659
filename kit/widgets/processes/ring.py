"""A ring all-reduce, step by step: how processes sum their gradients without a centre."""

from kit.html import FONT
from kit.train.scaling import ring_bytes
from kit.widgets.base.static import Widget
from kit.widgets.processes.ring_figure import LARGEST, drawing, steps

__all__ = ["Ring"]

ADD = "each process sends one part to the right, and the neighbour adds it to its own"
PASS = "each process sends a whole sum to the right, and the neighbour keeps it"


class Ring(Widget):
    """The widget: a slider for the step, and one for the number of processes."""

    def __init__(self, processes: int = 4, size: float = 90.3) -> None:
        """size: of the gradient, in MB."""
        import ipywidgets as w

        self.size = size
        wide = {"description_width": "initial"}
        self.processes = w.IntSlider(
            value=processes,
            min=2,
            max=LARGEST,
            description="processes:",
            style=wide,
            layout={"width": "340px"},
        )
        self.step = w.IntSlider(
            value=0,
            max=steps(processes),
            description="step:",
            style=wide,
            layout={"width": "420px"},
        )
        self.said, self.picture = w.HTML(), w.HTML()
        self.processes.observe(lambda _: self._resize(), "value")
        self.step.observe(lambda _: self._draw(), "value")
        controls = w.HBox([self.processes, self.step], layout={"flex_flow": "row wrap"})
        self.view = w.VBox([controls, self.said, self.picture])
        self._draw()

    def _resize(self) -> None:
        self.step.max = steps(self.processes.value)  # ipywidgets takes the value down with it
        self._draw()

    def _draw(self) -> None:
        n, step = self.processes.value, self.step.value
        self.picture.value = drawing(n, step)
        part, last = self.size / n, steps(n)
        if not step:
            what = "each process has the gradient of its own examples, cut into parts"
        else:
            what = f"{ADD if step < n else PASS}"
        total = ring_bytes(self.size, n)
        sent = f"Sent so far by each: {step} × {part:.1f} MB = {step * part:.1f} MB"
        told = f"<b>Step {step} of {last}</b>: {what}. {sent} (in all {total:.1f} MB)."
        self.said.value = f'<div style="font:17px/1.5 {FONT};max-width:56em">{told}</div>'
