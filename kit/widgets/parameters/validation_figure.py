"""Held-out loss and accuracy, a bar for each model."""

from math import log

from kit.html import BLUE, INK, ORANGE, escape
from kit.widgets.base.style import dress

__all__ = ["figure"]

GOOD, BAD = BLUE, ORANGE


def figure(found: dict[str, tuple[float, float]]):
    """Mean loss in nats | accuracy, for name -> (loss, accuracy) with two classes.

    Dotted lines: chance, log 2 and one half. A loss above chance is red.
    """
    import plotly.graph_objects as go

    names = list(found)[::-1]
    panels = (
        ([found[n][0] for n in names], "{:.2f}", log(2), 1),
        ([100 * found[n][1] for n in names], "{:.0f} %", 50, 2),
    )
    colours = [GOOD if found[n][0] < log(2) else BAD for n in names]
    titles = ("held-out loss, nats a sentence", "judged right, %")
    layout = {
        "xaxis": {"domain": [0, 0.46], "range": [0, 0.95], "title": titles[0]},
        "xaxis2": {"domain": [0.54, 1], "range": [0, 100], "title": titles[1]},
        "yaxis2": {"anchor": "x2", "matches": "y", "showticklabels": False},
        "showlegend": False,
    }
    shown = go.Figure(layout=layout)
    for values, text, nothing, axis in panels:
        place = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
        said = [f"<b>{text.format(v)}</b>" for v in values]
        look = {"marker": {"color": colours}, "textfont": {"size": 18}, "textangle": 0}
        look |= {"textposition": "inside", "insidetextanchor": "start"}
        bar = {
            "x": values,
            "y": [escape(name) for name in names],
            "orientation": "h",
            "text": said,
            **look,
            **place,
        }
        shown.add_trace({"type": "bar", "hoverinfo": "skip", **bar})
        pen = {"color": INK, "dash": "dot", "width": 2.5}
        line = {"x0": nothing, "x1": nothing, "yref": "paper", "y0": 0, "y1": 1, "line": pen}
        shown.add_shape(line | {"xref": f"x{axis}"})
        end = {"yref": "paper", "y": 1, "yanchor": "bottom", "text": "knows nothing"}
        shown.add_annotation(end | {"x": nothing, "xref": f"x{axis}", "showarrow": False})
    dress(shown, height=110 + 52 * len(names))
    shown.update_yaxes(tickfont_size=16, automargin=True)
    return shown.update_annotations(font_size=14).update_layout(margin={"t": 32, "b": 48})
