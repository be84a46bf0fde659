"""A still picture of a widget, as plain HTML, for pages without a kernel."""

import inspect
from collections.abc import Callable

from kit.guards import guarded_class
from kit.html import FONT, GREY, escape, note

__all__ = ["DEAD", "WIDGET", "Widget", "figure", "mime_bundle", "show", "static"]

CONTROLS = ("Button", "ToggleButton", "FloatProgress", "FileUpload")
"""Controls that a still picture leaves out: they show nothing without a kernel."""

WIDGET = "application/vnd.jupyter.widget-view+json"
DEAD = "Widgets do not live in this page: here is a still picture of what stood here."


def mime_bundle(view) -> dict:
    """MIME type -> content: the widget, or its still picture. A front end shows the first that it
    can; the figures of the still picture load plotly.js from the network."""
    alive = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
    picture = f"{note(DEAD)}{static(view, plotly='cdn')}"
    return {WIDGET: alive, "text/html": picture, "text/plain": DEAD}


def show(view, bundle: dict | None = None) -> None:
    """Display a widget, or its still picture on a page without a kernel.

    bundle: default `mime_bundle(view)`; another one's HTML also takes the still picture's place.
    """
    from IPython.display import display

    from kit.widgets.base.still_picture import StillPicture, page_keeps_pictures

    if page_keeps_pictures():
        StillPicture(view, bundle and bundle["text/html"])
    else:
        display(bundle or mime_bundle(view), raw=True)


class Widget:
    """A widget of the course: it is displayed as its `view`, an ipywidget.

    One that is made with a missing or an unknown argument raises a KitError with the right call.
    """

    def __init_subclass__(cls, **options) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            _, *parameters = inspect.signature(cls.__init__).parameters.values()
            needed = [
                p.name for p in parameters if p.default is p.empty and p.kind != p.VAR_KEYWORD
            ]
            guarded_class(f"{cls.__name__}({', '.join(needed)})")(cls)

    def _ipython_display_(self) -> None:
        show(self.view)


def figure(shown, plotly: str | bool = False) -> str:
    """A plotly figure as HTML. plotly: "cdn" to load plotly.js from the network; by default the
    page must have loaded it."""
    from plotly.io import to_html

    return to_html(
        shown,
        include_plotlyjs=plotly,
        include_mathjax=False,
        full_html=False,
        config={"displayModeBar": False, "responsive": True},
    )


def static(widget, plotly: str | bool = False, draw: Callable = figure) -> str:
    """An ipywidget and its children as HTML: text and figures as they are, controls as
    "name: value", in the same rows and columns. plotly: as in `figure`, which draws the figures
    (default)."""
    name = type(widget).__name__
    if hasattr(widget, "to_plotly_json"):
        return draw(widget, plotly)
    if hasattr(widget, "children"):
        way = "row" if name == "HBox" else "column"
        inner = "".join(static(child, plotly, draw) for child in widget.children)
        return f'<div style="display:flex;flex-direction:{way};gap:.4em">{inner}</div>'
    if name.startswith("HTML"):
        return f"<div>{widget.value}</div>"
    if name in CONTROLS or not hasattr(widget, "value"):
        return ""
    label = getattr(widget, "label", None)
    value = str(widget.value if label is None else label)
    about = f"{widget.description}: " if widget.description else ""
    return f'<div style="font:15px {FONT};color:{GREY}">{escape(about + value)}</div>'
