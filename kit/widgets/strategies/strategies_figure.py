"""The figure of all strategies: accuracy against what each of them costs, and its interval."""

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from statistics import median

import numpy as np

from kit.display_names import display_name
from kit.metrics import interval
from kit.migrate import family
from kit.widgets.base.style import DASH, NAME, dress, error_bars

__all__ = [
    "AXES",
    "Point",
    "axes",
    "figure",
    "labels",
    "points",
    "spread",
    "stars",
    "traces",
]

COLOURS = {"parameter": "#0072B2", "structure": "#D55E00", "mixed": "#009E73"}
SYMBOLS = {"parameter": "circle", "structure": "square", "mixed": "diamond"}

AXES = {
    "trained": "parameters that are trained",
    "seconds": "seconds of training, one thread",
    "memory": f"{display_name('peak memory')}, MB",
}
"""What a strategy costs -> the title of the axis."""
COLUMN = {"trained": "trained", "seconds": "seconds", "memory": "peak memory, MB"}

WIDTH, HEIGHT = 820, 590
MARGIN = {"l": 70, "r": 20, "t": 60, "b": 110}
LETTER, LINE = 7.6, 18
"""Pixels of a letter and of a line of the labels, about."""
NEAR = 13
"""Pixels that two points keep from each other, so that none covers another."""
LEVELS = ("tfidf", "majority")


@dataclass(frozen=True)
class Point:
    """One strategy on one source with so many labels."""

    strategy: str
    cost: float
    """On the axis that was chosen: the mean over the seeds."""
    score: float
    """Mean accuracy over the seeds, 0 to 1."""
    half: float
    """Half-width of its 95 % interval; nan for one seed."""
    seeds: int
    """How many runs that are."""

    @property
    def family(self) -> str:
        """parameter, structure or mixed."""
        return family(self.strategy)


def points(rows: list[dict], source: str, budget: int, axis: str) -> list[Point]:
    """The recorded points of a source and a number of labels; refused rows have none. A cost is
    the median over the seeds, so that one run which the machine disturbed does not count."""
    found = defaultdict(list)
    for row in rows:
        if (row["source"], row["labels"]) == (source, budget) and "accuracy" in row:
            found[row["strategy"]].append(row)
    made = []
    for strategy, runs in found.items():
        cost = median(run[COLUMN[axis]] for run in runs)
        score, half = interval([run["accuracy"] for run in runs])
        made.append(Point(strategy, cost, score, half, len(runs)))
    return made


def stars(rows: list[dict], source: str, budget: int, axis: str) -> list[Point]:
    """The points of live runs, one each; none where its cost was not measured."""
    here = [r for r in rows if (r["source"], r["labels"]) == (source, budget)]
    one = {"half": float("nan"), "seeds": 1}
    return [
        Point(r["strategy"], r[COLUMN[axis]], r["accuracy"], **one)
        for r in here
        if COLUMN[axis] in r
    ]


def figure(found: list[Point], live: list[Point], axis: str, controls: dict, chosen: str = ""):
    """Accuracy against cost, on a logarithmic axis; what was trained live has a star.

    controls: name -> (mean, half-width), as `see_it_work.summary()` has them for the budget.
    """
    import plotly.graph_objects as go

    shown = dress(go.Figure(traces(found, live, axis, controls, chosen)), height=HEIGHT)
    legend = {"y": -0.15, "font": {"size": 15}}
    shown.update_layout(
        width=WIDTH, autosize=False, margin=MARGIN, legend=legend, hovermode="closest"
    )
    shown.update_yaxes(title_text="test accuracy", ticksuffix=" %", range=list(_heights(found)))
    shown.update_layout(xaxis=axes(found + live, axis))
    return shown.update_layout(annotations=labels(found, live, axis))


