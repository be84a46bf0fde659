"""Job: one piece of long work at a time, beside the kernel, that can be stopped."""

import threading
from collections.abc import Callable

from kit.errors import KitError

__all__ = ["Job"]


class Job:
    """Runs `work(stopping)` in a thread; `stopping()` tells the work that it should end now.

    A second start while it runs does nothing. What goes wrong is handed to `failed` as a
    sentence, so that it shows inside the widget and not in a log that nobody reads.
    """

    def __init__(self, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[Callable[[], bool]], None]) -> bool:
        """Begin, unless something runs already; whether it began."""
        if self.running:
            return False
        self._stop.clear()
        self._thread = threading.Thread(target=self._guard, args=(work,), daemon=True)
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

    def _guard(self, work: Callable) -> None:
        try:
            work(self._stop.is_set)
        except KitError as error:
            self._failed(str(error))
        except Exception as error:
            self._failed(f"Something broke that should not have: {type(error).__name__}: {error}")
            raise
