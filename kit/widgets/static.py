"""A widget as a picture: plain HTML of what it shows now, for pages without a kernel."""

from html import escape

from kit.widgets.style import FONT

__all__ = ["figure", "static"]

CONTROLS = ("Button", "ToggleButton", "FloatProgress", "FileUpload")
"""What says nothing where nobody can press it."""


def figure(shown) -> str:
    """A plotly figure as a piece of HTML; the page must have loaded plotly.js itself."""
    from plotly.io import to_html

    return to_html(
        shown,
        include_plotlyjs=False,
        include_mathjax=False,
        full_html=False,
        config={"displayModeBar": False, "responsive": True},
    )


def static(widget) -> str:
    """HTML of an ipywidget and of all that is in it: text and figures as they are, controls as
    "name: value", in rows and columns as they stand."""
    name = type(widget).__name__
    if hasattr(widget, "to_plotly_json"):
        return figure(widget)
    if hasattr(widget, "children"):
        way = "row" if name == "HBox" else "column"
        inner = "".join(static(child) for child in widget.children)
        return f'<div style="display:flex;flex-direction:{way};gap:.4em">{inner}</div>'
    if name.startswith("HTML"):
        return f"<div>{widget.value}</div>"
    if name in CONTROLS or not hasattr(widget, "value"):
        return ""
    label = getattr(widget, "label", None)
    value = str(widget.value if label is None else label)
    about = f"{widget.description}: " if widget.description else ""
    return f'<div style="font:15px {FONT};color:#595959">{escape(about + value)}</div>'
