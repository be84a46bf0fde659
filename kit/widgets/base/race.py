"""A race: several models are trained one update each in turn, live or as a replay."""

import re
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

from kit import results, runtime
from kit.errors import KitError
from kit.experiment import Experiment
from kit.files import load_cached, save_cached
from kit.html import note
from kit.train import Run
from kit.widgets.base.job import Job, JobWidget, handle_while_busy
from kit.widgets.base.shortcut import shortcut
from kit.widgets.base.stoppable import Stopped, score_rows
from kit.widgets.base.style import NAME

__all__ = ["Models", "Race", "recordings"]

PLAY = 6.0
"""Seconds that a replay takes."""
REDRAW = 0.3
"""Seconds between two redraws of the figure during training."""
REPLAYS = "replays"
"""The results file of the recordings that come with the kit."""
FOLDER = "recordings"
"""The folder, in the cache, of the user's own."""
SHIPPED = "recorded for the course"
"""The name of the recording that comes with the kit."""
OWN = "your last training"
"""The name of the recording that was made on this machine."""


class Models(dict):
    """Name -> trained model. A missing name raises a KitError that says what to do."""

    def __missing__(self, name: str):
        raise KitError(
            f"no model {name!r} was trained yet: press “Train both”. A replay has its curves and "
            "scores, but no model."
        )


def own_recording(setting: str) -> Path:
    """The file that holds the last training of this setting on this machine."""
    return runtime.cache_dir() / FOLDER / (re.sub(r"\W+", "-", setting) + ".json")


@cache
def shipped_recordings() -> dict[str, dict]:
    """Setting -> the recording that comes with the kit."""
    return results.load(REPLAYS)["recordings"]


def recordings(setting: str) -> dict[str, dict]:
    """`SHIPPED` and `OWN` -> the recording of this setting, of those that there are. A damaged
    file of one's own is as none, until the next training."""
    known = {}
    if shipped := shipped_recordings().get(setting):
        known[SHIPPED] = shipped
    if own := load_cached(own_recording(setting)):
        known[OWN] = own
    return known


