"""Sentiment across domains: what was recorded, as numbers and as a picture."""

from kit.display_names import display_name
from kit.results.domains import constant, summary
from kit.tasks.sentiment import DOMAINS
from kit.widgets.base.style import COLOUR, SYMBOL, dress, error_bars

__all__ = ["figure"]

SERIES = {  # what a figure calls it: (source or control, start, was trained on films first, how)
    "400 film labels, source": ("full", True, False),
    "400 film labels, from scratch": ("from_scratch", True, False),
    "400 film labels, TF-IDF": ("tfidf", True, False),
    "films, then 100 of its own": ("full", True, True),
    "100 of its own alone": ("full", False, True),
}
LOOK = {
    "400 film labels, source": (COLOUR["full"], SYMBOL["full"]),
    "400 film labels, from scratch": (COLOUR["from_scratch"], SYMBOL["from_scratch"]),
    "400 film labels, TF-IDF": (COLOUR["tfidf"], SYMBOL["tfidf"]),
    "films, then 100 of its own": ("#009E73", "diamond"),
    "100 of its own alone": ("#CC79A7", "triangle-up"),
}


def figure(rows: list[dict], source: str):
    """Accuracy in each domain: trained on films only, with a few labels of its own, on these
    alone; dotted: always the same answer. For one source, as a plotly figure."""
    import plotly.graph_objects as go

    shown, found = go.Figure(), summary(rows)
    for i, (name, series) in enumerate(SERIES.items()):
        cells = [found.get(_key(source, domain, *series)) for domain in DOMAINS]
        there = [(j, cell) for j, cell in enumerate(cells) if cell]
        colour, symbol = LOOK[name]
        shown.add_scatter(
            x=[j + (i - 2) * 0.13 for j, _ in there],
            y=[100 * mean for _, (mean, _) in there],
            error_y={"array": error_bars([half for _, (_, half) in there]), "thickness": 2.5},
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 14},
            name=name,
            hovertemplate="%{y:.1f} %<extra>" + name + "</extra>",
        )
    for j, level in enumerate(constant(rows).values()):
        pen = {"color": "#1A1A1A", "dash": "dot", "width": 2.5}
        ends = {"x0": j - 0.4, "x1": j + 0.4, "y0": 100 * level, "y1": 100 * level}
        shown.add_shape(line=pen, **ends)
    ticks = {
        "tickvals": list(range(len(DOMAINS))),
        "ticktext": [display_name(name) for name in DOMAINS],
    }
    shown.update_layout(
        xaxis={**ticks, "range": [-0.5, len(DOMAINS) - 0.5], "tickfont": {"size": 18}},
        yaxis={"title": "right on its test sentences, %", "range": [40, 100]},
        title={"text": f"<b>{source}</b>; dotted: always the same answer", "font": {"size": 18}},
    )
    return dress(shown, height=500)


def _key(source: str, domain: str, start: str, films: bool, own: bool) -> tuple:
    own = own and domain != "films"
    given = ["films 400"] * films + [f"{domain} 100"] * own
    if start == "tfidf":
        return ("counted", "tfidf", "", " + ".join(given), domain)
    return (source, start, "cross_entropy", " + ".join(given), domain)
