"""Pictures of named entities: a race on the same sentences, marked texts, the recorded matrix."""

from dataclasses import dataclass, field
from html import escape

from kit.html import FONT
from kit.tasks import entities
from kit.train import Run
from kit.widgets.base.style import COLOUR, DASH, NAME, SYMBOL, dress, error_bars

__all__ = ["RIVALS", "Scene", "bars", "figure", "legend", "matrix", "pair", "traces"]

RIVALS = ("full", "from_scratch")
LOOKUP = "most frequent tag"
GREY = {"color": "#595959", "dash": "dot", "width": 2.5}
HALF = ("half of it", "#882255", "dashdot", "diamond")
MORE = {  # name, colour, dash, symbol of what the course's style does not know
    "choose_layers": HALF,
    "narrow": HALF,
    "lora": ("LoRA", "#009E73", "longdash", "triangle-up"),
    LOOKUP: ("most frequent tag of each word", "#595959", "dot", "x"),
}
SOURCES = {
    "rnn_encoder": "RNN, 1.8 M",
    "transformer_encoder": "Transformer, 2.6 M",
    "minilm": "MiniLM, 22.7 M",
}


@dataclass
class Scene:
    """All that the race shows, as plain data."""

    sentences: int
    """How many tagged sentences both learn from."""
    seen: int
    """On how many unseen sentences the curves are taken."""
    lookup: float
    """F1 of the most frequent tag of each word, on the sentences of the end."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Strategy -> its run so far."""
    tested: dict[str, float] = field(default_factory=dict)
    """Strategy -> F1 on the test sentences, after training."""


def figure(scene: Scene):
    """F1 on unseen sentences against seconds | F1 on test sentences in the end."""
    import plotly.graph_objects as go

    percent = {"range": [0, 100], "ticksuffix": " %"}
    layout = {
        "xaxis": {"domain": [0, 0.6], "title": "seconds of training", "rangemode": "tozero"},
        "xaxis2": {"domain": [0.72, 1], "tickangle": 0},
        "yaxis": percent | {"title": "F1 of entities"},
        "yaxis2": {"anchor": "x2", **percent},
        "dragmode": False,
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.3, 0.86), titles(scene), strict=True)
        ],
    }
    return dress(go.Figure(traces(scene), layout), height=400)


def titles(scene: Scene) -> list[str]:
    """What stands above the panels."""
    return [
        f"<b>While learning</b> from {scene.sentences:,} sentences,<br>asked {scene.seen} others",
        "<b>In the end</b>,<br>on test sentences",
    ]


def traces(scene: Scene) -> list[dict]:
    """The race's traces: always the same ones in the same order, so that it can be redrawn."""
    end = max([10.0, *(run.seconds for run in scene.runs.values())])
    lines = []
    for name in RIVALS:
        run = scene.runs.get(name, Run())
        curve = {"x": [0.0] * bool(run.steps) + [e["seconds"] for e in run.evaluations]}
        curve |= {"y": [0.0] * bool(run.steps) + [100 * e["score"] for e in run.evaluations]}
        pen = {"color": COLOUR[name], "dash": DASH[name], "width": 4}
        mark = {"size": 10, "symbol": SYMBOL[name]}
        lines.append({**curve, "line": pen, "marker": mark, "name": NAME[name]})
        lines[-1] |= {"mode": "lines+markers"}
    level = {"x": [0, end], "y": [100 * scene.lookup] * 2, "mode": "lines", "line": GREY}
    lines.append({**level, "name": MORE[LOOKUP][0]})
    return [*lines, bars(scene)]


def bars(scene: Scene) -> dict:
    """The second panel: F1 of the lookup and of what was trained just now."""
    found = {"lookup": scene.lookup, **{name: scene.tested.get(name) for name in RIVALS[::-1]}}
    return {
        "type": "bar",
        "x": ["lookup", "scratch", "source"],
        "y": [None if v is None else 100 * v for v in found.values()],
        "text": ["" if v is None else f"<b>{100 * v:.0f}</b>" for v in found.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 20},
        "marker": {"color": [GREY["color"], COLOUR["from_scratch"], COLOUR["full"]]},
        "showlegend": False,
        "hovertemplate": "%{x}: %{y:.1f} %<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
    }


