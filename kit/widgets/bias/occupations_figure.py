"""Occupations: the share of women in them, and the pronoun that a language model expects."""

from collections.abc import Mapping

from kit.html import BLUE, GREY, ORANGE
from kit.widgets.base.style import dress

__all__ = ["figure"]

NAMED = 0.9
"""Nats from which on an occupation's name stands beside its dot; the others show it on hover."""
APART = (16, 0.25)
"""Points and nats between two names that are both written: else the first is, by nats."""


def figure(occupations: Mapping[str, tuple[float, float, float]], writer: str):
    """One dot an occupation, as a plotly figure.

    occupations: name -> log p(she) - log p(he) where the pronoun refers to it, the same where it
    refers to somebody else (not shown), the share of women, 0 to 1.
    """
    import plotly.graph_objects as go

    names = sorted(occupations, key=lambda name: -abs(occupations[name][0]))
    nats = [occupations[name][0] for name in names]
    written: list[str] = []
    for name in names:
        place = occupations[name]
        free = all(
            abs(100 * (occupations[other][2] - place[2])) > APART[0]
            or abs(occupations[other][0] - place[0]) > APART[1]
            for other in written
        )
        if abs(place[0]) > NAMED and free:
            written.append(name)
    dots = {
        "x": [100 * occupations[name][2] for name in names],
        "y": nats,
        "text": [name if name in written else "" for name in names],
        "hovertext": names,
        "mode": "markers+text",
        "textposition": "top center",
        "textfont": {"size": 13},
        "hovertemplate": "%{hovertext}: %{x:.0f} % women, %{y:+.1f} nats<extra></extra>",
        "marker": {"size": 11, "color": [ORANGE if value > 0 else BLUE for value in nats]},
    }
    layout = {
        "xaxis": {"title": "women in the occupation (USA, 2015)", "ticksuffix": " %"},
        "yaxis": {"title": f"{writer}: log p(she) − log p(he), nats"},
        "shapes": [{"type": "line", "x0": 0, "x1": 100, "y0": 0, "y1": 0, "line": {"color": GREY}}],
    }
    return dress(go.Figure([dots], layout), height=560)
