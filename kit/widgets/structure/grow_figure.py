"""A grown model: its shape to scale, and its answers against those of the source."""

from dataclasses import dataclass

from kit.html import BLUE, FONT, GREEN, INK, LIGHT_GREY, ORANGE, escape
from kit.widgets.base.style import dress

__all__ = ["HUE", "KEYS", "WORD", "Scene", "answers", "cards", "figure", "room", "traces"]

HUE = {"source": BLUE, "grown": GREEN, "naive": ORANGE}
WORD = {"source": "the source", "grown": "grown", "naive": "grown naively"}
MARK = {"grown": "circle", "naive": "x"}
KEYS = ("x", "y", "base", "text", "customdata")
"""The keys of the traces that change while the figure is displayed."""
GAP, EDGE = 0.35, 6.0
"""The gap between source and target, in widths of the source; the end of the answers' axes."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The data of the figure, as plain values."""

    name: str
    """The source."""
    width: int
    """The width D of the source."""
    old: tuple[bool, ...]
    """For each layer of the target, from below: whether it is from the source."""
    times: int = 1
    """The width of the target, in widths of the source."""
    parameters: tuple[int, int] = (0, 0)
    """The number of parameters of the source and of the target."""
    answers: dict[str, list[float]] | None = None
    """Model ("source", "grown", "naive") -> its log odds of each sentence; None without answers."""
    texts: tuple[str, ...] = ()
    """The sentences."""
    typed: dict[str, float] | None = None
    """Model -> its log odds of the user's sentence."""

    def moved(self, which: str) -> float:
        """The largest difference from the source's answers, in nats."""
        pairs = zip(self.answers["source"], self.answers[which], strict=True)
        return max(abs(a - b) for a, b in pairs)

    def turned(self, which: str) -> int:
        """The number of sentences whose class differs from the source's."""
        pairs = zip(self.answers["source"], self.answers[which], strict=True)
        return sum((a > 0) != (b > 0) for a, b in pairs)


def room(scene: Scene, deeper: int = 4) -> list[float]:
    """The range of the axis of layers: room for `deeper` added layers."""
    return [-1.7, sum(scene.old) + deeper + 0.6]


def figure(scene: Scene, *, widest: int = 3):
    """Source and target to scale | what the target answers against what the source answers.

    widest: times the source's width that there is room for.
    """
    import plotly.graph_objects as go

    answer = {"range": [-EDGE, EDGE], "zeroline": True, "zerolinecolor": LIGHT_GREY, "dtick": 2}
    layout = {
        "barmode": "overlay",
        "dragmode": False,
        "xaxis": {"domain": [0, 0.47], "range": [-0.03, 1 + GAP + widest], "visible": False},
        "yaxis": {"range": room(scene), "visible": False},
        "xaxis2": {"domain": [0.56, 1], "title": "log odds that the source gives, nats"} | answer,
        "yaxis2": {"anchor": "x2", "title": "that the larger model gives"} | answer,
    }
    shown = dress(go.Figure(traces(scene), layout), height=470)
    shown.update_xaxes(fixedrange=True).update_yaxes(fixedrange=True)
    shown.update_layout(margin={"l": 8, "r": 8, "t": 16, "b": 60})
    return shown.update_layout(legend={"y": -0.17, "itemclick": False, "itemdoubleclick": False})


def traces(scene: Scene) -> list[dict]:
    """The figure's traces, always the same ones in the same order: values from the source, new
    ones, what stands beneath and beside, the diagonal, both models' answers, the typed one."""
    right = 1 + GAP
    layers = [True, *scene.old]  # the embeddings first
    there, here = range(1 + sum(scene.old)), range(len(layers))
    kept = [i for i in here if layers[i]]
    from_source = [(0, 1, i) for i in there] + [(right, 1, i) for i in kept]
    new = [(right + 1, scene.times - 1, i) for i in kept]
    new += [(right, scene.times, i) for i in here if not layers[i]]
    return [
        _slabs(from_source, HUE["source"], "the source's values"),
        _slabs(new, HUE["grown"], "new"),
        _labels(scene, right),
        _diagonal(),
        *(_dots(scene, which) for which in ("naive", "grown")),
        *(_star(scene, which) for which in ("naive", "grown")),
    ]


def _slabs(slabs: list[tuple], colour: str, name: str) -> dict:
    """Bars to scale, from (left end, width, layer) triples."""
    return {
        "type": "bar",
        "orientation": "h",
        "base": [x for x, _, _ in slabs],
        "x": [wide for _, wide, _ in slabs],
        "y": [y for *_, y in slabs],
        "width": 0.78,
        "marker": {"color": colour, "line": {"width": 0}},
        "hoverinfo": "skip",
        "name": name,
    }


