"""Work beside the kernel, and its buttons: it reports, stops when asked, never runs twice."""

import threading
from collections.abc import Callable, Sequence

from kit.errors import KitError
from kit.widgets.base.static import Shown

__all__ = ["Job", "Work", "Working", "heard"]

Work = Callable[[Callable[[], bool]], None]
"""Called with `stopping`, which tells whether it should end now."""


def heard(control):
    """The control, heard while a cell runs too: its handler must be short, and needs no turn.

    JupyterLab sends what a control says on a subshell, a thread of its own; ipykernel 7.4 hands it
    on to the shell that spoke last for that control, and that is the one that runs the cell.
    """
    if hasattr(control.comm, "_reply_subshell_for"):
        control.comm._reply_subshell_for = lambda data, subshell: subshell
    return control


class Job:
    """Runs `work(stopping)` in a thread; its `row` is a button to begin, one to stop, and a bar.

    A second start while it runs does nothing. What goes wrong is said as a sentence, so that it
    shows inside the widget and not in a log that nobody reads.
    """

    def __init__(
        self,
        work: Work,
        say: Callable[[str, str], None],
        label: str = "Train",
        *,
        icon: str = "play",
        width: str = "160px",
        bar: str = "220px",
        locks: Sequence = (),
    ) -> None:
        """say: shows a sentence, "plain" or "error". locks: controls that wait while it runs."""
        import ipywidgets as w

        self._work, self._say, self._locks = work, say, locks
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.button = w.Button(description=label, icon=icon, button_style="primary")
        self.button.layout.width = width
        self.stop_button = heard(w.Button(description="Stop", icon="stop", disabled=True))
        self.stop_button.layout.width = "100px"
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": bar})
        self.button.on_click(lambda _: self.start())
        self.stop_button.on_click(lambda _: self.stop())
        self.row = [self.button, self.stop_button, self.bar]

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Work | None = None) -> bool:
        """Begin the work, or another one, unless something runs already; whether it began."""
        if self.running:
            return False
        self._stop.clear()
        self._lock(True)
        self._thread = threading.Thread(target=self._guard, args=(work or self._work,), daemon=True)
        self._thread.start()
        return True

    def stop(self) -> None:
        """Ask the work to end; what it has reached stays."""
        self._stop.set()

    def wait(self) -> None:
        """Block until it has ended. The notebook's stop button ends the work, not just the wait."""
        try:
            while self.running:
                self._thread.join(0.1)
        except KeyboardInterrupt:
            self.stop()
            self._thread.join()

    def _lock(self, busy: bool) -> None:
        for control in (self.button, *self._locks):
            control.disabled = busy
        self.stop_button.disabled = not busy

    def _guard(self, work: Work) -> None:
        try:
            work(self._stop.is_set)
        except KitError as error:
            self._say(str(error), "error")
        except Exception as error:
            broken = f"Something broke that should not have: {type(error).__name__}: {error}"
            self._say(broken, "error")
            raise
        finally:
            self._lock(False)


class Working(Shown):
    """A widget with a `job`, which can be waited for."""

    job: Job

    def wait(self):
        """Block until the work has ended, as “run all cells” needs it."""
        self.job.wait()
        return self
