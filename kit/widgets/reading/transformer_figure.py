"""A token on its way through a Transformer, step by step: the map, and what happens at each step.

T tokens, D width, H heads, W width of a head.
"""

from collections.abc import Callable

import numpy as np

from kit.html import escape
from kit.models.activations import BlockValues
from kit.widgets.base.svg import (
    CHOSEN,
    GREEN,
    NEGATIVE,
    POSITIVE,
    VIOLET,
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
from kit.widgets.reading.scene import (
    Scene,
    arithmetic,
    panel,
    quoted,
    shaded,
    table,
    vector,
)

__all__ = ["STEPS", "station_map", "step"]

STREAM, ABOVE = 130, 64
"""The heights of the residual stream and of the parts beside it, in the map."""
Places = dict[str, tuple[float, float]]


def step(scene: Scene) -> str:
    """What happens at the chosen step, as HTML."""
    return STEPS[scene.step][1](scene)


def station_map(scene: Scene) -> tuple[str, Places]:
    """The model as a line of stations, as shapes and their size; and step -> the station's place.

    Only the chosen layer is drawn with its parts.
    """
    shapes, places, x = [], {}, 6.0
    for name, text, wide in (("tokens", "tokens", 84), ("embedding", "embedding", 124)):
        x = station(shapes, places, name, x, wide, text, VIOLET)
    for layer in range(len(scene.values.layers)):
        if layer == scene.layer:
            x = layer_parts(shapes, places, x, scene)
        else:
            x = station(shapes, {}, "", x, 86, f"layer {layer + 1}", "#808080")
    x = station(shapes, places, "logits", x, 84, "logits", NEGATIVE)
    x = station(shapes, places, "probabilities", x, 144, "probabilities", NEGATIVE, last=True)
    shapes.append(label(x - 6, STREAM + 44, "the line is the residual stream", 15, anchor="end"))
    words = f"The steps of a Transformer with {len(scene.values.layers)} layers, from left to right"
    return svg(shapes, (x + 6, STREAM + 54), words, least=760), places


def station(shapes, places, name, x, wide, text, colour, *, last=False) -> float:
    """Draw a box on the stream, and the stream to the next one; where that begins."""
    shapes.append(box(x, STREAM - 20, wide, 40, colour))
    shapes.append(label(x + wide / 2, STREAM + 6, text, 17, font_weight=600))
    places[name] = (x + wide / 2, STREAM - 35)
    if last:
        return x + wide
    shapes.append(arrow(f"M{x + wide} {STREAM}h22", "kit-head", stroke_width=3))
    return x + wide + 24


def layer_parts(shapes: list[str], places: Places, x: float, scene: Scene) -> float:
    """Draw attention and feed-forward of the chosen layer: each reads the stream and adds to it."""
    start = x
    heads = len(scene.values.layers[scene.layer].query)
    names = f"attention, head {scene.part + 1} of {heads}", "feed-forward"
    for name, text, wide in zip(("attention", "feed_forward"), names, (236, 142), strict=True):
        end = x + wide + 40
        shapes.append(arrow(f"M{x} {STREAM}H{end - 11}", stroke_width=3))
        shapes.append(arrow(f"M{x + 12} {STREAM}V{ABOVE}h8"))
        shapes.append(box(x + 20, ABOVE - 20, wide, 40, POSITIVE))
        shapes.append(label(x + 20 + wide / 2, ABOVE + 6, text, 17, font_weight=600))
        shapes.append(arrow(f"M{x + 20 + wide} {ABOVE}H{end}V{STREAM - 13}", "kit-head"))
        shapes.append(box(end - 11, STREAM - 11, 22, 22, GREEN, rx=11))
        shapes.append(label(end, STREAM + 6, "+", 20))
        places[name] = (end, STREAM)
        places[f"in {name}"] = (x + 20 + wide / 2, ABOVE - 35)
        x = end + 11
    places["feed_forward"] = places["in feed_forward"]
    for name in INSIDE:
        places[name] = places["in attention"]
    shapes.append(arrow(f"M{x} {STREAM}h22", "kit-head", stroke_width=3))
    frame = {"fill": "none", "stroke": "currentColor", "stroke_dasharray": "6 5", "opacity": 0.6}
    shapes.append(box(start - 4, 4, x - start + 10, STREAM + 28, "none", **frame))
    shapes.append(label(start + 6, STREAM + 24, f"layer {scene.layer + 1}", 16, anchor="start"))
    return x + 24


def block(scene: Scene) -> BlockValues:
    return scene.values.layers[scene.layer]


def head_name(scene: Scene) -> str:
    return f"layer {scene.layer + 1}, head {scene.part + 1}"


def embedding(scene: Scene) -> str:
    rows, read = scene.values.table, scene.values.embedding
    same = rows.shape == read.shape and np.allclose(rows, read)
    place = " The vector of its position is added." if scene.positions == "learned" else ""
    change = place if same or place else " A norm brings it to a common scale."
    return tokens_figure.rows_of_embedding(
        scene,
        f"Each token becomes a vector of {read.shape[1]} numbers",
        f"The id is a row number: {scene.word} takes row {scene.ids[scene.token]:,} of the "
        f"embedding table.{change} From here on the token is this vector: it flows along the "
        "residual stream, and each part of the model adds something to it.",
    )


def queries(scene: Scene) -> str:
    part, values = scene.part, block(scene)
    query, key, value = values.query[part], values.key[part], values.value[part]
    turned = (
        " Query and key are rotated by angles that grow with the token's position: so the model "
        "knows the order of the tokens."
        if scene.positions == "rotary"
        else ""
    )
    rows = [
        [escape(word), vector(k, wide=256, limit=4), vector(v, wide=256)]
        for word, k, v in zip(scene.words, key, value, strict=True)
    ]
    return panel(
        "Query, key and value",
        f"In {head_name(scene)}, three matrices turn each token's vector (first brought to a "
        f"common scale by a norm) into three short vectors of {query.shape[1]} numbers. The query "
        "says what a token looks for, the key what it can be found by, the value what it passes "
        f"on.{turned}",
        f"<div>query of {escape(scene.word)}: "
        f"{vector(query[scene.token], wide=256, limit=4)}</div>",
        table(["token", "its key", "its value"], rows, left=[1, 2], chosen=scene.token),
    )


def scores(scene: Scene) -> str:
    values, t = block(scene), scene.token
    products, scaled = values.products[scene.part, t], values.scores[scene.part, t]
    keys, width = values.key[scene.part], values.key.shape[-1]
    rows = [
        [escape(word), vector(k, wide=256, limit=4), number(a), number(b)]
        for word, k, a, b in zip(scene.words, keys, products, scaled, strict=True)
    ]
    best = int(products[: t + 1].argmax())
    return panel(
        f"Query · key: how well does each token fit {scene.word}?",
        f"The query of {scene.word} is multiplied with the key of each token, number by number, "
        f"and the {width} products are added up. The sum is divided by √{width} = "
        f"{number(width**0.5)}, so that the scores do not grow with the length of the vectors.",
        table(["token", "its key", "query · key", f"÷ √{width}"], rows, left=[1], chosen=t),
        arithmetic(
            f"best fit: {quoted(scene.words[best])}, {number(products[best])} ÷ "
            f"{number(width**0.5)} = {number(scaled[best])}"
        ),
    )


def mask(scene: Scene) -> str:
    scaled, t = block(scene).scores[scene.part], scene.token
    rows = [
        [escape(word), number(score), number(score) if place <= t else "−∞"]
        for place, (word, score) in enumerate(zip(scene.words, scaled[t], strict=True))
    ]
    later = len(scene.words) - 1 - t
    hides = (
        f"Here the mask hides {later} later token{'s' if later > 1 else ''}."
        if later
        else "It is the last token, so nothing is hidden from it: choose an earlier token."
    )
    return panel(
        "The causal mask: no token may look ahead",
        f"The model learns to predict the next token, so {scene.word} must not see it. The score "
        f"of every later token becomes −∞. {hides}",
        table(["token", "score", "after the mask"], rows, chosen=t, faded=t + 1),
        grid(scene, scaled, lambda score: number(score, 1), np.abs(scaled).max()),
    )


def weights(scene: Scene) -> str:
    values, t = block(scene), scene.token
    scaled, shares = values.scores[scene.part, t], values.weights[scene.part, t]
    seen = np.exp(scaled[: t + 1])
    rows = [
        [
            escape(word),
            number(scaled[s]),
            number(seen[s]),
            shaded(percent(shares[s]), shares[s]),
        ]
        for s, word in enumerate(scene.words[: t + 1])
    ]
    best = int(shares.argmax())
    return panel(
        "softmax: the scores become weights that sum to 1",
        "Each score goes through exp, which makes it positive, and is divided by the sum of the "
        f"row. These are the attention weights: {scene.word} takes {percent(shares[best])} of what "
        f"it reads from {quoted(scene.words[best])}.",
        table(["token", "score", "exp(score)", "weight"], rows, chosen=t),
        grid(scene, values.weights[scene.part], lambda share: f"{100 * share:.0f}", 1.0, " %"),
        arithmetic(
            f"{quoted(scene.words[best])}: {number(seen[best])} ÷ {number(seen.sum())} = "
            f"{percent(shares[best])}"
        ),
    )


def grid(
    scene: Scene, values: np.ndarray, text: Callable[[float], str], most: float, unit: str = ""
) -> str:
    """A number for each pair of tokens: a row for each one that looks, a column for each one that
    is looked at; what the mask hides is empty."""
    cell = "width:38px;height:26px;text-align:center;font-size:15px;padding:0"
    slanted = "writing-mode:vertical-rl;transform:rotate(180deg);text-align:left"
    head = "".join(
        f'<th style="font-weight:400;font-size:15px;vertical-align:bottom;padding:.2em 0">'
        f'<span style="{slanted}">{escape(word)}</span></th>'
        for word in scene.words
    )
    body = ""
    for t, word in enumerate(scene.words):
        look = f"outline:3px solid {CHOSEN};outline-offset:-2px" if t == scene.token else ""
        cells = "".join(
            f'<td style="{cell};{shade(values[t, s] / most) if values[t, s] > 0 else ""}">'
            f"{text(values[t, s])}</td>"
            if s <= t
            else f'<td style="{cell};background:rgba(128,128,128,.25)" title="hidden"></td>'
            for s in range(len(scene.words))
        )
        name = f'<th style="text-align:right;font-weight:400;padding:0 .5em">{escape(word)}</th>'
        body += f'<tr style="{look}">{name}{cells}</tr>'
    return (
        f'<table style="border-collapse:separate;border-spacing:1px;margin:0"><tr><td '
        f'style="font-size:14px;opacity:.8;text-align:right;vertical-align:bottom;padding:0 .5em">'
        f"every token{unit and ','}{unit}</td>{head}</tr>{body}</table>"
    )


def mixed(scene: Scene) -> str:
    values, t = block(scene), scene.token
    shares = values.weights[scene.part, t, : t + 1]
    parts = shares[:, None] * values.value[scene.part, : t + 1]
    total = values.mixed[scene.part, t]
    limit = float(np.abs(values.value[scene.part]).max())
    rows = [
        [
            escape(word),
            shaded(percent(share), share),
            vector(v, wide=256, limit=limit),
            vector(part, wide=256, limit=limit),
        ]
        for word, share, v, part in zip(
            scene.words, shares, values.value[scene.part], parts, strict=False
        )
    ]
    rows.append(["<b>sum</b>", percent(shares.sum()), "", vector(total, wide=256, limit=limit)])
    order = np.argsort(-shares)[:3]
    terms = " + ".join(
        f"{number(shares[s])} × {term(values.value[scene.part, s, 0])}" for s in order
    )
    return panel(
        "The weights mix the values",
        f"Each value is multiplied by its weight, and all are added up. So {scene.word} collects "
        f"{len(total)} numbers from the tokens before it: this is the output of the head.",
        table(["token", "weight", "its value", "weight × value"], rows, left=[2, 3]),
        arithmetic(f"first number: {terms}{' + …' if t > 2 else ''} = {number(total[0])}"),
    )


def attention(scene: Scene) -> str:
    values, t = block(scene), scene.token
    x, added, y = values.x[t], values.attention[t], values.middle[t]
    lengths = np.linalg.norm(values.shares[:, t], axis=-1)
    heads = [
        [f"head {i + 1}", tokens_figure.bar(length / lengths.max(), number(length))]
        for i, length in enumerate(lengths)
    ]
    return panel(
        "The heads' outputs are added to the residual stream",
        f"All {len(lengths)} heads have worked at the same time, each with its own matrices. An "
        f"output matrix turns what they read into {len(x)} numbers, which are added to the vector "
        f"of {scene.word}. Nothing is overwritten. The bars: the length of what each head adds.",
        added_up("before", x, "attention", added, y),
        table(["", "what it adds"], heads, left=[1], chosen=scene.part),
        arithmetic(f"first number: {number(x[0])} + {term(added[0])} = {number(y[0])}"),
    )


def added_up(name: str, x: np.ndarray, part: str, added: np.ndarray, y: np.ndarray) -> str:
    """x + what a part adds = y, as three strips in one scale."""
    limit = float(np.abs(y).max()) / 2
    rows = [
        [text, vector(values, wide=560, limit=limit)]
        for text, values in ((name, x), (f"+ {part}", added), ("= after", y))
    ]
    return table(["residual stream", f"{len(x)} numbers"], rows, left=[1])


def feed_forward(scene: Scene) -> str:
    values, t = block(scene), scene.token
    hidden, added = values.hidden[t], values.feed_forward[t]
    x, y = values.middle[t], values.y[t]
    active = int((hidden > 0.1).sum())
    rest = len(scene.values.layers) - 1 - scene.layer
    more = "One more layer" if rest == 1 else f"{rest} more layers"
    after = f" {more} with the same parts follow{'s' if rest == 1 else ''}." if rest else ""
    return panel(
        "Feed-forward: each token is processed on its own",
        f"Two matrices with {len(hidden)} units between them read the vector of {scene.word} "
        f"alone: no other token takes part. Of the units {active} have a value above 0.1, the "
        f"others are nearly off. Their output is added to the stream as well.{after}",
        f"<div>the {len(hidden)} units: {vector(hidden, limit=1)}</div>",
        added_up("before", x, "feed-forward", added, y),
        arithmetic(f"first number: {number(x[0])} + {term(added[0])} = {number(y[0])}"),
    )


INSIDE = ("queries", "scores", "mask", "weights", "values")
"""The steps inside attention."""

STEPS: dict[str, tuple[str, Callable[[Scene], str]]] = {
    "tokens": ("tokens", tokens_figure.tokens),
    "embedding": ("embedding", embedding),
    "queries": ("query, key, value", queries),
    "scores": ("query · key", scores),
    "mask": ("causal mask", mask),
    "weights": ("softmax", weights),
    "values": ("weighted values", mixed),
    "attention": ("added to the stream", attention),
    "feed_forward": ("feed-forward", feed_forward),
    "logits": ("logits", tokens_figure.logits),
    "probabilities": ("probabilities", tokens_figure.probabilities),
}
"""Step -> its name, and the function that draws it."""
