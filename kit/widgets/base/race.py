"""A race: several models are trained one update each in turn, live or as a replay."""

import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from kit import results, runtime
from kit.errors import KitError
from kit.files import load_cached, save_cached
from kit.train import Run
from kit.widgets.base.job import Job, JobWidget, handle_while_busy
from kit.widgets.base.shortcut import shortcut
from kit.widgets.base.style import NAME

__all__ = ["Models", "Race", "recording"]

PLAY = 6.0
"""Seconds that a replay takes."""
REDRAW = 0.3
"""Seconds between two redraws of the figure during training."""
REPLAYS = "replays"
"""The results file of the recordings that come with the kit."""
OWN = "recordings"
"""The folder, in the cache, of the user's own."""


class Models(dict):
    """Name -> trained model. A missing name raises a KitError that says what to do."""

    def __missing__(self, name: str):
        raise KitError(
            f"no model {name!r} was trained yet: press “Train both”. A replay has its curves and "
            "scores, but no model."
        )


def own_recording(setting: str) -> Path:
    """The file that holds the last training of this setting on this machine."""
    return runtime.cache_dir() / OWN / (re.sub(r"\W+", "-", setting) + ".json")


def recording(setting: str) -> dict | None:
    """The last training of this setting on this machine, or else the recording that comes with the
    kit; None if there is neither. A damaged file is as none, until the next training."""
    own = load_cached(own_recording(setting))
    return results.load(REPLAYS)["recordings"].get(setting) if own is None else own


class Race(JobWidget):
    """The base of the widgets that train models live: train, stop, replay.

    A *scene* is the plain data of the figure. A subclass defines
        setting            the name of what is trained, under which it is recorded
        _new_scene()       the scene before training
        _start()           model name -> its training, an iterator of updates
        _evaluate()        scores after training, written to the scene's attribute `RESULT`
        _draw()            redraw the figure from the scene
        _conclusion()      the result in one sentence
        _answer()          optional: the answers of the trained models to the user's text
    """

    TRAINING = "Training, one update each in turn. "
    """What the status line says during training."""
    ONLY_COMPLETE = False
    """Whether a training that was stopped is discarded, without scores."""
    RESULT = "tested"
    """The attribute of the scene that holds the scores after training."""
    NAMES: ClassVar[dict[str, str]] = NAME
    """Model name -> what the status line calls it."""

    def __init__(self, hint: str, label: str = "Train both", *, locks: tuple = ()) -> None:
        """hint: what to do first, shown in the status line. label: of the training button. locks:
        controls that are disabled during training."""
        import ipywidgets as w

        self.hint = hint
        self.models = Models()
        self.training = False
        self._replay_wanted = False
        self.status = w.HTML()
        self.job = Job(self._work, self._say, label, bar="180px", locks=locks)
        self.replay_button = handle_while_busy(w.Button(description="Replay", icon="history"))
        self.replay_button.layout.width = "100px"
        self.replay_button.on_click(lambda _: self.replay())
        key = handle_while_busy(shortcut("R", self.replay))
        self.controls = w.HBox([*locks, *self.job.row, self.replay_button, key])
        self.scene = self._new_scene()
        self._announce()

    def train(self) -> "Race":
        """Train all models from the start; during a training it does nothing."""
        self.job.start()
        return self

    def replay(self) -> "Race":
        """Show the recorded training of this setting in `PLAY` seconds; it ends a live training."""
        if not self.job.start(self._replay):
            self._replay_wanted = recording(self.setting) is not None
        return self

    def ask(self) -> None:
        """Let the trained models answer the user's text; during training they answer at its end."""
        if self.models and not self.training:
            self._answer()

    def _change_setting(self) -> None:
        """Show an empty scene after the user has chosen another setting."""
        self.scene = self._new_scene()
        self._draw()
        self._announce()

    def _announce(self) -> None:
        """Say what to do, and whether this setting has a recording."""
        recorded = recording(self.setting)
        self.replay_button.disabled = recorded is None
        if recorded is None:
            self.replay_button.tooltip = "none yet"
            self._say(self.hint)
            return
        tooltip = f"Alt+R: a replay of what was recorded on {recorded['date']}"
        self.replay_button.tooltip = tooltip
        self._say(f"{self.hint} {tooltip}.")

    def _work(self, stopping) -> None:
        self.training = True
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
        unfinished = self._take_turns(self._start(), stopping)
        if self._replay_wanted:
            return
        if unfinished and self.ONLY_COMPLETE:
            self._say("Stopped: this is not in the figure.")
            return
        self._evaluate()
        self._finish("Stopped early. " if unfinished else "")
        if not unfinished:
            self._save_recording(setting)

    def _take_turns(self, loops: dict, stopping) -> bool:
        """One update of each model in turn until all are trained; True if stopped before."""
        loops = dict(loops)
        drawn = 0.0
        while loops and not stopping() and not self._replay_wanted:
            for name in list(loops):
                if next(loops[name], None) is None:
                    del loops[name]
            if time.monotonic() - drawn > REDRAW:
                drawn = time.monotonic()
                self._show_progress(self.TRAINING)
        for loop in loops.values():
            loop.close()
        return bool(loops)

    def _replay(self, stopping) -> None:
        recorded = recording(self.setting)
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
            f"{self.NAMES[name]}: {run.updates} updates, {run.seconds:.0f} s"
            for name, run in runs.items()
        ]
        self._say(prefix + " · ".join(progress))

    def _finish(self, prefix: str, replayed: bool = False) -> None:
        self._show_progress(prefix)
        self.job.bar.value = 1.0
        self._say(prefix + self._conclusion())

    def recording(self) -> dict:
        """The last training as plain data, which a replay shows."""
        return {
            "date": time.strftime("%d %B %Y, %H:%M"),
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
        self.replay_button.disabled = False

    def _answer(self) -> None:
        """Show the answers of the models to the user's text; a widget without a text has none."""