def axes(found: list[Point], axis: str) -> dict:
    """The horizontal axis: logarithmic, with ticks as close as there is room for."""
    low, high = _range(found)
    fine = (1,) if high - low > 2 else (1, 2, 5) if high - low > 1 else (1, 1.5, 2, 3, 4, 5, 7)
    ticks = [m * 10**e for e, m in product(range(-2, 10), fine)]
    ticks = [t for t in ticks if low <= math.log10(t) <= high]
    words = [f"{t:,.2g}" if t < 10 else f"{t:,.0f}" for t in ticks]
    return {
        "type": "log",
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": words,
        "title": {"text": AXES[axis], "font": {"size": 17}},
    }


def traces(
    found: list[Point], live: list[Point], axis: str, controls: dict, chosen: str = ""
) -> list[dict]:
    """Always the same traces: a ring, three families, the live points, the levels."""
    place = spread(found, found + live)
    ring = [p for p in found if p.strategy == chosen]
    look = {"symbol": "circle-open", "size": 26, "color": "#1A1A1A", "line": {"width": 3}}
    first = {
        "x": [place[p.strategy] for p in ring],
        "y": [100 * p.score for p in ring],
        "mode": "markers",
        "marker": look,
        "hoverinfo": "skip",
        "showlegend": False,
    }
    families = [_family(name, [p for p in found if p.family == name], place) for name in COLOURS]
    return [first, *families, _stars(live), *(_level(name, controls, found) for name in LEVELS)]


def _family(name: str, found: list[Point], place: dict[str, float]) -> dict:
    bars = {"array": error_bars([p.half for p in found]), "thickness": 2, "width": 5}
    return {
        "x": [place[p.strategy] for p in found],
        "y": [100 * p.score for p in found],
        "error_y": bars,
        "customdata": [[p.strategy, p.cost, p.seeds] for p in found],
        "hovertemplate": (
            "<b>%{customdata[0]}</b><br>%{y:.1f} ± %{error_y.array:.1f} %, "
            "%{customdata[2]} seeds<br>cost %{customdata[1]:,.4~r}<extra></extra>"
        ),
        "mode": "markers",
        "marker": {"size": 13, "color": COLOURS[name], "symbol": SYMBOLS[name]},
        "name": f"{display_name(name)}, recorded",
        "showlegend": True,
    }


def _stars(live: list[Point]) -> dict:
    pen = {"width": 2, "color": "#1A1A1A"}
    return {
        "x": [p.cost for p in live],
        "y": [100 * p.score for p in live],
        "customdata": [[p.strategy, p.cost, 1] for p in live],
        "hovertemplate": "<b>%{customdata[0]}</b>, live: %{y:.1f} %<extra></extra>",
        "mode": "markers",
        "marker": {"size": 18, "color": "#F0E442", "symbol": "star", "line": pen},
        "name": "made now, one seed",
        "showlegend": True,
    }


def _level(name: str, controls: dict, found: list[Point]) -> dict:
    low, high = (10**end for end in _range(found))
    return {
        "x": [low, high],
        "y": [100 * controls[name][0]] * 2,
        "mode": "lines",
        "line": {"color": "#8C8C8C" if name == "majority" else "#595959", "width": 2}
        | {"dash": DASH[name] if name == "tfidf" else "dash"},
        "hoverinfo": "name",
        "name": NAME[name],
    }


def spread(found: list[Point], every: list[Point]) -> dict[str, float]:
    """strategy -> where it is drawn: those of nearly one cost and score stand side by side."""
    scale, up = _scale(every or found), _rise(found)
    place: dict[str, tuple[float, float]] = {}
    for p in sorted(found, key=lambda p: -p.score):
        x, y = math.log10(p.cost) * scale, 100 * p.score * up
        steps = sorted(range(-12, 13), key=lambda i: (abs(i), i))
        free = (x + i * NEAR / 2 for i in steps)
        place[p.strategy] = (
            next(
                (
                    at
                    for at in free
                    if all(abs(at - a) >= NEAR or abs(y - b) >= NEAR for a, b in place.values())
                ),
                x,
            ),
            y,
        )
    return {strategy: 10 ** (at / scale) for strategy, (at, _) in place.items()}


