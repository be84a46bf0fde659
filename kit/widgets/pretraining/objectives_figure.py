"""What a minute of pretraining was worth, by what it was spent on: recorded, and made just now."""

from kit.results import by_budget
from kit.widgets.base.style import dress, error_bars

__all__ = ["NAME", "figure", "traces"]

NAME = {
    "none": "no pretraining",
    "next_token": "on next tokens",
    "vectors": "on a teacher's vectors",
}
COLOUR = {"none": "#D55E00", "next_token": "#56B4E9", "vectors": "#0072B2"}
INK = {"none": "white", "next_token": "#1A1A1A", "vectors": "white"}
"""Of what is written on the bars."""
BODIES = {"rnn": "RNN", "transformer": "Transformer"}
FLOOR = 40
"""Where the axis of accuracy begins, in percent."""


def figure(results: dict, now: list[dict] = ()):
    """Accuracy with no label and with 100, one panel a body, as a plotly figure.

    results: `kit.train.run.recorded("live_transfer")`. now: rows made just now, as stars:
    {"body", "pretraining", "labels", "accuracy"}.
    """
    import plotly.graph_objects as go

    percent = {"range": [FLOOR, 80], "ticksuffix": " %"}
    layout = {
        "barmode": "group",
        "bargroupgap": 0.12,
        "scattermode": "group",
        "xaxis": {"domain": [0, 0.47]},
        "xaxis2": {"domain": [0.53, 1]},
        "yaxis": {"title": "accuracy on the test set", **percent},
        "yaxis2": {"anchor": "x2", "showticklabels": False, **percent},
        "annotations": [
            {"text": f"<b>{text}</b>", "x": x, "y": 1.01, "xref": "paper", "yref": "paper"}
            | {"xanchor": "center", "yanchor": "bottom", "showarrow": False}
            for x, text in zip((0.235, 0.765), BODIES.values(), strict=True)
        ],
    }
    return dress(go.Figure(traces(results, now), layout), height=440)


def traces(results: dict, now: list[dict] = ()) -> list[dict]:
    """For each body: bars of each kind of pretraining, then the stars of what was made just now."""
    found, shown = by_budget(results["rows"]), []
    whisker = {"thickness": 2, "color": "#1A1A1A"}
    for panel, body in enumerate(BODIES):
        axes = {"xaxis": "x2", "yaxis": "y2"} if panel else {}
        for kind in NAME:
            points = [found[labels][f"{body}/{kind}/words"] for labels in found]
            bar = {
                "type": "bar",
                "base": FLOOR,
                "x": [place(labels) for labels in found],
                "y": [100 * mean - FLOOR for mean, _ in points],
                "error_y": {"array": error_bars([half for _, half in points]), **whisker},
                "text": [f"<b>{100 * mean:.0f}</b>" for mean, _ in points],
                "textposition": "inside",
                "insidetextanchor": "start",
                "textangle": 0,
                "textfont": {"size": 18, "color": INK[kind]},
                "constraintext": "none",
                "marker": {"color": COLOUR[kind]},
                "hovertemplate": f"{NAME[kind]}: %{{text}} %<extra></extra>",
            }
            look = {"name": NAME[kind], "legendgroup": kind, "offsetgroup": kind}
            shown.append({**bar, **axes, **look, "showlegend": not panel})
    return shown + stars(now)


def stars(now: list[dict]) -> list[dict]:
    """What was made just now, each star over its bar."""
    made = []
    for kind in COLOUR:
        for panel, body in enumerate(BODIES):
            rows = [r for r in now if r["pretraining"] == kind and r["body"] == body]
            edge = {"width": 1.5, "color": "#1A1A1A"}
            mark = {"symbol": "star", "size": 20, "color": "#F0E442", "line": edge}
            star = {"x": [place(r["labels"]) for r in rows], "mode": "markers", "marker": mark}
            star |= {"y": [100 * r["accuracy"] for r in rows], "offsetgroup": kind}
            star |= {"xaxis": "x2", "yaxis": "y2"} if panel else {}
            first = bool(rows) and not any(s["showlegend"] for s in made)
            made.append({**star, "name": "just now, in seconds", "showlegend": first})
    return made


def place(labels: int) -> str:
    """Where a budget stands on the axis."""
    return f"{labels:,} labels" if labels else "no label at all"
