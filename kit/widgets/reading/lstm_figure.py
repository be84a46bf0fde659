"""How an LSTM reads, token by token: the map, and the gates, the state and the output of a unit.

T tokens, S units of a layer.
"""

from collections.abc import Callable

from kit.html import escape
from kit.models.activations import CellValues
from kit.widgets.base.svg import (
    NEGATIVE,
    POSITIVE,
    arrow,
    box,
    label,
    number,
    percent,
    shade,
    svg,
    term,
)
from kit.widgets.reading import tokens_figure
from kit.widgets.reading.scene import Scene, arithmetic, panel, table, vector

__all__ = ["STEPS", "station_map", "step"]

COLUMN, ROW = 116, 52
"""The distance of two tokens and of two layers, in the map."""
STATE_LIMIT = 1.0
"""The number of a state that has the full colour."""
Places = dict[str, tuple[float, float]]


def step(scene: Scene) -> str:
    """What happens at the chosen step, as HTML."""
    return STEPS[scene.step][1](scene)


def station_map(scene: Scene) -> tuple[str, Places]:
    """The LSTM once for each token, the layers above each other, as shapes and their size; and
    step -> the station's place. What the model has read so far is filled."""
    layers, T = len(scene.values.layers), len(scene.words)
    bottom = 60 + ROW * layers
    shapes = []
    for t, word in enumerate(scene.words):
        x = 90 + COLUMN * t
        is_read = t <= scene.token
        look = {"opacity": 1 if is_read else 0.4}
        shapes.append(label(x, bottom + 30, word, 17, font_weight=600, **look))
        shapes.append(arrow(f"M{x} {bottom + 12}v-16", "kit-head", **look))
        for layer in range(layers):
            y = bottom - ROW * layer - 24
            is_here = t == scene.token and layer == scene.layer
            colour = POSITIVE if is_read else "#808080"
            strength = 0.6 if is_here else 0.2 if is_read else 0
            shapes.append(box(x - 38, y - 17, 76, 34, colour, fill_opacity=strength, **look))
            shapes.append(label(x, y + 6, f"layer {layer + 1}", 15, **look))
            if t + 1 < T:
                to = {"opacity": 1 if t < scene.token else 0.4}
                shapes.append(arrow(f"M{x + 38} {y}h{COLUMN - 78}", "kit-head", **to))
            if layer + 1 < layers:
                shapes.append(arrow(f"M{x} {y - 17}v{34 - ROW + 1}", "kit-head", **look))
    x = 90 + COLUMN * scene.token
    top = bottom - ROW * (layers - 1) - 41
    shapes.append(arrow(f"M{x} {top}V34", "kit-head"))
    shapes.append(label(x, 22, "logits, probabilities", 16, fill=NEGATIVE, font_weight=700))
    cell = (x, bottom - ROW * scene.layer - 24)
    places = {"tokens": (x, bottom + 24), "embedding": (x, bottom + 2)}
    places |= dict.fromkeys(("gates", "state", "output"), cell)
    places |= dict.fromkeys(("logits", "probabilities"), (x, 44))
    wide = max(180 + COLUMN * (T - 1), 300)
    words = f"An LSTM with {layers} layers, which reads {T} tokens one after the other"
    return svg(shapes, (wide, bottom + 42), words, least=min(wide, 760)), places


def cell(scene: Scene) -> CellValues:
    return scene.values.layers[scene.layer]


def where(scene: Scene) -> str:
    return f"layer {scene.layer + 1}, unit {scene.part + 1}"


def embedding(scene: Scene) -> str:
    size = scene.values.embedding.shape[1]
    return tokens_figure.rows_of_embedding(
        scene,
        f"Each token becomes a vector of {size} numbers",
        f"The id is a row number: {scene.word} takes row {scene.ids[scene.token]:,} of the "
        "embedding table. An LSTM needs no positions: it reads one token after the other.",
    )


