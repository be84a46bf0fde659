"""The look that all widgets share: colours, figure template, pipeline strip, live figures."""

from collections.abc import Iterable

from kit.display_names import display_name
from kit.html import (
    BLUE,
    FONT,
    GREEN,
    GREY,
    INK,
    LIGHT_BLUE,
    LIGHT_GREY,
    ORANGE,
    PALE_BLUE,
    PAPER,
    escape,
)

__all__ = [
    "COLOUR",
    "DASH",
    "NAME",
    "SYMBOL",
    "Strip",
    "dress",
    "error_bars",
    "fit_page_width",
    "heights",
    "hide_buttons",
    "live",
    "redraw",
    "strip",
]

COLOUR = {
    "full": BLUE,
    "full_elsewhere": LIGHT_BLUE,
    "from_scratch": ORANGE,
    "frozen": GREEN,
    "tfidf": GREY,
    "tfidf_elsewhere": "#AA7F39",
    "majority": LIGHT_GREY,
}
"""Strategy or baseline -> its colour (Okabe & Ito 2008, safe for colour-blind readers)."""

DASH = {
    "full": "solid",
    "full_elsewhere": "dashdot",
    "from_scratch": "dash",
    "frozen": "dashdot",
    "tfidf": "dot",
    "tfidf_elsewhere": "dashdot",
    "majority": "dot",
}
"""The same as line styles, to tell them apart without colour."""

SYMBOL = {
    "full": "circle",
    "full_elsewhere": "triangle-up",
    "from_scratch": "square",
    "frozen": "diamond",
    "tfidf": "x",
    "tfidf_elsewhere": "triangle-down",
    "majority": "cross",
}
"""The same as markers."""

NAME = {
    "full": "with a source",
    "full_elsewhere": "judged elsewhere first",
    "from_scratch": display_name("from scratch"),
    "frozen": "frozen source",
    "tfidf": "TF-IDF + logistic regression",
    "tfidf_elsewhere": "TF-IDF, elsewhere too",
    "majority": "majority class",
}
"""Strategy or baseline -> its name in figures."""

STAGES = {
    "pretrain": "learn a language from text without labels",
    "migrate": "carry values and shape over",
    "fine-tune": "learn the task from a few labels",
}

KEYS = ("x", "y", "text", "error_x", "error_y", "marker")
"""The keys of a trace that change while a figure is displayed."""


def dress(figure, *, height: int = 420):
    """Give a plotly figure the look of the course: large type, white ground, room for labels."""
    figure.update_layout(
        template="plotly_white",
        font={"family": FONT, "size": 16, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        height=height,
        autosize=True,
        margin={"l": 64, "r": 16, "t": 64, "b": 56},
        legend={"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center", "font": {"size": 15}},
        hoverlabel={"font": {"family": FONT, "size": 15}},
    )
    axis = {"showline": True, "linecolor": GREY, "gridcolor": "#EDEDED", "zeroline": False}
    figure.update_xaxes(title_font_size=16, **axis)
    figure.update_yaxes(title_font_size=16, title_standoff=6, **axis)
    figure.update_annotations(font_size=17)
    return figure


def live(figure):
    """A plotly figure as a widget, which can be changed after it is displayed. Where plotly's
    widget is no anywidget (plotly 5), it is plotly's own."""
    import anywidget
    import plotly.graph_objects as go

    if not issubclass(go.FigureWidget, anywidget.AnyWidget):
        return go.FigureWidget(figure)
    from kit.widgets.base.plotly_widget import LiveFigure

    return LiveFigure(figure)


def fit_page_width(figure) -> None:
    """Let a live figure take the width of its page once it is displayed, without plotly's buttons.

    The first figure of a page is drawn before its place is measured: without a later update it
    would keep 700 pixels.
    """
    if hasattr(figure, "observe"):
        hide_buttons(figure)
        figure._view_count = 0  # from now on the page counts how often it is displayed
        figure.observe(lambda _: figure.update_layout(meta="shown"), "_view_count")


def hide_buttons(figure) -> None:
    """Hide plotly's own buttons above a live figure."""
    if hasattr(figure, "_config"):
        figure._config = {**figure._config, "displayModeBar": False}


class Strip:
    """pretrain → migrate → fine-tune, with today's stages marked: `Strip("migrate")`."""

    def __init__(self, today: str) -> None:
        self.today = today

    def __repr__(self) -> str:
        return " -> ".join(
            display_name(s).upper() if s in self.today else display_name(s) for s in STAGES
        )

    def _repr_html_(self) -> str:
        return strip(self.today)


def error_bars(halves: list[float], scale: float = 100) -> list[float]:
    """Half-widths of intervals in percent; 0 for a single seed, which has no interval (nan)."""
    return [scale * half if half == half else 0.0 for half in halves]


def heights(intervals: Iterable[tuple[float, float]]) -> dict:
    """The y values and error bars of a trace, in percent, from (mean, half-width) pairs."""
    intervals = list(intervals)
    means = [mean for mean, _ in intervals]
    halves = [half for _, half in intervals]
    bars = {"array": error_bars(halves), "thickness": 2}
    return {"y": [100 * mean for mean in means], "error_y": bars}


def strip(today: str) -> str:
    """The strip as HTML."""
    boxes = []
    for stage, meaning in STAGES.items():
        is_today = stage in today
        colour = BLUE if is_today else GREY
        ground = PALE_BLUE if is_today else PAPER
        boxes.append(
            f'<div style="flex:1;padding:.6em 1em;border-radius:.5em;background:{ground};'
            f'border:2px solid {colour if is_today else "#D9D9D9"};color:{INK}">'
            f'<b style="font-size:1.25em;color:{colour}">{escape(display_name(stage))}</b><br>'
            f"{meaning}</div>"
        )
    arrow = f'<div style="font-size:1.8em;align-self:center;color:{LIGHT_GREY}">→</div>'
    return (
        f'<div style="display:flex;gap:.6em;font:15px {FONT};margin:.4em 0;max-width:75em">'
        f"{arrow.join(boxes)}</div>"
    )


def redraw(shown, traces: list[dict], titles: list[str] = (), keys: tuple[str, ...] = KEYS) -> None:
    """Update a displayed figure with the data of new traces: as many, in the same order.

    Only `keys` are sent to the browser, which is ten times as fast as a new figure.
    """
    with shown.batch_update():
        for old, new in zip(shown.data, traces, strict=True):
            old.update({k: new[k] for k in keys if k in new})
        for old, text in zip(shown.layout.annotations, titles, strict=False):
            old.text = text
