"""Gradient descent on a real loss surface, update by update, by SGD and AdamW."""

import time
from collections.abc import Iterable

from kit.train.loss_surface import Surface, Walker
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.base.static import show
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.loss.descent_figure import (
    NAME,
    RANGE,
    UPDATES,
    Land,
    figure,
    ground,
    titles,
    traces,
)

__all__ = ["Descent", "news"]

RATES = {
    "SGD": (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 40),
    "AdamW": (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2),
}
BEGIN = {"SGD": 5, "AdamW": 0.1}


def news(land: Land, walkers: dict[str, Walker]) -> str:
    """The last update in words."""
    gone = [name for name, walker in walkers.items() if walker.gone]
    if gone:
        return (
            f"{' and '.join(gone)} diverged: each step jumped over the valley and landed higher. "
            f"Plain gradient steps must do so here above 2/λ = {land.limit:.1f}. "
            "Lower the rate, then Reset."
        )
    (name, first), *others = walkers.items()
    updates = len(first.path) - 1
    if not updates:
        return (
            f"The mean loss is {first.means[0]:.4f}, the lowest possible {land.least:.4f}. The "
            "dotted arrow is the next update: drag the rate, then Step. Click on the surface to "
            "start elsewhere, or type where."
        )
    if others:
        heights = [f"{n} {float(land.above(w.means[-1])):.2g}" for n, w in walkers.items()]
        return f"After {updates} updates, height above the minimum: {', '.join(heights)}."
    return f"Update {updates}: {_arithmetic(name, first)} {_warning(land, name, first)}"


def _arithmetic(name: str, walker: Walker) -> str:
    before, after = walker.means[-2:]
    (a, b), (c, d), (e, f) = walker.gradient, *walker.path[-2:]
    how = "Times the rate" if name == "SGD" else "Divided by its usual size, times the rate"
    text = (
        f"the gradient is ({a:+.4f}, {b:+.4f}). {how}, the other way: θ moves by "
        f"({e - c:+.4f}, {f - d:+.4f}). Mean loss {before:.4f} → {after:.4f}."
    )
    return text.replace("-", "−")


def _warning(land: Land, name: str, walker: Walker) -> str:
    if name == "SGD" and walker.rate > land.limit:
        return f"This rate is above 2/λ = {land.limit:.1f}: it cannot settle."
    if walker.batch and walker.means[-1] > walker.means[-2]:
        return f"It rose: {walker.batch} sentences do not speak for all."
    return ""


