"""The trace of a beam search, as plain data: the beams of each step, and each word's origin."""

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
    """The word."""
    copied: float
    """The share of its probability that is due to copying, 0 to 1: the mean over its tokens."""
    places: tuple[int, ...]
    """For each of its copied tokens, the article's token that was most likely copied."""
    invented: bool
    """Whether it is a name that is not in the article."""


@dataclass(frozen=True)
class Candidate:
    """One headline that the search has finished."""

    text: str
    """The headline."""
    score: float
    """Mean log probability of its tokens, in nats: the search ranks by it."""
    words: list[Word]
    """Its words, each with its origin."""
    ids: list[int]
    """Its tokens."""


@dataclass(frozen=True)
class Trace:
    """A beam search for the headline of one article."""

    pieces: list[str]
    """The texts of the article's tokens that were read."""
    rest: str
    """The rest of the article, which was not read."""
    steps: list[Beams]
    """The beams after each step."""
    names: dict[int, str]
    """Each token that occurs in a beam -> its text."""
    candidates: list[Candidate]
    """The headlines, best first."""


def trace(
    model: nn.Module,
    tokenizer: Tokenizer,
    text: str,
    beams: int = 4,
    watch: Callable[[int], bool] | None = None,
) -> Trace:
    """Search for headlines of one article with `beams` beams, and keep all steps.

    watch: called after each step with the number of steps; the search ends where it returns True.
    Raises KitError for what is no text, or empty.
    """
    [text] = check_texts([text])
    [ids] = summarization.read([text], tokenizer)
    steps: list[Beams] = []
    searching = search(
        model.eval(),
        [ids],
        summarization.MOST,
        beams,
        start=[tokenizer.bos],
        stop=[tokenizer.eos],
    )
    for [step] in searching:
        steps.append(step)
        if watch and watch(len(steps)):
            break
    score_of = {tuple(row): score for score, row in sorted(steps[-1].over) if row}
    best = sorted(score_of.items(), key=lambda item: -item[1])[:beams]
    in_beams = {piece for step in steps for _, row in step.alive + step.over for piece in row}
    pieces = [tokenizer.decode([i]) for i in ids]
    return Trace(
        pieces=pieces,
        rest=_rest(text, pieces),
        steps=steps,
        names={i: tokenizer.decode([i]) or "⏎" for i in in_beams},
        candidates=[_candidate(model, tokenizer, text, ids, list(y), s) for y, s in best],
    )


@torch.inference_mode()
def _candidate(
    model, tokenizer: Tokenizer, text: str, ids: list, y: list, score: float
) -> Candidate:
    """A headline y with the origin of each token: the shares of its probability."""
    device = next(model.parameters()).device
    source = torch.tensor([ids], device=device)
    target = torch.tensor([[tokenizer.bos, *y[:-1]]], device=device)
    mask = torch.ones_like(source, dtype=torch.bool)
    parts = model.head.parts(model.body(source, mask), mask, target, source)
    written = torch.tensor([y], device=device)[..., None]
    p = mixture(parts, source).gather(-1, written)[0, :, 0]  # (U,)
    copied = (1 - parts.gate) * parts.attention * (source[:, None] == written)  # (1, U, T)
    shares = (copied.sum(-1)[0] / p.clamp_min(1e-9)).clamp(0, 1).tolist()
    places = copied.argmax(-1)[0].tolist()
    words = _words(tokenizer, text, y, shares, places)
    return Candidate(summarization.capital(tokenizer.decode(y)), score, words, y)


def _words(tokenizer: Tokenizer, text: str, y: list, shares: list, places: list) -> list[Word]:
    """The words of y: a token that begins with a space begins a word."""
    groups: list[list[int]] = []
    for i, piece in enumerate(y):
        if not groups or tokenizer.decode([piece]).startswith(" "):
            groups.append([])
        groups[-1].append(i)
    new = set(summarization.invented(tokenizer.decode(y).strip(), text))
    words = []
    for number, group in enumerate(groups):
        word = tokenizer.decode([y[i] for i in group]).strip()
        invented = number > 0 and any(part in new for part in re.findall(r"[\w']+", word))
        copied = sum(shares[i] for i in group) / len(group)
        copied_from = tuple(places[i] for i in group if shares[i] >= 0.5)
        words.append(Word(word, copied, copied_from, invented))
    return words


def _rest(text: str, pieces: list[str]) -> str:
    """The part of the text after the tokens that were read."""
    whole = " " + " ".join(text.split())
    return whole[len("".join(pieces)) :]
