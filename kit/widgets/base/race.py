"""Models that learn an update each in turn, before everybody's eyes, and the same from a record."""

import json
import re
import time
from dataclasses import asdict
from pathlib import Path

from kit import results, runtime
from kit.errors import KitError
from kit.html import note
from kit.train import Run
from kit.widgets.base.job import Job, Working, heard
from kit.widgets.base.shortcut import shortcut
from kit.widgets.base.style import NAME

__all__ = ["Models", "Race", "recording"]

PLAY = 6.0
"""Seconds that a replay takes."""
REPLAYS = "replays"


class Models(dict):
    """Name -> model; what is not there was not trained yet, and says so."""

    def __missing__(self, name: str):
        raise KitError(
            f"no model {name!r} was trained yet: press “Train both”. A replay has its curves and "
            "scores, but no model."
        )


def own(what: str) -> Path:
    """The file of what was last trained here."""
    return runtime.cache_dir() / REPLAYS / (re.sub(r"\W+", "-", what) + ".json")


def recording(what: str) -> dict | None:
    """What was last trained here, or else what came with the kit; None if neither is there."""
    if own(what).is_file():
        return json.loads(own(what).read_text(encoding="utf-8"))
    return results.load(REPLAYS)["recordings"].get(what)


class Race(Working):
    """What the widgets share in which models learn before everybody's eyes: train, stop, replay.

    A widget gives `what` (the setting that a recording is of), `_scene()` (before training),
    `_begin()` (the models' loops, from the start), `_judge()` (the end of the scene), `_draw()`,
    `_verdict()` (the scene's end in a sentence), and `_answer()`, where somebody can ask: a box
    then calls `ask()`.
    """

    DOING = "Training, one update each in turn. "
    WHOLE = False
    """Whether a training that was stopped counts for nothing."""

    END = "tested"
    """What of a scene is known in the end alone."""
    NAMES = NAME
    """What it calls the models."""

    def __init__(self, hint: str, label: str = "Train both", *, locks: tuple = ()) -> None:
        """hint: what to do, said at first. label: of the button. locks: controls that wait while
        the models learn."""
        import ipywidgets as w

        self.hint, self.models, self._skip, self.learning = hint, Models(), False, False
        self.status = w.HTML()
        self.job = Job(self._work, self._say, label, bar="180px", locks=locks)
        self.replay_button = heard(w.Button(description="Replay", icon="history"))
        self.replay_button.layout.width = "100px"
        self.replay_button.on_click(lambda _: self.replay())
        key = heard(shortcut("R", self.replay))
        self.controls = w.HBox([*locks, *self.job.row, self.replay_button, key])
        self.scene = self._scene()
        self._offer()

    def train(self) -> "Race":
        """Train all from the start; a second click while they learn changes nothing."""
        self.job.start()
        return self

    def replay(self) -> "Race":
        """Show in some seconds how such a training went; one that is under way ends for it."""
        if not self.job.start(self._play):
            self._skip = recording(self.what) is not None
        return self

    def ask(self) -> None:
        """Let the models answer; while they learn nothing is said, but they do at its end."""
        if self.models and not self.learning:
            self._answer()

    def _choose(self) -> None:
        """Another setting: an empty scene, and its own replay."""
        self.scene = self._scene()
        self._draw()
        self._offer()

    def _offer(self) -> None:
        """A replay, where there is one."""
        found = recording(self.what)
        self.replay_button.disabled = found is None
        there = f"Alt+R: a replay of what was recorded on {found['date']}" if found else "none yet"
        self.replay_button.tooltip = there
        self._say(f"{self.hint} {there}." if found else self.hint)

    def _work(self, stopping) -> None:
        self.learning = True
        try:
            self._train(stopping)
        finally:
            self.learning = False
        if self._skip:
            self._play(stopping)
        self.ask()

    def _train(self, stopping) -> None:
        self._skip, drawn, what = False, 0.0, self.what  # as it was chosen when it began
        self.scene = self._scene()
        loops = self._begin()
        while loops and not stopping() and not self._skip:
            for name in list(loops):
                if next(loops[name], None) is None:
                    del loops[name]
            if time.monotonic() - drawn > 0.3:
                drawn = time.monotonic()
                self._show(self.DOING)
        for loop in loops.values():
            loop.close()
        if self._skip:
            return
        if loops and self.WHOLE:
            self._say("Stopped: this is not in the figure.")
            return
        self._judge()
        self._end("Stopped early. " if loops else "")
        if not loops:
            self._keep(what)

    def _play(self, stopping) -> None:
        found = recording(self.what)
        if found is None:
            raise KitError(f"nothing was recorded for {self.what} yet: train it once, to the end.")
        where = f"{found['machine']['processor']}, {found['machine']['cores']} cores"
        about = f"Replayed, not trained now: recorded on {found['date']} ({where}). "
        runs = {name: Run(**run) for name, run in found["runs"].items()}
        self.scene, share, began = self._scene(), 0.0, time.monotonic()
        while share < 1 and not stopping():
            share = (time.monotonic() - began) / PLAY
            self.scene.runs = {name: run.until(share) for name, run in runs.items()}
            self._show(about)
            time.sleep(0.1)
        self.scene.runs = runs
        setattr(self.scene, self.END, found["end"])
        self._end(about, replayed=True)

    def _show(self, about: str) -> None:
        self._draw()
        runs = self.scene.runs
        self.job.bar.value = min([run.spent for run in runs.values()], default=0.0)
        said = (f"{self.NAMES[n]}: {r.updates} updates, {r.seconds:.0f} s" for n, r in runs.items())
        self._say(about + " · ".join(said))

    def _end(self, about: str, replayed: bool = False) -> None:
        self._show(about)
        self.job.bar.value = 1.0
        self._say(about + self._verdict())

    def recording(self) -> dict:
        """What a replay needs, as plain data."""
        return {
            "date": time.strftime("%d %B %Y, %H:%M"),
            "machine": runtime.machine(),
            "runs": {name: asdict(run.brief()) for name, run in self.scene.runs.items()},
            "end": getattr(self.scene, self.END),
        }

    def _keep(self, what: str) -> None:
        """The recording goes to the user's own folder: it outlives the kernel."""
        try:
            runtime.write_json(own(what), self.recording())
        except OSError as error:
            self._say(f"{self._verdict()} There will be no replay of it: {error}.")
        self.replay_button.disabled = False

    def _answer(self) -> None:
        """Let the models answer what stands in the widget's box, where it has one."""

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
