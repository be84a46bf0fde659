"""The steps that a Transformer and an LSTM share: tokens, embedding, logits, probabilities."""

from math import log

from kit.html import escape
from kit.widgets.base.svg import CHOSEN, POSITIVE, number, percent, shade, term
from kit.widgets.reading.scene import Scene, arithmetic, panel, quoted, table, vector

__all__ = ["logits", "probabilities", "rows_of_embedding", "tokens"]


def tokens(scene: Scene) -> str:
    """The text as tokens, each with its place and its id."""
    chips = "".join(
        f'<div style="border:2px solid {CHOSEN if place == scene.token else "currentColor"};'
        f"border-radius:.4em;padding:.3em .6em;text-align:center;"
        f'{shade(place == scene.token, CHOSEN)}"><b style="font-size:1.15em">{escape(word)}</b>'
        f'<div style="opacity:.8">id {number:,}</div></div>'
        for place, (word, number) in enumerate(zip(scene.words, scene.ids, strict=True))
    )
    return panel(
        f"The text becomes {len(scene.words)} tokens",
        f"The tokenizer cuts the text into pieces that it knows: it knows {scene.vocabulary:,}. "
        "The model sees only their numbers, the ids. ‹begin› marks the beginning of a document, "
        f"and ␣ a blank. Follow the green token, {scene.word}.",
        f'<div style="display:flex;flex-wrap:wrap;gap:.5em">{chips}</div>',
    )


def rows_of_embedding(scene: Scene, title: str, text: str) -> str:
    """Every token's embedding as a strip."""
    embedding = scene.values.embedding
    limit = float(abs(embedding).max()) / 2
    rows = [
        [escape(word), f"{number:,}", vector(row, limit=limit)]
        for word, number, row in zip(scene.words, scene.ids, embedding, strict=True)
    ]
    heads = ["token", "id", f"its {embedding.shape[1]} numbers: blue above 0, orange below"]
    return panel(title, text, table(heads, rows, left=[2], chosen=scene.token))


def bar(share: float, text: str, wide: int = 200) -> str:
    """A bar of this share of its width, and a number beside it."""
    length = wide * max(0.0, share)
    return (
        f'<div style="display:flex;align-items:center;gap:.4em;width:{wide + 90}px">'
        f'<div style="width:{length:.0f}px;height:.9em;background:{POSITIVE}"></div>{text}</div>'
    )


def logits(scene: Scene) -> str:
    """The vector that the head reads, and the largest logits."""
    vector_read = scene.values.final[scene.token]
    top = scene.following[0]
    most = max(abs(other.logit) for other in scene.following)
    rows = [
        [
            escape(other.text),
            number(other.logit - other.bias),
            number(other.bias),
            bar(other.logit / most, number(other.logit)),
        ]
        for other in scene.following
    ]
    return panel(
        f"Logits: one score for each of the {scene.vocabulary:,} tokens",
        f"The last vector of {scene.word} is multiplied with a vector of every token that the "
        f"model knows{table_of(scene)}, and the token's bias is added. "
        "The sum is the token's logit.",
        f"<div>the last vector of {escape(scene.word)}: {vector(vector_read)}</div>",
        table(["token", "product", "+ bias", "= logit"], rows, left=[3]),
        arithmetic(
            f"{quoted(top.text)}: {number(top.logit - top.bias)} + {term(top.bias)} = "
            f"{number(top.logit)}"
        ),
    )


def table_of(scene: Scene) -> str:
    """Where the head's vectors come from."""
    return " (its row of the embedding table, as at the beginning)" if scene.tied else ""


def probabilities(scene: Scene) -> str:
    """The most probable next tokens, and the one that follows in the text."""
    shown = list(scene.following)
    if scene.actual is not None and scene.actual not in shown:
        shown.append(scene.actual)
    most = max(other.p for other in shown)
    rows = [
        [
            escape(other.text) + (" ← in the text" if other == scene.actual else ""),
            number(other.logit),
            bar(other.p / most, percent(other.p)),
        ]
        for other in shown
    ]
    top = scene.following[0]
    after = (
        f"In the text {quoted(scene.actual.text)} follows: the loss of this token is "
        f"−log {scene.actual.p:.4f} = {number(-log(scene.actual.p))} nats."
        if scene.actual
        else "Nothing follows in the text: this is the model's prediction of the next token."
    )
    return panel(
        f"Probabilities: what comes after {scene.word}?",
        f"softmax turns all {scene.vocabulary:,} logits into probabilities that sum to 1: each "
        f"exp(logit) is divided by the sum of all of them. {after}",
        table(["next token", "logit", "probability"], rows, left=[2]),
        arithmetic(
            f"{quoted(top.text)}: exp({number(top.logit)}) ÷ the sum of {scene.vocabulary:,} such "
            f"numbers = {percent(top.p)}"
        ),
    )
