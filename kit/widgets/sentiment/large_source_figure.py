"""A larger source, read in the middle: what was recorded of it, as numbers and as a picture."""

from kit.results.large_source import LARGER, RANDOM, layers, summary
from kit.widgets.base.style import COLOUR, DASH, SYMBOL, dress, heights

__all__ = ["figure"]

SERIES = {  # what a figure calls it: (colour, dash, symbol)
    LARGER: (COLOUR["frozen"], DASH["frozen"], SYMBOL["frozen"]),
    RANDOM: ("#8C8C8C", "dot", "x"),
    "MiniLM, fine-tuned": (COLOUR["full"], DASH["full"], SYMBOL["full"]),
    "MiniLM's shape, from scratch": (
        COLOUR["from_scratch"],
        DASH["from_scratch"],
        SYMBOL["from_scratch"],
    ),
}


def figure(large_rows: list[dict], minilm: list[dict]):
    """Left: accuracy by the number of blocks below the head. Right: by labels, beside MiniLM."""
    from plotly.subplots import make_subplots

    shown = make_subplots(
        cols=2,
        column_widths=[0.42, 0.58],
        horizontal_spacing=0.09,
        subplot_titles=["<b>Which block?</b> 100 labels", "<b>How many labels?</b> Test"],
    )
    middle, found = layers(large_rows), summary(large_rows, minilm)
    colour, _, symbol = SERIES[LARGER]
    shown.add_scatter(
        x=list(middle),
        **heights(middle.values()),
        mode="lines+markers",
        line={"color": colour, "width": 3},
        marker={"symbol": symbol, "size": 11},
        showlegend=False,
        hovertemplate="%{x} of 30 blocks: %{y:.1f} %<extra>validation</extra>",
        row=1,
        col=1,
    )
    budgets = sorted({n for _, n in found})
    place = {n: i for i, n in enumerate(budgets)}
    for number, (name, (colour, dash, symbol)) in enumerate(SERIES.items()):
        there = [(n, found[name, n]) for n in budgets if (name, n) in found]
        shown.add_scatter(
            x=[place[n] + (number - 1.5) * 0.05 for n, _ in there],
            **heights(cell for _, cell in there),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 3},
            marker={"symbol": symbol, "size": 11},
            name=name,
            hovertemplate="%{y:.1f} %<extra>" + name + "</extra>",
            row=1,
            col=2,
        )
    shown.update_xaxes(title="blocks below the head, of 30", tickvals=list(middle), col=1)
    ticks = {"tickvals": list(place.values()), "ticktext": [f"{n:,}" for n in budgets]}
    shown.update_xaxes(title="labelled film sentences", **ticks, col=2)
    shown.update_yaxes(title="right on validation, %", col=1)
    shown.update_yaxes(title="right on the test, %", col=2)
    dress(shown, height=520)
    return shown.update_layout(legend={"y": -0.24}, margin={"b": 130})