def _labels(scene: Scene, right: float) -> dict:
    """The labels beneath both stacks."""
    sizes = (scene.width, sum(scene.old)), (scene.times * scene.width, len(scene.old))
    return {
        "x": [0.5, right + scene.times / 2],
        "y": [-1.05, -1.05],
        "text": [f"width {width:,}<br>{_layers(n)}" for width, n in sizes],
        "mode": "text",
        "textfont": {"size": 16},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _layers(n: int) -> str:
    return f"{n} layers" if n > 1 else "1 layer"


SECOND = {"xaxis": "x2", "yaxis": "y2"}


def _diagonal() -> dict:
    pen = {"color": INK, "width": 2, "dash": "dot"}
    line = {"x": [-EDGE, EDGE], "y": [-EDGE, EDGE], "mode": "lines", "line": pen}
    return {**line, "name": "not moved", "hoverinfo": "skip", **SECOND}


def _dots(scene: Scene, which: str) -> dict:
    """A dot for each sentence; a value outside the axes is drawn at their edge."""
    found = scene.answers or {"source": [], which: []}
    x, y = found["source"], found[which]
    said = [f"“{escape(text[:60])}”" for text in scene.texts][: len(x)]
    rows = list(zip(said, x, y, strict=True))
    return {
        "x": [_inside(v) for v in x],
        "y": [_inside(v) for v in y],
        "customdata": rows,
        "mode": "markers",
        "marker": {"symbol": MARK[which], "size": 13, "color": HUE[which], "opacity": 0.85},
        "name": WORD[which],
        "hovertemplate": "%{customdata[0]}<br>source %{customdata[1]:.7f}<br>"
        f"{WORD[which]} %{{customdata[2]:.7f}}<extra></extra>",
        **SECOND,
    }


def _star(scene: Scene, which: str) -> dict:
    typed = scene.typed or {}
    mark = {"symbol": "star", "size": 22, "color": HUE[which]}
    return {
        "x": [_inside(typed["source"])] if typed else [],
        "y": [_inside(typed[which])] if typed else [],
        "mode": "markers",
        "marker": mark | {"line": {"width": 1.5, "color": INK}},
        "name": "your sentence",
        "showlegend": which == "grown",
        "hoverinfo": "skip",
        **SECOND,
    }


def _inside(value: float) -> float:
    return max(-EDGE, min(EDGE, value))


def cards(scene: Scene) -> str:
    """Three large numbers: the growth, and the largest change of an answer of either model."""
    before, after = scene.parameters
    size = f"{_short(before)} → {_short(after)}", f"parameters: × {after / max(before, 1):.1f}"
    boxes = [_card(INK, *size)]
    for which in ("grown", "naive"):
        if scene.answers is None:
            boxes.append(_card(HUE[which], "…", f"{WORD[which]}: asking"))
            continue
        n, far = len(scene.answers["source"]), scene.moved(which)
        said = f"{WORD[which]}: largest change of an answer, in nats; "
        said += f"{scene.turned(which)} of {n} change class"
        boxes.append(_card(HUE[which], f"{far:.7f}", said))
    look = f"display:flex;gap:.6em;font:16px {FONT};margin:.3em 0;max-width:80em"
    return f'<div style="{look}">{"".join(boxes)}</div>'


def _card(colour: str, large: str, small: str) -> str:
    return (
        f'<div style="flex:1;padding:.5em .9em;border-left:.4em solid {colour};background:#F7F7F7;'
        f'border-radius:.4em;color:{INK}"><div style="font-size:1.8em;line-height:1.2;'
        "white-space:nowrap;"
        f'font-weight:700;color:{colour};font-variant-numeric:tabular-nums">{large}</div>'
        f"{escape(small)}</div>"
    )


def _short(n: int) -> str:
    return f"{n / 1e6:.1f} M" if n >= 1e5 else f"{n:,}"


def answers(text: str, found: dict[str, float]) -> str:
    """P(positive) of a sentence by each model, four digits after the point, as bars of HTML.

    found: log odds for "source", "grown" and "naive".
    """
    from math import exp

    rows = []
    for which, odds in found.items():
        p = 100 / (1 + exp(-odds))
        rows.append(
            f'<div style="display:flex;align-items:center;gap:.8em;margin:.3em 0">'
            f'<div style="width:9em;font-weight:600;color:{HUE[which]}">{WORD[which]}</div>'
            f'<div style="flex:1;height:1.4em;background:#E9E9E9;border-radius:.3em;'
            f'position:relative"><div style="position:absolute;inset:0 {100 - p:.2f}% 0 0;'
            f'background:{HUE[which]};border-radius:.3em"></div><div style="position:absolute;'
            f'left:50%;top:-.2em;bottom:-.2em;border-left:2px solid {INK}"></div></div>'
            f'<div style="width:12em;font-variant-numeric:tabular-nums"><b>{p:.4f} %</b> positive'
            f"</div></div>"
        )
    return (
        f'<div style="font:17px {FONT};color:{INK};background:white;padding:.4em 1em;'
        f'border-radius:.4em;max-width:72em">“{escape(text[:200])}”{"".join(rows)}</div>'
    )
