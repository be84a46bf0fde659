"""What a head is: one body, and the four tasks as four heads on the same vectors."""

from dataclasses import dataclass

import numpy as np
import torch

from kit import tasks
from kit.errors import KitError
from kit.sources import Source
from kit.widgets.base.svg import (
    GREEN,
    NEGATIVE,
    POSITIVE,
    VIOLET,
    Drawing,
    arrow,
    box,
    label,
    strip,
    svg,
)

__all__ = ["TASKS", "Part", "drawing", "figure"]

TASKS = {
    "sentiment": ("classify", "the mean of all vectors", "positive or negative?"),
    "entities": ("tag", "each vector by itself", "which tokens are names?"),
    "translation": ("translate", "all vectors, by attention", "a text in another language"),
    "summarization": ("summarise", "all vectors, by attention", "a headline"),
}
"""Task -> what it does, what its head reads, what it answers."""
COLOURS = (POSITIVE, GREEN, NEGATIVE, VIOLET)
ROW, TOP = 96, 44
"""The height of a head's row, and of the titles above."""


@dataclass(frozen=True)
class Part:
    """One head of the picture."""

    task: str
    """A name of `TASKS`."""
    parameters: int
    """The number of its parameters."""
    outputs: int
    """Logits for each text, or for each token."""


def drawing(source: Source, text: str) -> Drawing:
    """The picture for a source: its own vectors of the text, and a fresh head of each task.

    Raises KitError for a text of more than 9 tokens.
    """
    ids = source.tokenizer.encode(text)
    if len(ids) > 9:
        raise KitError(f"{len(ids)} tokens do not fit the picture: give a text of a few words.")
    body = source.body.eval()
    with torch.inference_mode():
        device = next(body.parameters()).device
        vectors = body(torch.tensor([ids], device=device))[0].float().cpu().numpy()
    parts = []
    for name in TASKS:
        head = tasks.task(name).head(source.body.width, source.tokenizer)
        outputs = head.config.get("classes") or source.tokenizer.size
        parts.append(Part(name, sum(p.numel() for p in head.parameters()), outputs))
    words = source.tokenizer.pieces(text)
    size = sum(p.numel() for p in body.parameters())
    return figure(source.name, size, words, vectors, parts)


def figure(name: str, size: int, words: list[str], vectors: np.ndarray, parts: list[Part]):
    """Tokens | the body | a vector for each token | the heads and what they answer.

    size: the parameters of the body. vectors (T, D).
    """
    bottom = TOP + ROW * len(parts)
    titles = (
        (48, "tokens"),
        (192, "body"),
        (407, f"{vectors.shape[1]} numbers each"),
        (721, "head"),
        (985, "answer"),
    )
    shapes = [label(x, 24, text, 19, font_weight=700) for x, text in titles]
    shapes.append(box(110, TOP, 164, bottom - TOP - 12, "#808080"))
    about = (name, f"{size:,}", "parameters:", "the same for", "every task")
    for i, line in enumerate(about):
        y = TOP + (bottom - TOP) / 2 + 24 * (i - 2)
        shapes.append(label(192, y, line, 17, font_weight=600 if i == 0 else 400))
    step = (bottom - TOP - 12) / len(words)
    limit = 2 * float(vectors.std())
    for t, word in enumerate(words):
        y = TOP + step * (t + 0.5)
        shapes.append(label(92, y + 6, word, 17, anchor="end"))
        shapes.append(arrow(f"M96 {y}h10", "kit-head"))
        shapes.append(arrow(f"M276 {y}h24", "kit-head"))
        cells = strip(vectors[t], limit=limit, cell=200 / len(vectors[t]), height=16)
        shapes.append(
            cells.replace("<svg ", f'<svg x="306" y="{y - 8:g}" width="200" height="16" ', 1)
        )
    shapes.append(arrow(f"M518 {TOP}V{bottom - 12}", stroke_width=3))
    for row, (part, colour) in enumerate(zip(parts, COLOURS, strict=True)):
        shapes += head_row(part, TOP + ROW * row, colour, vectors.shape[1])
    said = f"one body, {name}, gives a vector for each token; each task has a head of its own"
    picture = svg(shapes, (1150, bottom + 4), said, least=820)
    return Drawing(picture, said)


def head_row(part: Part, y: float, colour: str, width: int) -> list[str]:
    """A head, what it reads, and what it answers."""
    does, reads, answer = TASKS[part.task]
    middle = y + (ROW - 12) / 2
    maps = f"{width} → {part.outputs:,}" if part.parameters < 1e5 else "a decoder"
    return [
        arrow(f"M518 {middle}h52", "kit-head", stroke=colour, stroke_width=3),
        box(576, y, 290, ROW - 12, colour),
        label(721, middle - 20, does, 18, font_weight=700),
        label(721, middle + 4, f"reads {reads}", 15),
        label(721, middle + 27, f"{maps}: {part.parameters:,} parameters", 15),
        arrow(f"M868 {middle}h30", "kit-head", stroke=colour, stroke_width=3),
        label(908, middle + 6, answer, 18, anchor="start"),
    ]
