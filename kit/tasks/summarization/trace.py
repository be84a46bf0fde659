"""How a headline came about, as plain data: the beams of each step, and where each word is from."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from kit.models.copy_head import mixture
from kit.models.generate import Beams, search
from kit.tasks import summarization
from kit.texts import check_texts
from kit.tokenizer import Tokenizer

__all__ = ["Candidate", "Trace", "Word", "trace"]


@dataclass(frozen=True)
class Word:
    """One word of a headline."""

    text: str
    """As it is written."""
    copied: float
    """The share of its probability that came by copying, 0 to 1: the mean of its pieces."""
    places: tuple[int, ...]
    """For each of its pieces, the piece of the article that copying most likely took."""
    invented: bool
    """Whether it is a name that stands nowhere in the article."""


@dataclass(frozen=True)
class Candidate:
    """One headline that the search has ended with."""

    text: str
    """The headline."""
    score: float
    """Mean log probability of its pieces, in nats: what the search ranks by."""
    words: list[Word]
    """Where each of its words is from."""
    ids: list[int]
    """Its pieces."""


@dataclass(frozen=True)
class Trace:
    """All that a search did with one article."""

    pieces: list[str]
    """What was read of the article, piece by piece."""
    rest: str
    """What was not read."""
    steps: list[Beams]
    """The beams after each step."""
    names: dict[int, str]
    """Each piece that stands in a beam, as a reader sees it."""
    candidates: list[Candidate]
    """The headlines, best first."""


def trace(
    model: nn.Module,
    tokenizer: Tokenizer,
    text: str,
    beams: int = 4,
    watch: Callable[[int], bool] | None = None,
) -> Trace:
    """Search for headlines of one article, and keep all steps. KitError for what is no text.

    watch: told the number of steps after each; where it returns True the search ends early.
    """
    [text] = check_texts([text])
    [ids] = summarization.read([text], tokenizer)
    how, steps = {"start": [tokenizer.bos], "stop": [tokenizer.eos]}, []
    for [step] in search(model.eval(), [ids], summarization.MOST, beams, **how):
        steps.append(step)
        if watch and watch(len(steps)):
            break
    best = {tuple(found): score for score, found in sorted(steps[-1].over) if found}
    found = sorted(best.items(), key=lambda item: -item[1])[:beams]
    seen = {piece for step in steps for _, row in step.alive + step.over for piece in row}
    pieces = [tokenizer.decode([i]) for i in ids]
    return Trace(
        pieces=pieces,
        rest=_rest(text, pieces),
        steps=steps,
        names={i: tokenizer.decode([i]) or "⏎" for i in seen},
        candidates=[_candidate(model, tokenizer, text, ids, list(y), s) for y, s in found],
    )


@torch.inference_mode()
def _candidate(
    model, tokenizer: Tokenizer, text: str, ids: list, y: list, score: float
) -> Candidate:
    """Where each piece of y is from: the parts of its probability, with y as what was written."""
    device = next(model.parameters()).device
    source = torch.tensor([ids], device=device)
    target = torch.tensor([[tokenizer.bos, *y[:-1]]], device=device)
    mask = torch.ones_like(source, dtype=torch.bool)
    parts = model.head.parts(model.body(source, mask), mask, target, source)
    wanted = torch.tensor([y], device=device)[..., None]
    p = mixture(parts, source).gather(-1, wanted)[0, :, 0]  # (U,)
    there = (1 - parts.gate) * parts.attention * (source[:, None] == wanted)  # (1, U, T)
    shares = (there.sum(-1)[0] / p.clamp_min(1e-9)).clamp(0, 1).tolist()
    places = there.argmax(-1)[0].tolist()
    words = _words(tokenizer, text, y, shares, places)
    return Candidate(summarization.capital(tokenizer.decode(y)), score, words, y)


def _words(tokenizer: Tokenizer, text: str, y: list, shares: list, places: list) -> list[Word]:
    """Pieces put together to words: one that begins with a space begins a word."""
    groups: list[list[int]] = []
    for i, piece in enumerate(y):
        if not groups or tokenizer.decode([piece]).startswith(" "):
            groups.append([])
        groups[-1].append(i)
    new, words = set(summarization.invented(tokenizer.decode(y).strip(), text)), []
    for number, group in enumerate(groups):
        said = tokenizer.decode([y[i] for i in group]).strip()
        named = number > 0 and any(part in new for part in re.findall(r"[\w']+", said))
        copied = sum(shares[i] for i in group) / len(group)
        where = tuple(places[i] for i in group if shares[i] >= 0.5)
        words.append(Word(said, copied, where, named))
    return words


def _rest(text: str, pieces: list[str]) -> str:
    """What comes after the pieces that were read."""
    whole = " " + " ".join(text.split())
    return whole[len("".join(pieces)) :]
