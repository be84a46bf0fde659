"""The attention of a translation model to the English words, for each word of its translation.

U words written, T words read. The highlighting of hovered words is CSS and needs no kernel.
"""

import itertools
from dataclasses import dataclass
from html import escape

import numpy as np
import torch
from torch import nn

from kit.data.placeholders import hide, restore
from kit.html import FONT, GREY, INK
from kit.tasks import translation
from kit.tokenizer import Tokenizer

__all__ = ["Alignment", "align", "page"]

BLUE_RGB = (0, 114, 178)
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Alignment:
    """A text, its translation, and the attention between their words, as plain data."""

    read: list[str]
    """The English words."""
    written: list[str]
    """The words of the translation, and the end."""
    weights: np.ndarray
    """(U, T): the attention of a word that is written to each that is read; rows sum to 1."""


@torch.inference_mode()
def align(
    model: nn.Module, tokenizer: Tokenizer, text: str, language: str = "it"
) -> tuple[str, Alignment]:
    """The translation of a text, and its alignment: the attention of the decoder's last layer
    to the encoder, the mean of its heads, pieces put together to words.

    A word's row is the mean over its pieces, its column the sum. The tag counts as a word."""
    model.eval()
    [answer] = translation.predict(model, tokenizer, text, language)
    english, names = hide(text)
    ids = tokenizer.encode(translation.tag(language) + english, translation.LIMIT)
    written = tokenizer.encode(hide(answer, names)[0], translation.LIMIT)
    seen = looks(model, ids, written[:-1])  # (U, T)
    rows, out = words(written[1:], tokenizer, names)
    columns, read = words(ids[1:], tokenizer, names)
    read[0] = f"‹to {translation.LANGUAGES[language]}›"
    by_column = np.stack([seen[:, [c + 1 for c in some]].sum(1) for some in columns], 1)
    weights = np.stack([by_column[some].mean(0) for some in rows])
    return answer, Alignment(read, out, weights / weights.sum(1, keepdims=True))


def looks(model: nn.Module, ids: list[int], target: list[int]) -> np.ndarray:
    """(U, T): attention to each piece while the decoder reads `target`."""
    device = next(model.parameters()).device
    x, y = (torch.tensor([row], device=device) for row in (ids, target))
    memory = model.head.bridge(model.body(x))
    _, *seen = model.head.decoder(y, None, memory, None, explain=True)
    return seen[-1][-1][0].float().mean(0).cpu().numpy()


def words(
    ids: list[int], tokenizer: Tokenizer, names: list[str]
) -> tuple[list[list[int]], list[str]]:
    """Which pieces make up each word, and the words; a word begins with a blank or a sign."""
    groups: list[list[int]] = []
    for i, piece in enumerate(ids):
        text = tokenizer.decode([piece])
        begins = not groups or not text or not text[0].isalnum() or "\ue000" <= text[0] <= "\uf8ff"
        after = groups and not tokenizer.decode([ids[groups[-1][-1]]])[-1:].isalnum()
        broken = "\ufffd" in text  # a part of a character
        if (begins or after) and not (broken and groups):
            groups.append([])
        groups[-1].append(i)
    said = [restore(tokenizer.decode([ids[i] for i in some]), names).strip() for some in groups]
    return groups, [
        word or "‹end›" if some[-1] == len(ids) - 1 else word
        for some, word in zip(groups, said, strict=True)
    ]


def page(shown: Alignment) -> str:
    """Both texts and the attention grid as HTML; hovering or focusing a word highlights it."""
    name = f"align{next(NUMBERS)}"
    lines = [line(shown.read, "r", "English"), line(shown.written, "w", "written")]
    return (
        f'<div id={name!r} style="font:20px {FONT};color:{INK};background:white;padding:.4em">'
        f"<style>{style(name, shown.weights)}</style>{''.join(lines)}{grid(shown)}</div>"
    )


def line(words: list[str], kind: str, what: str) -> str:
    """One of the two texts; the class of each word has its number."""
    boxes = "".join(
        f'<span class="{kind}{i} word" tabindex="0">{escape(word)}</span>'
        for i, word in enumerate(words)
    )
    return f'<div class="line"><span class="what">{what}</span>{boxes}</div>'


def grid(shown: Alignment) -> str:
    """The weights in percent as a table: a column for each English word, a row for each written."""
    head = "".join(f'<th class="r{j}">{escape(word)}</th>' for j, word in enumerate(shown.read))
    rows = [f"<tr><th></th>{head}</tr>"]
    for i, word in enumerate(shown.written):
        cells = "".join(cell(i, j, weight) for j, weight in enumerate(shown.weights[i]))
        rows.append(f'<tr><th class="w{i}">{escape(word)}</th>{cells}</tr>')
    return f"<table>{''.join(rows)}</table>"


def cell(i: int, j: int, weight: float) -> str:
    ink = "white" if weight > 0.5 else INK
    text = f"{100 * weight:.0f}" if weight >= 0.05 else ""
    paint = f"background:{shade(weight)};color:{ink}"
    return f'<td class="c{i}_{j}" style="{paint}" title="{100 * weight:.0f} %">{text}</td>'


def shade(weight: float) -> str:
    """White for 0, the course's blue for 1."""
    mixed = (round(255 + (part - 255) * min(1.0, float(weight))) for part in BLUE_RGB)
    return f"rgb({','.join(map(str, mixed))})"


def style(name: str, weights: np.ndarray) -> str:
    """The CSS rules: a hovered word highlights the words of the other text by their weights."""
    rules = [
        f"#{name} .word,#{name} th{{padding:.15em .3em;border-radius:.3em;font-weight:500}}",
        f"#{name} .word{{cursor:default;display:inline-block}}",
        f"#{name} .word:hover,#{name} .word:focus{{outline:3px solid {INK}}}",
        f"#{name} .line{{margin:.35em 0}} #{name} .what{{display:inline-block;width:5em;"
        f"color:{GREY};font-size:16px}}",
        f"#{name} table{{border-collapse:separate;border-spacing:2px;margin-top:.6em}}",
        f"#{name} td{{width:3.2em;height:1.8em;text-align:center;font-size:15px;padding:0}}",
        f"#{name} th{{font-size:16px;text-align:right;background:none}}",
    ]
    for i, row in enumerate(weights):
        for j, weight in enumerate(row):
            rules += lights(name, i, j, float(weight), weights)
    return "".join(rules)


def lights(name: str, i: int, j: int, weight: float, weights: np.ndarray) -> list[str]:
    """The CSS rules of one pair of words."""
    back = float(weight / max(weights[:, j].max(), 1e-9)) * min(1.0, float(weights[:, j].max()))
    found = []
    for mine, other, strength in ((f"w{i}", f"r{j}", weight), (f"r{j}", f"w{i}", back)):
        if strength >= 0.05:
            ink = "white" if strength > 0.5 else INK
            on = f"#{name}:has(.{mine}:hover) .{other},#{name}:has(.{mine}:focus) .{other}"
            found.append(f"{on}{{background:{shade(strength)};color:{ink}}}")
    if weight >= 0.05:
        on = f"#{name}:has(.c{i}_{j}:hover)"
        found.append(f"{on} .w{i},{on} .r{j}{{outline:3px solid {INK}}}")
    return found
