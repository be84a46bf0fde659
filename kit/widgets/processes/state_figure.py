"""What training keeps in each process: parameters, gradients and moments, held by all or shared."""

from kit.html import BLUE, GREEN, GREY, ORANGE
from kit.train.scaling import state_bytes
from kit.widgets.base.style import dress

__all__ = ["CARDS", "MODELS", "WAYS", "figure", "message", "traces"]

GIGA = 1e9
MODELS = {
    "MiniLM": (22_565_376, 73_728),
    "SmolLM2-135M": (134_515_008, 4_884_480),
    "Llama 2 7B": (6_738_415_616, 39_976_960),
    "Llama 2 70B": (68_976_648_192, 207_093_760),
}
"""Model -> its parameters, and those of LoRA of rank 8 (MiniLM: queries and values, as in lesson
05) or 16 (the others: all linear layers of the blocks)."""
CARDS = {"laptop, 8 GB": 8, "GPU, 24 GB": 24, "GPU, 80 GB": 80}
"""Memory -> gigabytes."""
WAYS = ("full", "lora")
COLOURS = {"parameters": BLUE, "gradients": ORANGE, "moments": GREEN}


def figure(model: str, way: str, processes: int, card: str):
    """Two bars: each process holds all, and each holds its share; a line: the memory there is."""
    import plotly.graph_objects as go

    layout = {
        "barmode": "stack",
        "bargap": 0.35,
        "xaxis": {"title": "gigabytes in each process", "fixedrange": True, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed", "fixedrange": True},
        "dragmode": False,
    }
    shown = dress(go.Figure(traces(model, way, processes, card), layout), height=300)
    return shown.update_layout(margin={"l": 170, "t": 16, "b": 110}, legend={"y": -0.5})


def traces(model: str, way: str, processes: int, card: str) -> list[dict]:
    """A stack for each engine, and the line of the memory."""
    names = ["held by each", f"shared by {processes}"]
    pair = [_state(model, way, processes, shard) for shard in (False, True)]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": part,
            "y": names,
            "x": [state[part] / GIGA for state in pair],
            "marker": {"color": colour},
            "hovertemplate": "%{x:.3g} GB<extra>%{y}: " + part + "</extra>",
        }
        for part, colour in COLOURS.items()
    ]
    limit = {
        "type": "scatter",
        "mode": "lines",
        "name": card,
        "x": [CARDS[card]] * 2,
        "y": names,
        "line": {"color": GREY, "dash": "dash", "width": 3},
        "hoverinfo": "skip",
    }
    return [*bars, limit]


def message(model: str, way: str, processes: int, card: str) -> str:
    """What fits, in a sentence."""
    held, shared = (
        sum(_state(model, way, processes, shard).values()) / GIGA for shard in (False, True)
    )
    fits = ["fits" if gigabytes < CARDS[card] else "does not fit" for gigabytes in (held, shared)]
    return (
        f"Held by each process: <b>{_digits(held)} GB</b>, which {fits[0]}. Shared by {processes}: "
        f"<b>{_digits(shared)} GB</b> in each, which {fits[1]} ({card}). Activations come on top."
    )


def _digits(gigabytes: float) -> str:
    """Three digits, or all before the point."""
    return f"{gigabytes:,.0f}" if gigabytes >= 100 else f"{gigabytes:.3g}"


def _state(model: str, way: str, processes: int, shard: bool) -> dict[str, float]:
    parameters, lora = MODELS[model]
    if way == "full":
        return state_bytes(parameters, parameters, processes, shard=shard)
    return state_bytes(parameters + lora, lora, processes, shard=shard)
