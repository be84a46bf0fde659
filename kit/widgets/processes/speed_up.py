"""Predict what a second process is worth, then start it: one update, timed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kit import runtime
from kit.display_names import name_options
from kit.errors import KitError
from kit.files import temporary_folder
from kit.html import FONT
from kit.sources.builtin import ENGLISH
from kit.train.launch import lines_of
from kit.train.scaling import fit_line, update_seconds
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.processes.speed_up_figure import Scene, figure, message, traces

__all__ = ["SpeedUp"]

WORKER = "kit.experiments.processes_worker"
"""The program of each process: `python -m` starts it."""
STRATEGIES = ("full", "lora", "frozen")
BATCHES, COUNTS = (24, 48, 96), (2, 3, 4)
"""Sentences of an update, and processes: each has the same number of sentences."""
NUMBER = 4
"""Bytes of a number of the gradient."""


class SpeedUp(JobWidget):
    """The widget: a prediction by hand, a button that starts the processes, three bars."""

    def __init__(
        self, rows: Sequence[dict], source: str = "transformer_encoder", batch: int = 48
    ) -> None:
        """rows: labelled film reviews of about one length. source: the name of one that comes with
        the kit. batch: examples of an update, by all processes together."""
        import ipywidgets as w

        if not rows:
            raise KitError("there are no rows: give some labelled film reviews.")
        if batch not in BATCHES:
            raise KitError(f"batch={batch!r} is none of {', '.join(map(str, BATCHES))}.")
        if source not in ENGLISH:
            raise KitError(f"source {source!r} is unknown: choose one of {', '.join(ENGLISH)}.")
        self.rows, self.source = list(rows), source
        wide = {"description_width": "initial"}
        self.strategy = w.Dropdown(
            options=name_options(STRATEGIES),
            value="full",
            description="strategy:",
            style=wide,
            layout={"width": "220px"},
        )
        self.batch = w.Dropdown(options=BATCHES, value=batch, description="sentences:", style=wide)
        self.processes = w.Dropdown(options=COUNTS, description="processes:", style=wide)
        self.batch.layout.width = self.processes.layout.width = "180px"
        self.guess = w.FloatSlider(
            value=1.0,
            min=0.25,
            max=4,
            step=0.05,
            description="I say, times as fast:",
            style=wide,
            layout={"width": "460px"},
        )
        controls = [self.strategy, self.batch, self.processes]
        self.job = Job(self._work, self._say, "Start the processes", width="200px", locks=controls)
        self.status, self.said = w.HTML(), w.HTML()
        self.scene = Scene(2, 1.0)
        self.figure = live(figure(self.scene))
        fit_page_width(self.figure)
        for control in (*controls, self.guess):
            control.observe(lambda _: self._reset(), "value")
        rows_of_controls = (controls, [self.guess], self.job.row)
        boxes = [w.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows_of_controls]
        self.view = w.VBox([*boxes, self.status, self.said, self.figure])
        self._say("Set the slider to your prediction, then start.")

    def choose(self, strategy: str) -> "SpeedUp":
        """Take this strategy. Raises KitError for another one than those of the menu."""
        if strategy not in STRATEGIES:
            raise KitError(f"{strategy!r} is none of {', '.join(STRATEGIES)}.")
        self.strategy.value = strategy
        return self

    def start(self) -> "SpeedUp":
        """Press the button."""
        self.job.start()
        return self

    def _reset(self) -> None:
        """Another choice makes what was measured a thing of the past; a later guess does not count
        for it."""
        if not self.job.running:
            self._show(Scene(self.processes.value, self.guess.value))

    def _show(self, scene: Scene) -> None:
        self.scene = scene
        told = message(scene)
        redraw(self.figure, traces(scene))
        self.said.value = f'<div style="font:17px/1.5 {FONT};max-width:56em">{told}</div>'

    def _work(self, stopping: Callable[[], bool]) -> None:
        n, batch = self.processes.value, self.batch.value
        self._show(Scene(n, self.guess.value))
        self.job.bar.value = 0
        with temporary_folder() as folder:
            path = Path(folder) / "rows.json"
            path.write_text(json.dumps(self.rows), encoding="utf-8")
            program = ["-m", WORKER, path, self.source, self.strategy.value]
            share = batch // n
            self._say(f"One process computes {batch} sentences, then {share} …")
            one = self._lines([*program, batch, share], 1, stopping)
            if batch in one and share in one:
                alone, part = one[batch], one[share]
                self._show(replace(self.scene, one=alone["seconds"]))
                self._say(f"{n} processes start, and sum numbers …")
                self._together([*program, batch], n, stopping, alone, part)
        if self.scene.measured is None:
            self._say("Stopped before the end: press the button to start again.")
        else:
            self.job.bar.value = 1
            self._say("Done.")

    def _together(self, program: list, n: int, stopping, alone: dict, part: dict) -> None:
        """Start n processes: predict from their all-reduces, then time their updates."""
        for line in map(json.loads, lines_of(program, n, stopping=stopping)):
            self.job.bar.value = min(1, self.job.bar.value + 0.2)
            if "all_reduce" in line:
                latency, bandwidth = fit_line(*zip(*line["all_reduce"], strict=True))
                facts = {"latency": latency, "bandwidth": bandwidth, "cores": runtime.cores()}
                alone_share = update_seconds(part["seconds"], 0, n, **facts | {"latency": 0.0})
                whole = update_seconds(part["seconds"], NUMBER * part["trained"], n, **facts)
                predicted = {"share": alone_share, "sums": whole - alone_share}
                self._show(replace(self.scene, **predicted))
                self._say(f"The prediction stands. {n} processes train …")
            elif "batch" in line:
                apart = max(
                    abs(a - b) / a for a, b in zip(alone["losses"], line["losses"], strict=True)
                )
                self._show(replace(self.scene, measured=line["seconds"], apart=apart))

    def _lines(self, program: list, n: int, stopping: Callable[[], bool]) -> dict[int, dict]:
        found = {}
        for line in map(json.loads, lines_of(program, n, stopping=stopping)):
            self.job.bar.value = min(1, self.job.bar.value + 0.2)
            if "batch" in line:
                found[line["batch"]] = line
        return found
