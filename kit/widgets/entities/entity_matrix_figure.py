"""The recorded F1 of named entities: a panel for each source, a line for each strategy."""

from kit.html import GREEN, GREY, WINE, escape
from kit.tasks import entities
from kit.widgets.base.style import COLOUR, DASH, NAME, SYMBOL, dress, error_bars

__all__ = ["LOOKUP", "MORE", "legend", "matrix", "strategies"]

LOOKUP = "most frequent tag"

HALF = ("half of it", WINE, "dashdot", "diamond")

MORE = {  # name, colour, dash, symbol of what the course's style does not know
    "choose_layers": HALF,
    "narrow": HALF,
    "lora": ("LoRA", GREEN, "longdash", "triangle-up"),
    LOOKUP: ("most frequent tag of each word", GREY, "dot", "x"),
}

SOURCES = {
    "rnn_encoder": "RNN, 1.8 M",
    "transformer_encoder": "Transformer, 2.6 M",
    "minilm": "MiniLM, 22.7 M",
}


def legend() -> str:
    """The kinds of entity with their colours, as HTML."""
    return "".join(
        f'<span style="background:{entities.COLOURS[kind]}40;border-bottom:3px solid '
        f'{entities.COLOURS[kind]};padding:.1em .4em;margin-right:1em;border-radius:.25em">'
        f'<b style="font-size:.8em">{kind}</b> {escape(name)}</span>'
        for kind, name in entities.KINDS.items()
    )


def matrix(found: dict[tuple[str, int], dict[str, tuple[float, float]]]):
    """F1 against the number of sentences: a panel for each source, a line for each strategy.

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
    """The strategies shown for a source: the RNN is halved in width, the others in depth."""
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
