"""Work in a background thread, with its buttons: it reports, it can be stopped, it runs once."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from kit.errors import KitError
from kit.html import note
from kit.interrupts import held
from kit.memory import ran_out, release_memory
from kit.widgets.base.static import Widget

__all__ = ["Job", "JobWidget", "Work", "handle_while_busy"]

Work = Callable[[Callable[[], bool]], None]
"""A function of `stopping`, which returns True when the work should end."""


NO_MEMORY = (
    "The memory was not enough for this. Choose fewer labels or a smaller source, shut down other "
    "notebooks, or restart the kernel: that frees what earlier trainings have left."
)


def handle_while_busy(control):
    """Let a control's handler, which must be short, be called also while a cell runs.

    JupyterLab sends a control's messages on a subshell, which is a thread of its own. ipykernel 7.4
    passes them on to the shell that last used the control, which is the one that runs the cell.
    """
    if hasattr(control.comm, "_reply_subshell_for"):
        control.comm._reply_subshell_for = lambda data, subshell: subshell
    return control


class Job:
    """Runs `work(stopping)` in a thread. `row`: a start button, a stop button, a progress bar.

    A second start during the work does nothing. An error is shown as a sentence inside the widget,
    because nobody reads the log of a thread.
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
        """say: shows a sentence, "plain" or "error". locks: controls disabled during the work."""
        import ipywidgets as w

        self._work, self._say, self._locks = work, say, locks
        # Not the thread's own `is_alive`: Python 3.11 takes a thread for ended whose `join` was
        # interrupted, and a second training would begin beside the first.
        self._running = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.button = w.Button(description=label, icon=icon, button_style="primary")
        self.button.layout.width = width
        self.stop_button = handle_while_busy(
            w.Button(description="Stop", icon="stop", disabled=True)
        )
        self.stop_button.layout.width = "100px"
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": bar})
        self.button.on_click(lambda _: self.start())
        self.stop_button.on_click(lambda _: self.stop())
        self.row = [self.button, self.stop_button, self.bar]

    @property
    def running(self) -> bool:
        """Whether the work is running."""
        return self._running.is_set()

    def start(self, work: Work | None = None) -> bool:
        """Start the work, or another one; False if something is running already.

        Work that was told to stop and has not ended yet ends first.
        """
        if self.running and not self._stop.is_set():
            return False
        with held():
            stop, before = threading.Event(), self._thread if self.running else None
            self._stop = stop
            self._running.set()
            self._lock(True)
            self._thread = threading.Thread(
                target=self._guard, args=(work or self._work, stop, before), daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError:  # the system has no more threads
                self._end()
                raise
        return True

    def stop(self) -> None:
        """Ask the work to end; its results so far are kept."""
        with held():
            self._stop.set()

    def wait(self) -> None:
        """Block until the work has ended. The notebook's stop button ends the work too; pressed
        again, it does not wait for the end of a step that takes long."""
        try:
            while self.running:
                time.sleep(0.05)
        except KeyboardInterrupt:
            self.stop()
            while self.running:
                time.sleep(0.05)

    def _end(self) -> None:
        self._lock(False)
        self._running.clear()

    def _lock(self, busy: bool) -> None:
        for control in (self.button, *self._locks):
            control.disabled = busy
        self.stop_button.disabled = not busy

    def _guard(self, work: Work, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        try:
            work(stop.is_set)
        except KitError as error:
            self._say(str(error), "error")
        except Exception as error:
            if ran_out(error):
                self._say(NO_MEMORY, "error")
                return
            self._say(f"An unexpected error: {type(error).__name__}: {error}", "error")
            raise
        finally:
            release_memory()
            if self._stop is stop:  # else the next work has begun already
                self._end()


class JobWidget(Widget):
    """A widget with a background job and a line of status."""

    job: Job
    status: Any
    """An ipywidgets HTML: the line of status."""

    def wait(self):
        """Block until the work has ended, so that “run all cells” gets its results."""
        self.job.wait()
        return self

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