class Descent(JobWidget):
    """The widget: choose the loss, the batch and the rates; step, run, or click a start."""

    def __init__(
        self,
        rows: Iterable[dict],
        words: tuple[str, str],
        methods: tuple[str, ...] = ("SGD",),
        *,
        batch: int | None = None,
    ) -> None:
        """rows: sentences of `kit.tasks.sentiment`. words: the two words whose weights are θ."""
        rows = list(rows)
        self.lands = {loss: Land(Surface.of(rows, words, loss)) for loss in NAME}
        self.methods, self.seed, self.words = methods, 0, words
        self.job = Job(self._work, self._say, f"Run {UPDATES}", width="120px")
        self._controls(len(rows), batch)
        self._begin(self.land.start)
        self._place()
        self.figure = live(figure(self.land, self.walkers))
        fit_page_width(self.figure)
        self.figure.data[0].on_click(self._click)
        self._observe()
        self._say(news(self.land, self.walkers))

    def _controls(self, n: int, batch: int | None) -> None:
        import ipywidgets as w

        self.loss = w.Dropdown(
            options=[(text, name) for name, text in NAME.items()],
            description="ℓ",
            style={"description_width": "20px"},
            layout={"width": "260px"},
        )
        sizes = sorted({64, 16, batch or 64}, reverse=True)
        self.batch = w.ToggleButtons(
            options=[(f"all {n:,}", 0), *((str(size), size) for size in sizes)],
            value=batch or 0,
            style={"button_width": "90px"},
        )
        self.rates = {
            method: w.SelectionSlider(
                options=[(f"{r:g}", r) for r in RATES[method]],
                value=BEGIN[method],
                description=f"rate η, {method}",
                style={"description_width": "100px"},
                layout={"width": "390px"},
            )
            for method in self.methods
        }
        self.begins = [
            w.BoundedFloatText(
                min=drawn.min(),
                max=drawn.max(),
                step=0.5,
                description=f"start, {word}",
                layout={"width": "170px"},
            )
            for word, drawn in zip(self.words, (self.land.across, self.land.up), strict=True)
        ]
        wide = {"layout": {"width": "120px"}}
        self.step_button = w.Button(description="Step", icon="step-forward", **wide)
        self.reset_button = w.Button(description="Reset", icon="undo", **wide)
        self.status = w.HTML()
        run, stop, _ = self.job.row
        self.buttons = [self.step_button, run, stop, self.reset_button]

    def _observe(self) -> None:
        for control in (self.loss, self.batch):
            control.observe(lambda _: self.reset(), "value")
        for slider in self.rates.values():
            slider.observe(lambda _: self._turn(), "value")
        self.step_button.on_click(lambda _: self.step())
        self.reset_button.on_click(lambda _: self.reset())

    def _ipython_display_(self) -> None:
        import ipywidgets as w

        batch = w.HBox([w.Label("sentences an update"), self.batch])
        rows = [[self.loss, batch], list(self.rates.values()), [*self.buttons, *self.begins]]
        show(w.VBox([*map(w.HBox, rows), self.status, self.figure]))

    @property
    def land(self) -> Land:
        """The surface of the chosen loss."""
        return self.lands[self.loss.value]

    def step(self) -> "Descent":
        """One update of each walker."""
        if not self.job.running:
            self._step()
            self._show()
        return self

    def run(self) -> "Descent":
        """A hundred updates, drawn as they happen; a second click while they run does nothing."""
        self.job.start()
        return self

    def reset(self) -> "Descent":
        """Back to the start, with other batches."""
        self.job.stop()
        self.job.wait()
        self.seed += 1
        self._place()
        new = ground(self.land)
        with self.figure.batch_update():
            self.figure.data[0].update({k: new[k] for k in ("z", "zmax", "customdata")})
            self._show()
        return self

    def _place(self) -> None:
        self.walkers = {
            method: Walker(
                self.land.surface,
                method,
                self.rates[method].value,
                start=self.start,
                batch=self.batch.value or None,
                seed=self.seed,
            )
            for method in self.methods
        }

    def _turn(self) -> None:
        for method, walker in self.walkers.items():
            walker.at(self.rates[method].value)
        if not self.job.running:
            self._show()

    def _click(self, trace, points, state) -> None:
        if points.xs:
            self._begin((points.xs[0], points.ys[0]))
            self.reset()

    def _begin(self, start: tuple[float, float]) -> None:
        """Set the start of the walkers, and show it in the boxes."""
        self.start = start
        for box, value in zip(self.begins, start, strict=True):
            box.unobserve_all("value")
            box.value = round(value, 2)
            box.observe(self._typed, "value")

    def _typed(self, _) -> None:
        self.start = tuple(box.value for box in self.begins)
        self.reset()

    def _step(self) -> None:
        for walker in self.walkers.values():
            walker.step()

    def _work(self, stopping) -> None:
        try:
            drawn = time.monotonic()
            for _ in range(UPDATES):
                if stopping() or all(walker.gone for walker in self.walkers.values()):
                    break
                self._step()
                if time.monotonic() - drawn > 0.1:
                    self._show()
                    drawn = time.monotonic()
                time.sleep(0.02)
        finally:
            self._show()

    def _show(self) -> None:
        done = max(len(walker.path) - 1 for walker in self.walkers.values())
        with self.figure.batch_update():
            redraw(self.figure, traces(self.land, self.walkers), titles(self.land))
            self.figure.layout.xaxis2.range = [0, UPDATES * max(1, -(-done // UPDATES))]
            self.figure.layout.yaxis2.range = RANGE[self.loss.value]
        self._say(news(self.land, self.walkers))