class Race(JobWidget):
    """The base of the widgets that train models live: train, stop, replay.

    A *scene* is the plain data of the figure. A subclass defines
        setting            the name of what is trained, under which it is recorded
        _new_scene()       the scene before training
        _start()           model name -> its training, an iterator of updates; `_check_stop`
                           between parts that take long
        _evaluate()        scores after a complete training, written to the scene's attribute
                           `RESULT`; it scores with `_score`, which *Stop* can end
        _draw()            redraw the figure from the scene
        _conclusion()      the result in one sentence
        _answer()          optional: the answers of the trained models to the user's text
    """

    TRAINING = "Training, one update each in turn. "
    """What the status line says during training."""
    RESULT = "tested"
    """The attribute of the scene that holds the scores after training."""
    NAMES: ClassVar[dict[str, str]] = NAME
    """Model name -> what the status line calls it."""
    AGAIN = ""
    """What the user may do after a training, in one sentence."""

    complete: bool
    """Whether the last training made all its updates: nobody stopped it."""

    def __init__(self, hint: str, label: str = "Train both", *, locks: tuple = ()) -> None:
        """hint: what to do first, shown in the status line. label: of the training button. locks:
        controls that are disabled during training."""
        import ipywidgets as w

        self.hint = hint
        self.models = Models()
        self.experiments: dict[str, Experiment] = {}
        self.training = False
        self.complete = False
        self.cut_short = False
        """Whether the models of the last training have had fewer updates than planned."""
        self._scored = False
        self._replay_wanted = False
        self._stopping = lambda: False
        self._stop_pressed = lambda: False
        self.status = w.HTML()
        self.job = Job(self._work, self._say, label, bar="180px", locks=locks)
        self.replay_button = handle_while_busy(w.Button(description="Replay", icon="history"))
        self.replay_button.layout.flex = "0 0 100px"  # beside a wide row of controls it stays whole
        self.replay_button.on_click(lambda _: self.replay())
        self.which = w.Dropdown(layout={"width": "190px"}, tooltip="which recording Replay shows")
        key = handle_while_busy(shortcut("R", self.replay))
        self.controls = w.HBox([*locks, *self.job.row, self.replay_button, self.which, key])
        self.scene = self._new_scene()
        self._announce()

    def train(self) -> "Race":
        """Train all models from the start; during a training it does nothing."""
        self.job.start()
        return self

    def replay(self) -> "Race":
        """Show the recorded training of this setting in `PLAY` seconds; it ends a live training."""
        if not self.job.start(self._replay):
            self._replay_wanted = self.recorded_training() is not None
        return self

    def recorded_training(self) -> dict | None:
        """The recording of this setting that a replay shows; None where there is none."""
        known = recordings(self.setting)
        return known.get(self.which.value, next(iter(known.values()), None))

    def result(self) -> dict:
        """The scores of the last training or replay. Where the training was stopped, those of the
        recording, which the status line then says. Raises KitError where there are neither."""
        if self._scored:
            return getattr(self.scene, self.RESULT)
        recorded = self.recorded_training()
        if recorded is None:
            raise KitError(
                f"no training of {self.setting} has ended, and none is recorded: press "
                f"“{self.job.button.description}” and let it end."
            )
        return recorded["end"]

    def ask(self) -> None:
        """Let the trained models answer the user's text; during training they answer at its end."""
        if self.models and not self.training:
            self._answer()
            if self.cut_short and hasattr(self, "answer"):
                self.answer.value += note("The models that answer here were stopped early.")

    def _change_setting(self) -> None:
        """Show an empty scene after the user has chosen another setting."""
        self.scene = self._new_scene()
        self._draw()
        self._announce()

    def _announce(self) -> None:
        """Say what to do, and whether this setting has a recording."""
        self._offer_recordings()
        recorded = self.recorded_training()
        if recorded is None:
            self.replay_button.tooltip = "none yet"
            self._say(self.hint)
            return
        tooltip = f"Alt+R: a replay of what was recorded on {recorded['date']}"
        self.replay_button.tooltip = tooltip
        self._say(f"{self.hint} {tooltip}.")

    def _offer_recordings(self) -> None:
        """Put the names of this setting's recordings into their menu, hidden for less than two."""
        names = list(recordings(self.setting))
        chosen = self.which.value
        if list(self.which.options) != names:
            self.which.options = names
            self.which.value = chosen if chosen in names else next(iter(names), None)
        self.which.layout.display = None if len(names) > 1 else "none"
        self.replay_button.disabled = not names

    def _work(self, stopping) -> None:
        self.training = True
        self._stop_pressed = stopping
        self._stopping = lambda: stopping() or self._replay_wanted
        try:
            self._train(stopping)
        finally:
            self.training = False
        if self._replay_wanted:
            self._replay(stopping)
        self.ask()

    def _train(self, stopping) -> None:
        setting = self.setting  # the user may choose another one during the training
        self._replay_wanted = False
        self.scene = self._new_scene()
        self.complete = self._scored = False
        self._say("Preparing …")
        self.experiments = {}
        try:
            unfinished = self._take_turns(self._start(), stopping)
            if not unfinished:
                self._evaluate()
        except Stopped:
            unfinished = True
        if self.scene.runs or not unfinished:  # else the models are still those of before
            self.cut_short = any(run.spent < 1 for run in self.scene.runs.values())
        if self._replay_wanted:
            return
        if unfinished:
            self._say(self._how_far())
            return
        self._finish("")
        self.complete = True
        self._save_recording(setting)

    def _score(self, experiment: Experiment, rows: Iterable[dict], **options) -> dict[str, float]:
        """The scores of an experiment's model on these rows; *Stop* ends it by `Stopped`."""
        return score_rows(experiment, rows, self._stopping, **options)

    def _check_stop(self) -> None:
        """Raise `Stopped` if *Stop* was pressed: for `_start`, between its parts. *Replay* does not
        end it: the models that it prepares answer the user's text during the replay."""
        if self._stop_pressed():
            raise Stopped

    def _how_far(self) -> str:
        """What a stopped training reached, and what the recording reached with all updates."""
        made = ", ".join(
            f"{self.NAMES[name]} {run.updates} of {run.planned} updates in {run.seconds:.0f} s"
            for name, run in self.scene.runs.items()
            if run.updates
        )
        reached = f"Stopped early, without scores ({made or 'no update was made'})."
        recorded = self.recorded_training()
        if recorded is None:
            return reached
        live, runs = self.scene, {name: Run(**run) for name, run in recorded["runs"].items()}
        self.scene = replace(live, runs=runs, **{self.RESULT: recorded["end"]})
        try:
            conclusion = self._conclusion()
        finally:
            self.scene = live
        return (
            f"{reached} Recorded on {recorded['date']}, with all updates: {conclusion} The cells "
            "below use the recorded scores."
        )

    def _take_turns(self, loops: dict, stopping) -> bool:
        """One update of each model in turn until all are trained; True if stopped before."""
        loops = dict(loops)
        drawn = 0.0
        while loops and not stopping() and not self._replay_wanted:
            for name in list(loops):
                if self._stopping():  # an update of a large model takes half a second
                    break
                if next(loops[name], None) is None:
                    del loops[name]
            if time.monotonic() - drawn > REDRAW:
                drawn = time.monotonic()
                self._show_progress(self.TRAINING)
        for loop in loops.values():
            loop.close()
        return bool(loops)

    def _replay(self, stopping) -> None:
        recorded = self.recorded_training()
        if recorded is None:
            raise KitError(
                f"nothing was recorded for {self.setting} yet: train it once, to the end."
            )
        machine = recorded["machine"]
        origin = f"{recorded['date']} ({machine['processor']}, {machine['cores']} cores)"
        prefix = f"Replayed, not trained now: recorded on {origin}. "
        runs = {name: Run(**run) for name, run in recorded["runs"].items()}
        self.scene = self._new_scene()
        began = time.monotonic()
        share = 0.0
        while share < 1 and not stopping():
            share = (time.monotonic() - began) / PLAY
            self.scene.runs = {name: run.until(share) for name, run in runs.items()}
            self._show_progress(prefix)
            time.sleep(0.1)
        self.scene.runs = runs
        setattr(self.scene, self.RESULT, recorded["end"])
        self._finish(prefix, replayed=True)

    def _show_progress(self, prefix: str) -> None:
        self._draw()
        runs = self.scene.runs
        self.job.bar.value = min([run.spent for run in runs.values()], default=0.0)
        progress = [
            f"{self.NAMES[name]}: {run.updates} of {run.planned} updates, {run.seconds:.0f} s"
            for name, run in runs.items()
        ]
        self._say(prefix + " · ".join(progress))

    def _finish(self, prefix: str, replayed: bool = False) -> None:
        self._show_progress(prefix)
        self.job.bar.value = 1.0
        self._scored = True
        self._say(f"{prefix}{self._conclusion()} {self.AGAIN}".rstrip())

    def recording(self) -> dict:
        """The last training as plain data, which a replay shows."""
        return {
            "date": time.strftime("%Y-%m-%d, %H:%M"),
            "machine": runtime.machine(),
            "runs": {name: asdict(run.brief()) for name, run in self.scene.runs.items()},
            "end": getattr(self.scene, self.RESULT),
        }

    def _save_recording(self, setting: str) -> None:
        """Save the recording in the user's cache folder, where it survives the kernel."""
        try:
            save_cached(own_recording(setting), self.recording())
        except OSError as error:
            self._say(f"{self._conclusion()} There will be no replay of it: {error}.")
        if setting == self.setting:
            self._offer_recordings()

    def _answer(self) -> None:
        """Show the answers of the models to the user's text; a widget without a text has none."""
