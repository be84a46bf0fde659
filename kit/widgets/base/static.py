"""A widget as a picture: plain HTML of what it shows now, for where no widget lives."""

from html import escape

from kit.html import FONT, GREY, note

__all__ = ["Shown", "figure", "kinds", "show", "static"]

CONTROLS = ("Button", "ToggleButton", "FloatProgress", "FileUpload")
"""What says nothing where nobody can press it."""


DEAD = "Widgets do not live in this page: here is a still picture of what stood here."


def kinds(view) -> dict:
    """What a front end may show of a widget, by MIME type, and it takes the first that it can: the
    widget, or else its still picture (whose figures ask the network for plotly.js)."""
    alive = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
    picture = f"{note(DEAD)}{static(view, plotly='cdn')}"
    widget = "application/vnd.jupyter.widget-view+json"
    return {widget: alive, "text/html": picture, "text/plain": DEAD}


def show(view) -> None:
    """Display a widget, or its still picture where no widget lives."""
    from IPython.display import display

    display(kinds(view), raw=True)


class Shown:
    """What is displayed as its `view`, an ipywidget."""

    def _ipython_display_(self) -> None:
        show(self.view)


def figure(shown, plotly: str | bool = False) -> str:
    """A plotly figure as a piece of HTML. plotly: "cdn" to have it load plotly.js; else the page
    must have done so."""
    from plotly.io import to_html

    return to_html(
        shown,
        include_plotlyjs=plotly,
        include_mathjax=False,
        full_html=False,
        config={"displayModeBar": False, "responsive": True},
    )


def static(widget, plotly: str | bool = False) -> str:
    """HTML of an ipywidget and of all that is in it: text and figures as they are, controls as
    "name: value", in rows and columns as they stand. plotly: as in `figure`."""
    name = type(widget).__name__
    if hasattr(widget, "to_plotly_json"):
        return figure(widget, plotly)
    if hasattr(widget, "children"):
        way = "row" if name == "HBox" else "column"
        inner = "".join(static(child, plotly) for child in widget.children)
        return f'<div style="display:flex;flex-direction:{way};gap:.4em">{inner}</div>'
    if name.startswith("HTML"):
        return f"<div>{widget.value}</div>"
    if name in CONTROLS or not hasattr(widget, "value"):
        return ""
    label = getattr(widget, "label", None)
    value = str(widget.value if label is None else label)
    about = f"{widget.description}: " if widget.description else ""
    return f'<div style="font:15px {FONT};color:{GREY}">{escape(about + value)}</div>'
