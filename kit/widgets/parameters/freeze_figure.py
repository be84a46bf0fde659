"""Choices of layers to train: the accuracy, seconds per update and parameters of each."""

from dataclasses import dataclass

from kit.display_names import display_name
from kit.html import BLUE, INK, LIGHT_BLUE
from kit.widgets.base.style import COLOUR, DASH, NAME, dress, error_bars

__all__ = ["WORDS", "Choice", "figure", "traces"]

WORDS = "embeddings"
KEPT = 6
"""The number of choices that are shown: the latest ones."""
LEVELS = ("majority", "from_scratch", "tfidf")
FLOOR, PERCENT = 40, [50, 60, 70, 80]
TITLES = ("trained", "test accuracy", "s / update", "parameters")
MIDDLE = (0.12, 0.42, 0.695, 0.91)
SOME = LIGHT_BLUE


@dataclass(frozen=True)
class Choice:
    """One choice of layers and its result, as plain data."""

    parts: tuple[int | str, ...]
    """The parts that were trained beside the head: numbers of layers, and "embeddings"."""
    trained: int
    """Parameters that were trained."""
    seconds: float
    """Seconds an update."""
    accuracy: float
    """Accuracy on the test sentences."""
    replayed: bool = False
    """Whether this is a replay of a recording; its bars are hatched."""


def figure(done: list[Choice], controls: dict, recorded: dict[int, tuple | None], layers: int):
    """What was trained | test accuracy | seconds an update | parameters, a row for each choice.

    controls: baseline -> (mean, half-width of its interval) of recorded runs. recorded: number of
    the choice -> the same for that choice, if it was recorded. layers: number of layers.
    """
    import plotly.graph_objects as go

    ticks = {
        "tickvals": list(range(layers + 2)),
        "ticktext": ["emb", *range(layers), display_name("head")],
    }
    rows = {"range": [KEPT - 0.4, -0.6], "visible": False}
    layout = {
        "xaxis": {"domain": [0, 0.24], "range": [-0.7, layers + 1.7], "tickangle": -60, **ticks},
        "xaxis2": {
            "domain": [0.26, 0.58],
            "range": [FLOOR, 85],
            "tickvals": PERCENT,
            "ticksuffix": " %",
        },
        "xaxis3": {"domain": [0.61, 0.78], "rangemode": "tozero", "nticks": 4},
        "xaxis4": {"domain": [0.82, 1], "type": "log", "range": [2, 8.2], "dtick": 2},
        "yaxis": rows,
        **{f"yaxis{i}": {"anchor": f"x{i}", "matches": "y", **rows} for i in (2, 3, 4)},
        "annotations": [
            {
                "text": f"<b>{display_name(text)}</b>",
                "x": x,
                "y": 1.01,
                "xref": "paper",
                "yref": "paper",
            }
            | {"xanchor": "center", "yanchor": "bottom", "showarrow": False}
            for x, text in zip(MIDDLE, TITLES, strict=True)
        ],
    }
    shown = dress(go.Figure(traces(done, controls, recorded, layers), layout), height=380)
    shown.update_xaxes(tickfont_size=13).update_annotations(font_size=15)
    legend = {"y": -0.22, "font": {"size": 13}}
    return shown.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 40}, legend=legend)


def traces(done: list[Choice], controls: dict, recorded: dict, layers: int) -> list[dict]:
    """The traces of the figure, always the same ones in the same order."""
    last = list(enumerate(done))[-KEPT:]
    rows = list(range(len(last)))
    marker = {"color": [_colour(choice, layers) for _, choice in last]}
    marker["pattern"] = {"shape": ["/" if choice.replayed else "" for _, choice in last]}
    known = [(y, *recorded[i]) for y, (i, _) in enumerate(last) if recorded.get(i)]
    mark = {"symbol": "diamond", "size": 12, "color": "white"}
    mark["line"] = {"width": 2, "color": INK}
    diamond = {
        "x": [100 * mean for _, mean, _ in known],
        "y": [y for y, _, _ in known],
        "error_x": {
            "array": error_bars([half for *_, half in known]),
            "thickness": 2,
            "color": INK,
        },
        "mode": "markers",
        "marker": mark,
        "name": "recorded: mean, 95 % interval",
        "hovertemplate": "recorded: %{x:.1f} ± %{error_x.array:.1f} %<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
    }
    right = [100 * choice.accuracy - FLOOR for _, choice in last]
    text = [f"<b>{100 * choice.accuracy:.0f}</b>" for _, choice in last]
    return [
        *_squares([choice for _, choice in last], layers),
        _bars(right, rows, text, marker, 2) | {"base": FLOOR, "insidetextanchor": "start"},
        diamond,
        *(_level(name, controls[name][0]) for name in LEVELS),
        _bars([c.seconds for _, c in last], rows, [f"{c.seconds:.3f}" for _, c in last], marker, 3),
        _bars([c.trained for _, c in last], rows, [_short(c.trained) for _, c in last], marker, 4),
    ]


def _squares(done: list[Choice], layers: int) -> list[dict]:
    """A square for each part: filled if it was trained."""
    filled: tuple[list, list] = ([], [])
    empty: tuple[list, list] = ([], [])
    for row, choice in enumerate(done):
        for x, part in enumerate([WORDS, *range(layers), "head"]):
            xy = filled if part == "head" or part in choice.parts else empty
            xy[0].append(x)
            xy[1].append(row)
    look = {"mode": "markers", "hoverinfo": "skip", "showlegend": False}
    edge = {"symbol": "square", "size": 12, "line": {"width": 1.5, "color": BLUE}}
    return [
        {"x": x, "y": y, "marker": {**edge, "color": colour}, **look}
        for (x, y), colour in ((filled, BLUE), (empty, "white"))
    ]


def _bars(x: list, y: list, text: list[str], marker: dict, axis: int) -> dict:
    return {
        "type": "bar",
        "orientation": "h",
        "x": x,
        "y": y,
        "text": text,
        "textposition": "auto",
        "textangle": 0,
        "textfont": {"size": 16},
        "marker": marker,
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
    }


def _level(name: str, mean: float) -> dict:
    pen = {"color": COLOUR[name], "dash": DASH[name], "width": 3}
    line = {"x": [100 * mean] * 2, "y": [-0.6, KEPT - 0.4], "mode": "lines", "line": pen}
    return {**line, "name": NAME[name], "hoverinfo": "name", "xaxis": "x2", "yaxis": "y2"}


def _colour(choice: Choice, layers: int) -> str:
    if not choice.parts:
        return COLOUR["frozen"]
    return COLOUR["full"] if len(choice.parts) == layers + 1 else SOME


def _short(n: int) -> str:
    return f"{n / 1e6:.1f} M" if n >= 1e5 else f"{n:,}"
