"""A decoder that tags names, with its mask and without: what was recorded, and its picture."""

from kit import results
from kit.results.large_source_entities import (
    BACK,
    BOTH,
    FRESH,
    MINILM,
    OLD,
    all_sentences,
    by_seed,
)
from kit.widgets.base.style import COLOUR, SYMBOL, dress, error_bars

__all__ = ["figure"]

STYLE = {  # from below: (colour, symbol)
    OLD: (COLOUR["from_scratch"], "square-open"),
    FRESH: (COLOUR["from_scratch"], SYMBOL["from_scratch"]),
    BACK: ("#8C8C8C", "x"),
    MINILM: (COLOUR["full"], SYMBOL["full"]),
    BOTH: (COLOUR["frozen"], SYMBOL["frozen"]),
}


def figure(large_rows: list[dict], small: list[dict], minilm: float | None = None):
    """Left: F1 with 1,000 sentences. Right: with all of them, MiniLM's as given."""
    from plotly.subplots import make_subplots

    left = results.intervals(by_seed(large_rows, small))
    right = {BOTH: found["all"]} if "all" in (found := all_sentences(large_rows)) else {}
    right |= {} if minilm is None else {MINILM: (minilm, float("nan"))}
    shown = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.05,
        subplot_titles=["<b>1,000 sentences</b>", "<b>All 14,041 sentences</b>"],
    )
    for col, points in enumerate((left, right), 1):
        for name in (n for n in STYLE if n in points):
            mean, half = points[name]
            colour, symbol = STYLE[name]
            shown.add_scatter(
                x=[100 * mean],
                y=[name],
                error_x={"array": error_bars([half]), "thickness": 3, "width": 8},
                mode="markers+text",
                text=[f"<b>{100 * mean:.1f}</b>"],
                textposition="top center",
                textfont={"size": 18},
                marker={"color": colour, "symbol": symbol, "size": 13},
                showlegend=False,
                hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
                row=1,
                col=col,
            )
    shown.update_xaxes(title="F1 on the test, %")
    shown.update_xaxes(range=[0, 100], col=1)
    shown.update_xaxes(range=[84, 94], col=2)
    shown.update_yaxes(categoryorder="array", categoryarray=list(STYLE), range=[-0.5, 4.7])
    dress(shown, height=460)
    return shown.update_layout(dragmode=False, margin={"l": 240})
