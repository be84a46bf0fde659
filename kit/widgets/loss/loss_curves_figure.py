"""Cross-entropy and squared error, and their slopes, as functions of the answer ŷ."""

import torch

from kit.html import FONT, INK, LIGHT_GREY, PAPER, WINE
from kit.train.loss_curves import cost
from kit.widgets.base.style import dress

__all__ = ["COLOUR", "HEIGHT", "HIGHEST", "LOWEST", "figure", "traces", "verdict"]

COLOUR = {"cross_entropy": WINE, "squared_error": "#B35900"}

DASH = {"cross_entropy": "solid", "squared_error": "dash"}

NAME = {"cross_entropy": "cross-entropy", "squared_error": "squared error"}

LOWEST, HIGHEST = -3.0, 4.0

HEIGHT = {"answer": ([-0.5, 16.5], [-8.8, 6.8]), "probability": ([-0.1, 3.3], [-1.1, 0.15])}
"""The ranges of the panels: of losses, of slopes."""


def figure(answer: float, of: str = "answer"):
    """The loss of ŷ | its slope, as a plotly figure."""
    import plotly.graph_objects as go

    ticks = {"tickvals": list(range(-3, 5)), "range": [LOWEST - 0.1, HIGHEST + 0.1]}
    losses, slopes = HEIGHT[of]
    names = ("<b>The loss of the answer</b>: ℓ(1, ŷ)", "<b>Its slope</b>: dℓ/dŷ")
    layout = {
        "xaxis": {"domain": [0, 0.46], "title": "the answer ŷ (truth: 1)", **ticks},
        "xaxis2": {"domain": [0.57, 1], "title": "the answer ŷ (truth: 1)", **ticks},
        "yaxis": {"range": losses, "title": "loss of one example"},
        "yaxis2": {"anchor": "x2", "range": slopes, "title": "slope, loss per unit of ŷ"},
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.23, 0.785), names, strict=True)
        ],
    }
    return dress(go.Figure(traces(answer, of), layout | {"dragmode": False}), height=430)


def traces(answer: float, of: str = "answer") -> list[dict]:
    """The traces: for each loss its curve, tangent and point, then its slopes and their point."""
    grid = torch.linspace(LOWEST, HIGHEST, 141).tolist()
    shown = []
    for name, colour in COLOUR.items():
        losses, slopes = cost(name, grid, of)
        [loss], [slope] = cost(name, [answer], of)
        pen = {"color": colour, "dash": DASH[name], "width": 4}
        dot = {"size": 16, "color": colour, "line": {"color": "white", "width": 2.5}}
        left = {"legendgroup": name, "hovertemplate": "ŷ = %{x:.2f}: %{y:.2f}<extra></extra>"}
        right = {**left, "xaxis": "x2", "yaxis": "y2", "showlegend": False}
        reach = [answer - 1.1, answer + 1.1]
        tangent = {"x": reach, "y": [loss - 1.1 * slope, loss + 1.1 * slope]}
        line = {"color": INK, "width": 2.5}
        curve = {"x": grid, "y": losses, "mode": "lines", "line": pen, "name": NAME[name]}
        shown += [
            curve | left,
            tangent | left | {"mode": "lines", "line": line, "showlegend": False},
            {"x": [answer], "y": [loss], "mode": "markers", "marker": dot, "showlegend": False}
            | left,
            {"x": grid, "y": slopes, "mode": "lines", "line": pen} | right,
            {"x": [answer], "y": [slope], "mode": "markers", "marker": dot} | right,
        ]
    flat = {"color": LIGHT_GREY, "width": 1.5, "dash": "dot"}
    zero = {"x": [LOWEST, HIGHEST], "y": [0, 0], "mode": "lines", "line": flat}
    return [*shown, zero | {"xaxis": "x2", "yaxis": "y2", "showlegend": False, "hoverinfo": "skip"}]


def verdict(answer: float, of: str = "answer") -> str:
    """The same in words, as HTML: the probability of the right class, both losses, both slopes."""
    share = 100 / (1 + torch.exp(torch.tensor(-answer)).item())
    mood = "wrong and sure of it" if answer < -1.5 else "wrong" if answer < 0 else "right"
    boxes = "".join(
        f'<div style="flex:1;border-left:.4em solid {colour};padding:.1em .9em">'
        f'<b style="color:{colour}">{NAME[name]}</b><br>costs {_big(f"{loss:.2f}")}'
        f" · slope {_big(f'{slope:+.2f}')}</div>"
        for name, colour in COLOUR.items()
        for [loss], [slope] in [cost(name, [answer], of)]
    )
    return (
        f'<div style="display:flex;gap:.8em;align-items:center;font:17px {FONT};color:{INK};'
        f'background:{PAPER};border-radius:.4em;padding:.5em .9em;max-width:56em">'
        f'<div style="flex:.8">right class gets {_big(f"{share:.0f} %")}<br>{mood}</div>'
        f"{boxes}</div>"
    )


def _big(number: str) -> str:
    return f'<b style="font-size:1.35em">{number.replace("-", "−")}</b>'
