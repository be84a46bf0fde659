"""The still picture of a displayed widget, kept beside it in the notebook.

A saved notebook has a widget's model id and no widget: JupyterLab then says "model not found". So
`show` displays two outputs: the widget, and its still picture as plain HTML, which a script hides
as long as the widget lives. A sanitized page (an untrusted notebook, GitHub) runs no script and
shows no widget: there the picture stands alone.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from kit.html import escape, note
from kit.widgets.base.static import DEAD, WIDGET, figure, static

__all__ = ["StillPicture", "page_keeps_pictures"]

SCRIPT = Path(__file__).with_name("still_picture.js").read_text(encoding="utf-8")
QUIET = 2.0
"""Seconds without a change after which a picture is renewed."""
LONGEST = 30.0
"""Seconds after which it is renewed although the widget still changes."""
CHANGING = ("value", "children", "picture", "_view_count")
"""The traits that a picture shows; `_view_count` says that a page displays the widget."""
UNDRAWN = "This figure was not drawn before the notebook was saved."
FOLLOWS = "A widget. Its still picture follows."
REMEDY = "Run the notebook to use it."

_CHANGES: dict["StillPicture", tuple[float, float]] = {}
"""Pictures to renew -> the times of their first and of their last change."""
_LOCK = threading.Lock()
_THREADS: list[threading.Thread] = []
"""The thread that renews the pictures, while there are any to renew."""


def page_keeps_pictures() -> bool:
    """Whether the cell is run by a notebook of JupyterLab or of Notebook 7: they alone say with
    each cell whether its time is recorded. Elsewhere a second output would be seen twice."""
    from IPython import get_ipython

    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return "recordTiming" in parent.get("metadata", {})


class StillPicture:
    """Displays a widget and its still picture, and renews the picture when the widget changes."""

    def __init__(self, view, picture: str | None = None) -> None:
        """view: an ipywidget. picture: HTML that stands in its place (default: the widget as it
        last was)."""
        from IPython.display import display

        self.view = view
        self.name = f"kit-still-{uuid.uuid4().hex}"
        self._picture = picture
        self._observed: set[str] = set()
        self._sent = ""
        alive = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
        view._view_count = view._view_count or 0  # the page counts how often it displays the widget
        self._observe()
        display({WIDGET: alive, "text/plain": FOLLOWS}, raw=True)
        self._handle = display(self.bundle(""), raw=True, display_id=True)

    def bundle(self, picture: str) -> dict:
        """MIME type -> content of the second output."""
        html = f'<div id="{self.name}">{picture}</div>\n<script>({SCRIPT})("{self.name}")</script>'
        return {"text/html": html, "text/plain": ""}

    def renew(self) -> None:
        """Send the widget as it stands, once a page has displayed it."""
        self._observe()
        if not self.view._view_count and not self._sent:
            return
        picture = self._picture or self._as_it_stands()
        if picture != self._sent:
            self._sent = picture
            self._handle.update(self.bundle(picture), raw=True)

    def _as_it_stands(self) -> str:
        return f"{note(f'{DEAD} {REMEDY}')}{static(self.view, draw=image)}"

    def _observe(self) -> None:
        """Hear of every change of the widget and of its parts, which may be new ones."""
        for part in parts(self.view):
            if part.model_id not in self._observed:
                self._observed.add(part.model_id)
                part.observe(self._changed, [name for name in CHANGING if part.has_trait(name)])
                if part.has_trait("picture"):
                    part.takes_pictures = True

    def _changed(self, _) -> None:
        now = time.monotonic()
        with _LOCK:
            _CHANGES[self] = (_CHANGES.get(self, (now, now))[0], now)
            if not _THREADS:
                _THREADS.append(threading.Thread(target=_renew_when_quiet, daemon=True))
                _THREADS[0].start()


def parts(view) -> Iterator:
    """A widget and all that it contains."""
    yield view
    for child in getattr(view, "children", ()):
        yield from parts(child)


def image(shown, plotly: str | bool = False) -> str:
    """A live figure as the page has drawn it; another figure as in `static.figure`."""
    if not hasattr(shown, "picture"):
        return figure(shown, plotly)
    if not shown.picture:
        return note(UNDRAWN)
    title = shown.layout.title.text or "figure"
    return f'<img src="{escape(shown.picture)}" alt="{escape(title)}" style="max-width:100%">'


def _renew_when_quiet() -> None:
    """Renew each picture when its widget is quiet; end when none is left."""
    while True:
        time.sleep(QUIET / 4)
        now = time.monotonic()
        with _LOCK:
            due = [
                picture
                for picture, (first, last) in _CHANGES.items()
                if now - last > QUIET or now - first > LONGEST
            ]
            for picture in due:
                del _CHANGES[picture]
            if not due and not _CHANGES:
                _THREADS.clear()
                return
        for picture in due:
            picture.renew()