def gates(scene: Scene) -> str:
    values, t, u = cell(scene), scene.token, scene.part
    forgets = (values.f[t] < 0.5).mean()
    return panel(
        "Gates: how much to forget, to write and to show",
        f"The cell of layer {scene.layer + 1} sees the vector of {scene.word} and its own output "
        "after the token before. From these it computes, for each unit, three gates between 0 "
        "(closed) and 1 (open), and a candidate g between −1 and 1. f keeps the old state, i lets "
        f"the candidate in, o shows the result. At {scene.word} f is below 0.5 in "
        f"{percent(forgets)} of the units: they forget more than half of their state.",
        over_time(scene, *"ifog"),
        all_units(scene, "ifog"),
        arithmetic(
            f"{where(scene)} at {scene.word}: forget gate f = {number(values.f[t, u])}, input gate "
            f"i = {number(values.i[t, u])}, candidate g = {number(values.g[t, u])}"
        ),
    )


def state(scene: Scene) -> str:
    values, t, u = cell(scene), scene.token, scene.part
    f, i, g = (part[t, u] for part in (values.f, values.i, values.g))
    before, c = values.before[t, u], values.c[t, u]
    return panel(
        "The state: the old one fades, the new one is added",
        "c is the memory of the cell. The old state is multiplied by the forget gate, and the "
        "candidate, multiplied by the input gate, is added. A unit whose f stays near 1 remembers "
        "something over many tokens.",
        over_time(scene, "f", "before", "i", "g", "c"),
        all_units(scene, "c"),
        arithmetic(
            f"{where(scene)} at {scene.word}: c = f × (c before) + i × g = {number(f)} × "
            f"{term(before)} + {number(i)} × {term(g)} = {number(c)}"
        ),
    )


def output(scene: Scene) -> str:
    values, t, u = cell(scene), scene.token, scene.part
    o, c, h = (part[t, u] for part in (values.o, values.c, values.h))
    last = scene.layer + 1 == len(scene.values.layers)
    goes = "to the head, which predicts the next token" if last else "up to the next layer"
    return panel(
        "The output: what the cell shows of its state",
        "h is the state, pressed between −1 and 1 by tanh, times the output gate. It goes "
        f"{goes}, and to the right: the cell sees it again at the next token. All that this layer "
        f"knows of the text so far is in these 2 × {len(values.c[t])} numbers, c and h.",
        over_time(scene, *"coh"),
        all_units(scene, "ch"),
        arithmetic(
            f"{where(scene)} at {scene.word}: h = o × tanh(c) = {number(o)} × tanh({number(c)}) = "
            f"{number(h)}"
        ),
    )


def over_time(scene: Scene, *names: str) -> str:
    """These values of the chosen unit, a row for each token, as far as the model has read."""
    values, u = cell(scene), scene.part
    columns = [getattr(values, name)[:, u] for name in names]
    rows = [
        [
            escape(word),
            *(coloured(float(column[t])) if t <= scene.token else "" for column in columns),
        ]
        for t, word in enumerate(scene.words)
    ]
    heads = [f"unit {u + 1} at", *("c before" if name == "before" else name for name in names)]
    return table(heads, rows, chosen=scene.token, faded=scene.token + 1)


def coloured(value: float) -> str:
    """A number on a ground in the colour of its sign."""
    look = shade(abs(value), POSITIVE if value > 0 else NEGATIVE)
    return f'<div style="{look};padding:0 .4em;border-radius:.2em">{number(value)}</div>'


MEANING = {
    "i": "input gate",
    "f": "forget gate",
    "o": "output gate",
    "g": "candidate",
    "c": "state",
    "h": "output",
}


def all_units(scene: Scene, shown: str) -> str:
    """The values of all units of the layer at the chosen token, as strips."""
    values, t = cell(scene), scene.token
    rows = []
    for name in shown:
        row = getattr(values, name)[t]
        rows.append([f"{MEANING[name]} {name}", vector(row, wide=480, limit=STATE_LIMIT)])
    return table([f"at {scene.word}", f"all {len(values.c[t])} units of the layer"], rows, left=[1])


STEPS: dict[str, tuple[str, Callable[[Scene], str]]] = {
    "tokens": ("tokens", tokens_figure.tokens),
    "embedding": ("embedding", embedding),
    "gates": ("gates i, f, o and g", gates),
    "state": ("state c", state),
    "output": ("output h", output),
    "logits": ("logits", tokens_figure.logits),
    "probabilities": ("probabilities", tokens_figure.probabilities),
}
"""Step -> its name, and the function that draws it."""
