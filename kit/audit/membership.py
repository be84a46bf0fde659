"""Membership inference: was this text in a language model's training data?

A model that was trained on a text gives it a lower loss than it gives to other texts of the same
kind. A score orders the texts; the AUC says how well: the probability that a text that was read has
a lower score than one that was not (0.5: a coin). Where nobody knows what was read, an AUC near 0.5
proves nothing, since one pass over a large corpus leaves little trace.

Sources: Yeom et al. 2018, arXiv:1709.01604 (loss); Shi et al. 2024, arXiv:2310.16789 (min-k %).
"""

from collections.abc import Sequence

import numpy as np
import torch

from kit import guards
from kit.errors import KitError
from kit.models import Model
from kit.sources import Source

__all__ = ["auc", "auc_interval", "min_k", "token_losses"]

BATCH = 16
"""Texts that are read at a time."""
LIMIT = 128
"""Tokens of a text that are read, at most."""


@guards.guarded("token_losses(source, texts)", source=guards.a_writer)
@torch.inference_mode()
def token_losses(source: Source, texts: Sequence[str]) -> list[np.ndarray]:
    """-log p of each token of each text, in nats, after the token at which a document begins.

    source: one that predicts the next token. Of a text `LIMIT` tokens are read. Raises KitError
    for a text without a token.
    """
    tokenizer, model = source.tokenizer, Model(source.body, source.head).eval()
    rows = [ids[:LIMIT] for ids in tokenizer.encode_many(list(texts), special=False)]
    if empty := [text for text, ids in zip(texts, rows, strict=True) if not len(ids)]:
        raise KitError(f"the text {empty[0]!r} has no token: leave it out.")
    losses: list[np.ndarray] = [np.empty(0)] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        longest = len(rows[part[-1]])
        # The model reads from left to right: what fills a row up comes after all that is judged.
        ids = torch.full((len(part), 1 + longest), tokenizer.eos)
        for place, i in enumerate(part):
            ids[place, 1 : 1 + len(rows[i])] = torch.as_tensor(rows[i])
        logits = model.head(model.body(ids[:, :-1]), None).float()  # (B, T, V)
        nats = -logits.log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        for place, i in enumerate(part):
            losses[i] = nats[place, : len(rows[i])].numpy()
    return losses


def min_k(losses: np.ndarray, share: float = 0.2) -> float:
    """The mean loss of a text's least likely tokens: `share` of them, and at least one.

    A text that was not read has a few tokens that surprise; easy tokens say little of either.
    """
    if not len(losses) or not 0 < share <= 1:
        raise KitError(
            f"share={share} of {len(losses)} losses: give a share of 0 to 1, and a loss."
        )
    count = max(1, int(len(losses) * share))
    return float(np.sort(losses)[-count:].mean())


def auc(read: Sequence[float], other: Sequence[float]) -> float:
    """The probability that a score of `read` is below one of `other`, ties counted as half.

    AUC = Σᵢⱼ ([readᵢ < otherⱼ] + [readᵢ = otherⱼ] / 2) / (n m). Raises KitError where one is empty.
    """
    if not len(read) or not len(other):
        raise KitError("an AUC compares two piles: give at least one score in each.")
    ordered = np.sort(np.asarray(read, dtype=float))
    below = np.searchsorted(ordered, other, "left") + np.searchsorted(ordered, other, "right")
    return float(below.mean() / (2 * len(ordered)))


def auc_interval(
    read: Sequence[float], other: Sequence[float], *, draws: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """(AUC, low, high): the AUC and its 95 % bootstrap interval; each of `draws` resamples takes as
    many texts of each pile as it has. Raises KitError where one is empty."""
    middle = auc(read, other)
    piles = [np.asarray(pile, dtype=float) for pile in (read, other)]
    generator = np.random.default_rng(seed)
    values = [auc(*(generator.choice(pile, len(pile)) for pile in piles)) for _ in range(draws)]
    low, high = np.percentile(values, [2.5, 97.5])
    return middle, float(low), float(high)
