"""Word alignment: the attention of each written word to the English words.

U words written, T words read.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from kit.data.placeholders import hide, restore
from kit.tasks import translation
from kit.tokenizer import Tokenizer

__all__ = ["Alignment", "align"]


@dataclass(frozen=True)
class Alignment:
    """The words of a text and of its translation, and the attention between them, as plain data."""

    read: list[str]
    """The English words."""
    written: list[str]
    """The words of the translation, and the end of the sequence."""
    weights: np.ndarray
    """(U, T): the attention of each written word to each English word; rows sum to 1."""


@torch.inference_mode()
def align(
    model: nn.Module, tokenizer: Tokenizer, text: str, language: str
) -> tuple[str, Alignment]:
    """The translation of a text, and its alignment: the cross-attention of the decoder's last
    layer, the mean of its heads, with tokens joined to words.

    A written word's row is the mean over its tokens, an English word's column their sum. The
    language's tag counts as a word. Raises KitError as `translation.predict` does.
    """
    model.eval()
    [answer] = translation.predict(model, tokenizer, text, language)
    english, names = hide(text)
    ids = tokenizer.encode(translation.tag(language) + english, translation.LIMIT)
    written = tokenizer.encode(hide(answer, names)[0], translation.LIMIT)
    attention = cross_attention(model, ids, written[:-1])  # (U, T)
    rows, written_words = words(written[1:], tokenizer, names)
    columns, read_words = words(ids[1:], tokenizer, names)
    read_words[0] = f"‹to {translation.LANGUAGES[language]}›"
    # ids[1:] left out the first token, so that the columns of a word lie one further.
    by_word = np.stack([attention[:, [c + 1 for c in group]].sum(1) for group in columns], 1)
    weights = np.stack([by_word[group].mean(0) for group in rows])
    return answer, Alignment(read_words, written_words, weights / weights.sum(1, keepdims=True))


def cross_attention(model: nn.Module, ids: list[int], target: list[int]) -> np.ndarray:
    """(U, T): the attention to each token of `ids` while the decoder reads `target`."""
    device = next(model.parameters()).device
    x, y = (torch.tensor([row], device=device) for row in (ids, target))
    memory = model.head.bridge(model.body(x))
    _, *attention = model.head.decoder(y, None, memory, None, explain=True)
    return attention[-1][-1][0].float().mean(0).cpu().numpy()


def words(
    ids: list[int], tokenizer: Tokenizer, names: list[str]
) -> tuple[list[list[int]], list[str]]:
    """The positions of each word's tokens, and the words; a word begins with a blank or a sign."""
    groups: list[list[int]] = []
    for i, piece in enumerate(ids):
        text = tokenizer.decode([piece])
        begins = not groups or not text or not text[0].isalnum() or "\ue000" <= text[0] <= "\uf8ff"
        after = groups and not tokenizer.decode([ids[groups[-1][-1]]])[-1:].isalnum()
        broken = "\ufffd" in text  # a part of a character
        if (begins or after) and not (broken and groups):
            groups.append([])
        groups[-1].append(i)
    texts = []
    for group in groups:
        text = restore(tokenizer.decode([ids[i] for i in group]), names).strip()
        is_last = group[-1] == len(ids) - 1
        texts.append("‹end›" if is_last and not text else text)
    return groups, texts
