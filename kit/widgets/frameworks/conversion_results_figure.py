"""Accuracy after fine-tuning from MiniLM, by the fault of its conversion, as a picture."""

from kit.display_names import display_name
from kit.html import BLUE, GREY, ORANGE
from kit.results.conversion import FRESH, NONE, summary
from kit.widgets.base.style import dress, error_bars

__all__ = ["figure"]


def figure():
    """A point and a 95 % interval for each fault, a panel for each number of labels; lines: the
    right copy, and the same model with fresh values."""
    from plotly.subplots import make_subplots

    found = summary()
    budgets = sorted({labels for _, labels in found if labels})
    faults = [fault for fault in dict.fromkeys(f for f, _ in found) if fault not in (NONE, FRESH)]
    faults.sort(key=lambda fault: found[fault, budgets[0]][0])
    titles = [f"<b>{n} labels</b>" for n in budgets]
    shown = make_subplots(1, len(budgets), subplot_titles=titles, shared_yaxes=True)
    for column, n in enumerate(budgets, 1):
        cells = [found[fault, n] for fault in faults]
        shown.add_scatter(
            x=[100 * mean for mean, _ in cells],
            y=[display_name(fault) for fault in faults],
            error_x={"array": error_bars([half for _, half in cells]), "thickness": 2.5},
            mode="markers",
            marker={"color": GREY, "size": 14, "symbol": "diamond"},
            name="a copy with a fault",
            showlegend=column == 1,
            hovertemplate="%{x:.1f} %<extra>%{y}</extra>",
            row=1,
            col=column,
        )
        for name, colour, dash in ((NONE, BLUE, "solid"), (FRESH, ORANGE, "dash")):
            pen = {"color": colour, "dash": dash, "width": 3}
            shown.add_vline(100 * found[name, n][0], line=pen, layer="below", row=1, col=column)
    pens = (("right copy", BLUE, "solid"), ("fresh values", ORANGE, "dash"))
    for name, colour, dash in pens:  # lines of shapes have no entry of their own
        line = {"color": colour, "dash": dash, "width": 3}
        shown.add_scatter(x=[None], y=[None], mode="lines", line=line, name=name, row=1, col=1)
    dress(shown, height=520)
    title = {"text": "right on test sentences, %", "font": {"size": 16}}
    shown.update_xaxes(title=title, range=[48, 84])
    return shown.update_layout(margin={"l": 200, "b": 90})
