"""The values of a tensor in source and target: two heat maps and two histograms."""

import torch
from torch import Tensor

from kit.html import BLUE, LIGHT_GREY
from kit.widgets.base.style import dress
from kit.widgets.parameters.tensors import bars, thumbnail

__all__ = ["KEYS", "figure", "headings", "traces"]

GROUND = {
    "name": "source",
    "line": {"color": LIGHT_GREY, "width": 2, "shape": "hvh"},
    "fill": "tozeroy",
    "fillcolor": "#D9D9D9",
}
LINE = {"name": "target", "line": {"color": BLUE, "width": 3, "shape": "hvh"}}
KEYS = ("x", "y", "z", "zmin", "zmax")
"""The keys of the traces that change from tensor to tensor."""


def figure(there: Tensor | None, here: Tensor | None):
    """Heat map in the source | in the target, and beneath them both histograms."""
    import plotly.graph_objects as go

    still = {"showticklabels": False, "showline": False, "showgrid": False}
    layout = {
        "xaxis": {"domain": [0, 0.47]},
        "yaxis": {"domain": [0.5, 1]},
        "xaxis2": {"domain": [0.53, 1]},
        "yaxis2": {"domain": [0.5, 1], "anchor": "x2"},
        "xaxis3": {"anchor": "y3", "title": "value", "nticks": 5},
        "yaxis3": {"domain": [0, 0.33], "title": "% of values", "rangemode": "tozero"},
        "annotations": [
            {"text": text, "x": x, "y": 1.01, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.235, 0.765), headings(there, here), strict=True)
        ],
    }
    shown = dress(go.Figure(traces(there, here), layout), height=470)
    for axis in (shown.layout.xaxis, shown.layout.xaxis2, shown.layout.yaxis, shown.layout.yaxis2):
        axis.update(still)
    shown.update_yaxes(autorange="reversed", selector=lambda axis: axis.domain[1] == 1)
    shown.update_annotations(font_size=14)
    return shown.update_layout(
        margin={"l": 48, "r": 8, "t": 56, "b": 44}, dragmode=False, showlegend=False
    )


def headings(there: Tensor | None, here: Tensor | None) -> list[str]:
    """The titles of the heat maps."""
    return [
        f"<b>{what}</b><br>" + ("nothing" if v is None else " × ".join(f"{n:,}" for n in v.shape))
        for what, v in (("there: source", there), ("here: target", here))
    ]


def traces(there: Tensor | None, here: Tensor | None) -> list[dict]:
    """Two heat maps on one scale, blue below zero and red above; two histograms on one axis."""
    far = max(_far(there), _far(here)) or 1.0
    scale = {"type": "heatmap", "colorscale": "RdBu", "reversescale": True, "showscale": False}
    scale |= {"zmin": -far, "zmax": far, "hovertemplate": "%{z:.3f}<extra></extra>"}
    middle = torch.linspace(-far, far, 41).tolist()
    found = []
    for axes, values in (({}, there), ({"xaxis": "x2", "yaxis": "y2"}, here)):
        found.append({**scale, **axes, "z": [[]] if values is None else thumbnail(values)})
    for values, look in ((there, GROUND), (here, LINE)):
        height = [] if values is None else bars(values, far)
        line = {"x": middle[: len(height)], "y": height, "mode": "lines"}
        found.append({**line, **look, "xaxis": "x3", "yaxis": "y3"})
    return found


def _far(values: Tensor | None) -> float:
    """Four standard deviations around zero, so that a few outliers do not flatten the rest."""
    return 0.0 if values is None else 4 * float(values.detach().square().mean().sqrt())
