"""A word to whoever waits: a line of status while a control's work takes longer than expected."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kit.html import note

__all__ = ["AFTER", "THINKING", "thinking"]

AFTER = 0.08
"""Seconds of work before something is said: what is faster needs no word."""
THINKING = note("Thinking …")


@contextmanager
def thinking(status, after: float = AFTER) -> Iterator[None]:
    """Context of work that a control waits for: `status`, an ipywidgets HTML, says “Thinking …”
    once the work has taken `after` seconds (default: 0.08), and its old text at the end."""
    before, ended = status.value, threading.Event()
    lock = threading.Lock()

    def wait() -> None:
        if ended.wait(after):
            return
        with lock:
            if not ended.is_set():
                status.value = THINKING

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            ended.set()
            if status.value == THINKING:
                status.value = before
