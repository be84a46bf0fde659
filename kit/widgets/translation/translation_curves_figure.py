"""Translation: what was recorded of parents and children, as numbers and as pictures."""

from kit.display_names import display_name
from kit.results.translation import summary
from kit.tasks.translation import CHILDREN, LANGUAGES
from kit.widgets.base.style import COLOUR, DASH, SYMBOL, dress, error_bars

__all__ = ["curves", "kin"]

SERIES = {  # strategy -> what a figure calls it, colour, dash, symbol
    "full": ("with the parent", COLOUR["full"], DASH["full"], SYMBOL["full"]),
    "lora": ("with the parent, LoRA in the encoder", "#CC79A7", "dashdot", "triangle-up"),
    "from_scratch": (
        display_name("from scratch"),
        COLOUR["from_scratch"],
        DASH["from_scratch"],
        SYMBOL["from_scratch"],
    ),
    "memory": ("translation memory", "#595959", "dot", "x"),
    "english": ("left in English", "#1A1A1A", "longdash", "line-ew"),
}
KIN = {  # parent -> what it speaks, colour, symbol
    "romance": ("Spanish, French", COLOUR["full"], "circle"),
    "slavic": ("Russian, Polish", "#009E73", "diamond"),
    "far": ("Chinese, Japanese", COLOUR["from_scratch"], "square"),
}


def curves(rows: list[dict], value: str = "bleu"):
    """BLEU (or "chrf") against pairs, one panel a child: with the parent, from scratch, memory."""
    from plotly.subplots import make_subplots

    found = summary(rows, value)
    shown = make_subplots(
        cols=len(CHILDREN),
        shared_yaxes=True,
        horizontal_spacing=0.02,
        subplot_titles=[f"<b>{display_name(LANGUAGES[name])}</b>" for name in CHILDREN],
    )
    for column, language in enumerate(CHILDREN, 1):
        for strategy in SERIES:
            line = curve(found, language, strategy)
            first = line["x"] and line["name"] not in {t.name for t in shown.data if t.showlegend}
            shown.add_scatter(**line, showlegend=bool(first), row=1, col=column)
    ticks = sorted({key[3] for key in found if key[0] == "budgets"})
    shown.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{n:,}" for n in ticks])
    shown.update_xaxes(range=[1.85, 3.15], title={"text": "pairs", "standoff": 4})
    name = {"bleu": "BLEU", "chrf": "chrF"}[value]
    shown.update_yaxes(title={"text": f"{name} on test, 0 to 100"}, col=1)
    top = max(
        (mean for key, (mean, _) in found.items() if key[0] in ("budgets", "cheap")), default=100
    )
    shown.update_yaxes(range=[0, 1.15 * top])  # an interval may reach below zero, a score cannot
    dress(shown, height=460)
    return shown.update_layout(margin={"t": 44})


def curve(found: dict, language: str, strategy: str) -> dict:
    """One strategy of one child, as a trace; what needs no pair is a level line."""
    name, colour, dash, symbol = SERIES[strategy]
    wanted = ("budgets", "translator", language, strategy)
    points = sorted(
        (pairs, mean, half)
        for (part, source, of, pairs, how), (mean, half) in found.items()
        if (part, source, of, how) == wanted
    )
    level = found.get(("cheap", "translator", language, 0, strategy))
    points = [(n, level[0], 0.0) for n in (75, 1350)] if level else points
    return {
        "x": [pairs for pairs, _, _ in points],
        "y": [mean for _, mean, _ in points],
        "error_y": {"array": error_bars([h for *_, h in points], 1), "thickness": 2},
        "mode": "lines+markers",
        "line": {"color": colour, "dash": dash, "width": 3},
        "marker": {"symbol": symbol, "size": 10},
        "name": name,
        "hovertemplate": "%{x:,} pairs: %{y:.1f} ± %{error_y.array:.1f}<extra>" + name + "</extra>",
    }


def kin(rows: list[dict], value: str = "bleu"):
    """What each small parent is worth to a Romance and to a Slavic child, 300 pairs."""
    import plotly.graph_objects as go

    found, shown = summary(rows, value), go.Figure()
    children = sorted({key[2] for key in found if key[0] == "kin"})
    for i, (parent, (speaks, colour, symbol)) in enumerate(KIN.items()):
        keys = [("kin", parent, child, 300, "full") for child in children]
        there = [(j, *found[key]) for j, key in enumerate(keys) if key in found]
        shown.add_scatter(
            x=[j + (i - 1) * 0.16 for j, _, _ in there],
            y=[mean for _, mean, _ in there],
            error_y={"array": error_bars([h for *_, h in there], 1), "thickness": 2.5},
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 15},
            name=f"parent: {speaks}",
            hovertemplate="%{y:.1f} ± %{error_y.array:.1f}<extra>" + speaks + "</extra>",
        )
    for j, child in enumerate(children):
        level = found.get(("budgets", "translator", child, 300, "from_scratch"))
        if level:
            ends = {"x0": j - 0.4, "x1": j + 0.4, "y0": level[0], "y1": level[0]}
            shown.add_shape(line={"color": "#1A1A1A", "dash": "dot", "width": 2.5}, **ends)
    names = [f"child: {display_name(LANGUAGES[child])}" for child in children]
    ticks = {"tickvals": list(range(len(children))), "ticktext": names, "tickfont": {"size": 17}}
    name = {"bleu": "BLEU", "chrf": "chrF"}[value]
    shown.update_layout(
        xaxis={**ticks, "range": [-0.6, len(children) - 0.4]},
        yaxis={"title": f"{name} on test, 300 pairs", "rangemode": "tozero"},
        title={
            "text": f"<b>Kin</b>; dotted: {display_name('from scratch')}",
            "font": {"size": 18},
        },
    )
    return dress(shown, height=420)