def labels(found: list[Point], live: list[Point], axis: str) -> list[dict]:
    """A name beside each point, moved to where it covers neither a point nor another name."""
    scale, up, place = _scale(found + live), _rise(found), spread(found, found + live)
    at = {p.strategy: (math.log10(place[p.strategy]) * scale, -100 * p.score * up) for p in found}
    taken = [(x - 9, y - 9, x + 9, y + 9) for x, y in at.values()]
    reach = {p.strategy: 100 * up * (p.half if p.half == p.half else 0) for p in found}
    taken += [(x - 3, y - reach[s], x + 3, y + reach[s]) for s, (x, y) in at.items()]
    low, high = (end * scale for end in _range(found + live))
    made = []
    for p in sorted(found, key=lambda p: p.score):
        x, y = at[p.strategy]
        size = LETTER * len(p.strategy) + 6
        offsets = _offsets(size)
        dx, dy = offsets[_costs(x, y, offsets, size, taken, (low, high)).argmin()]
        taken.append(_box(x, y, (dx, dy), size))
        made.append(_label(p, math.log10(place[p.strategy]), dx, dy))
    return made


def _offsets(size: float) -> list[tuple[float, float]]:
    """Where a name's middle may be, in pixels from its point; the nearest first."""
    beside = [(s * (size / 2 + 10 + far), 0) for far in (0, 24) for s in (1, -1)]
    around = [
        (s * (size / 2 + far), dy)
        for far, dy in product((4, 26, 50, 80), (-16, 16, -32, 32, -52, 52, -76, 76, -100, 100))
        for s in (1, -1)
    ]
    return beside + sorted(around, key=lambda o: abs(o[0]) - size / 2 + abs(o[1]))


def _box(x: float, y: float, offset: tuple, size: float) -> tuple[float, ...]:
    dx, dy = offset
    return (x + dx - size / 2, y + dy - LINE / 2, x + dx + size / 2, y + dy + LINE / 2)


def _costs(x, y, offsets, size, taken, ends) -> np.ndarray:
    """(O,): how much a name would cover at each offset, and how far away it would be."""
    low, high = ends
    a, b, c, d = np.array([_box(x, y, o, size) for o in offsets]).T  # (O,) each
    p, q, r, s = np.array(taken).T  # (N,) each
    wide = np.minimum(c[:, None], r) - np.maximum(a[:, None], p)  # (O, N)
    tall = np.minimum(d[:, None], s) - np.maximum(b[:, None], q)
    over = (wide.clip(0) * tall.clip(0)).sum(1)
    outside = (low - a).clip(0) + (c - high).clip(0)
    dx, dy = np.array(offsets, dtype=float).T
    return 20 * over + 100 * outside + np.hypot(abs(dx) - size / 2, dy)


def _label(p: Point, x: float, dx: float, dy: float) -> dict:
    far = math.hypot(abs(dx) - LETTER * len(p.strategy) / 2, dy) > 24
    return {
        "x": x,
        "y": 100 * p.score,
        "ax": dx,
        "ay": dy,
        "text": p.strategy,
        "font": {"size": 14, "color": COLOURS[p.family]},
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": "#8C8C8C" if far else "rgba(0,0,0,0)",
        "standoff": 8,
        "borderpad": 0,
    }


def _range(found: list[Point]) -> tuple[float, float]:
    """The ends of the horizontal axis, as powers of ten."""
    costs = [math.log10(p.cost) for p in found] or [0, 1]
    low, high = min(costs), max(costs)
    room = 0.16 * max(high - low, 0.3)
    return low - room, high + room


def _scale(found: list[Point]) -> float:
    low, high = _range(found)
    return (WIDTH - MARGIN["l"] - MARGIN["r"]) / (high - low)


def _heights(found: list[Point]) -> tuple[float, float]:
    top = max([100 * (p.score + (p.half if p.half == p.half else 0)) for p in found] or [80])
    return 45, max(80.0, min(100.0, top + 3))


def _rise(found: list[Point]) -> float:
    low, high = _heights(found)
    return (HEIGHT - MARGIN["t"] - MARGIN["b"]) / (high - low)