def legend() -> str:
    """The kinds of entity with their colours, as HTML."""
    return "".join(
        f'<span style="background:{entities.COLOURS[kind]}40;border-bottom:3px solid '
        f'{entities.COLOURS[kind]};padding:.1em .4em;margin-right:1em;border-radius:.25em">'
        f'<b style="font-size:.8em">{kind}</b> {escape(name)}</span>'
        for kind, name in entities.KINDS.items()
    )


def pair(pages: dict[str, str]) -> str:
    """Two or more marked texts under the names of who marked them, as HTML."""
    boxes = "".join(
        f'<div style="flex:1;min-width:20em;border-top:5px {_dash(name)} {COLOUR[name]};'
        f'background:white"><b style="color:{COLOUR[name]};padding:.3em 1em;display:block">'
        f"{NAME[name]}</b>{page}</div>"
        for name, page in pages.items()
    )
    return (
        f'<div style="font:16px {FONT};color:#1A1A1A">{legend()}'
        f'<div style="display:flex;flex-wrap:wrap;gap:1em;margin-top:.6em">{boxes}</div></div>'
    )


def _dash(name: str) -> str:
    return "dashed" if name == "from_scratch" else "solid"


def matrix(found: dict[tuple[str, int], dict[str, tuple[float, float]]]):
    """What was recorded: F1 against sentences, a panel a source, a line a strategy.

    found: `entity_results.summary()`.
    """
    import plotly.graph_objects as go

    shown, width = go.Figure(), 1.03 / len(SOURCES)
    budgets = sorted({n for _, n in found})
    for number, (source, title) in enumerate(SOURCES.items(), 1):
        axis = "" if number == 1 else str(number)
        for place, name in enumerate(strategies(source)):
            line = _line(found, source, name, axis, number == 1)
            line["x"] = [n * 1.05 ** (place - 2) for n in line["x"]]  # side by side
            shown.add_trace(line)
        domain = [(number - 1) * width, number * width - 0.03]
        ticks = {
            "type": "log",
            "range": [1.9, 3.1],
            "tickvals": budgets,
            "ticktext": [f"{n:,}" for n in budgets],
        }
        shown.layout[f"xaxis{axis}"] = {"domain": domain, "anchor": f"y{axis}", **ticks}
        shown.layout[f"xaxis{axis}"].title = "sentences to learn from"
        hidden = {"showticklabels": number == 1, "ticksuffix": " %", "range": [0, 90]}
        shown.layout[f"yaxis{axis}"] = hidden | {"anchor": f"x{axis}"}
        shown.add_annotation(text=f"<b>{title}</b>", x=sum(domain) / 2, y=1.02, showarrow=False)
    shown.update_annotations(xref="paper", yref="paper", xanchor="center", yanchor="bottom")
    shown.layout.yaxis.title = "F1 of entities, recorded"
    return dress(shown, height=440).update_layout(dragmode=False)


def strategies(source: str) -> tuple[str, ...]:
    """What is shown of a source: an RNN of one layer is halved in width, others in layers."""
    half = "narrow" if source == "rnn_encoder" else "choose_layers"
    return ("full", "lora", half, "from_scratch", LOOKUP)


def _line(found: dict, source: str, name: str, axis: str, first: bool) -> dict:
    called, colour, dash, symbol = MORE.get(name) or (
        NAME[name],
        COLOUR[name],
        DASH[name],
        SYMBOL[name],
    )
    owner = "none" if name == LOOKUP else source
    points = {n: by[name] for (s, n), by in sorted(found.items()) if s == owner and name in by}
    return {
        "x": list(points),
        "y": [100 * mean for mean, _ in points.values()],
        "error_y": {"array": error_bars([half for _, half in points.values()]), "thickness": 2},
        "mode": "lines+markers",
        "line": {"color": colour, "dash": dash, "width": 3},
        "marker": {"symbol": symbol, "size": 10},
        "name": called,
        "legendgroup": called,
        "showlegend": first,
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "text": [f"{n:,} sentences" for n in points],
        "hovertemplate": called + ", %{text}: %{y:.1f} ± %{error_y.array:.1f} %<extra></extra>",
    }
