"""A plotly figure as a widget. All figures of a page share one copy of plotly's code."""

import base64
import gzip
import time
import uuid
from pathlib import Path

import ipywidgets
import plotly
import plotly.graph_objects as go
from plotly.serializers import custom_serializers
from traitlets import Bool, Dict, Integer, List, Unicode

from kit.widgets.base.static import show

__all__ = ["Library", "LiveFigure", "library"]

SCRIPT = "\n".join(
    Path(__file__).with_name(name).read_text(encoding="utf-8")
    for name in ("plotly_picture.js", "plotly_widget.js")
)
PAUSE = 10.0
"""Seconds after which the library is sent to a page again, if that is asked for."""

_LIBRARIES: list["Library"] = []
"""The holder of the library in this kernel, once there is a figure."""


class Library(ipywidgets.Widget):
    """Holds the code of plotly's own widget for the figures of one kernel; it has no view."""

    code = Unicode().tag(sync=True)
    """JavaScript: gzip, then base64, because not every widget manager passes bytes on."""


def library() -> Library:
    """The holder of this kernel; the first call takes a quarter of a second."""
    if not _LIBRARIES or _LIBRARIES[0].comm is None:
        code = gzip.compress(str(go.FigureWidget._esm).encode(), compresslevel=1)
        _LIBRARIES[:] = [Library(code=base64.b64encode(code).decode())]
    return _LIBRARIES[0]


def _now(value, figure: "LiveFigure"):
    """Serialize the figure's data as it is now; plotly's own widget sends what it began with."""
    return custom_serializers["to_json"](figure._data, figure)


def _layout_now(value, figure: "LiveFigure"):
    return custom_serializers["to_json"](figure._layout_obj._props, figure)


class LiveFigure(go.FigureWidget):
    """plotly's FigureWidget, without a copy of plotly's code for each figure.

    Its script takes the code from the page, or from the kernel's `Library`, or asks for it. A page
    that has seen fewer edits than Python made (a message was lost) asks for the whole state.
    """

    _esm = SCRIPT
    _widget_data = List().tag(sync=True, from_json=custom_serializers["from_json"], to_json=_now)
    _widget_layout = Dict().tag(
        sync=True, from_json=custom_serializers["from_json"], to_json=_layout_now
    )
    _own_id = Unicode().tag(sync=True)
    _library_version = Unicode(plotly.__version__).tag(sync=True)
    _library_holder = Unicode().tag(sync=True)
    _times_sent = Integer(0).tag(sync=True)
    """How often the whole state was sent again; the page then draws again."""
    takes_pictures = Bool(False).tag(sync=True)
    """Whether the page is to send a still picture each time that the figure has come to rest."""
    picture = Unicode()
    """The last of them, as a data address; empty before the first."""
    _sent_library_at = -PAUSE
    _complete = False

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.on_msg(self._answer)
        self._library_holder = library().model_id
        self._own_id = self._model_id = uuid.uuid4().hex
        self._complete = True
        self.open()

    def open(self) -> None:
        """Tell the page of this figure once it is complete, so that no view finds it empty."""
        if self._complete:
            super().open()

    def _answer(self, _, content: dict, buffers: list) -> None:
        """Answer what the page asks for (the library, the number of edits, the whole state), and
        keep the picture that it sends."""
        match content.get("kind"):
            case "library":
                self._send_library()
            case "edits":
                edits = [self._last_trace_edit_id, self._last_layout_edit_id]
                self.send({"edits": [len(self._data), *edits]})
            case "state":
                self._send_again()
            case "picture":
                self.picture = content["picture"]

    def _ipython_display_(self) -> None:
        show(self)

    def _send_library(self) -> None:
        # Questions of a page wait while a cell runs: many may come at once.
        if time.monotonic() - LiveFigure._sent_library_at > PAUSE:
            self.send({"library": library().code})
            LiveFigure._sent_library_at = time.monotonic()

    def _send_again(self) -> None:
        state = ["_widget_data", "_widget_layout", "_config"]
        self.send_state([*state, "_last_trace_edit_id", "_last_layout_edit_id"])
        self._times_sent += 1
