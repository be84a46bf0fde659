"""Texts that stand in two splits: equal, equal but for their writing, nearly equal, or in part."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from kit.audit.leaks.report import Finding, Pair
from kit.audit.leaks.rows import Rows
from kit.data.duplicates import similar
from kit.texts import WORD_OR_LINK, unspaced

__all__ = ["SHARED", "findings", "plain"]

SHARED = 8
"""Words in a row that two texts of different splits share: the rule of `kit.data.held_out`."""

ALIKE = {
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0455\u0458\u0501\u04bb": "aceopxyisjdh",
    "\u03b1\u03bf\u03bd\u03c4\u03c1\u03b9\u03ba": "aovtpik",
}
"""Cyrillic and Greek letters, and the Latin ones that look the same."""
LATIN = {ord(a): b for alike, latin in ALIKE.items() for a, b in zip(alike, latin, strict=True)}
ACCENTS = frozenset(range(0x300, 0x370))


class _Plain(dict):
    """Code of a character, decomposed and in lower case -> what stands for it in a plain text:
    letters, digits and marks stay, other signs become spaces, accents and controls go."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))
        if code in ACCENTS or (kind in ("Cf", "Cc") and not chr(code).isspace()):
            self[code] = ""
        else:
            self[code] = chr(code) if kind[0] in "LNM" else " "
        return self[code]


PLAIN = _Plain(LATIN)


def plain(text: str) -> str:
    """A text without what a reader hardly sees: case, spaces, accents, punctuation, invisible
    characters, full-width letters, letters of other alphabets that look the same.

    What has no letter or digit, such as ":-)", keeps its signs.
    """
    text = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return " ".join(text.casefold().translate(PLAIN).split()) or "".join(text.split())


def findings(splits: Mapping[str, Rows]) -> tuple[list[Finding], list[str]]:
    """What two splits share, for every two splits; each pair of rows in its strongest kind."""
    found: dict[str, list[tuple[Rows, int, Rows, int]]] = defaultdict(list)
    texts = {name: rows.texts for name, rows in splits.items()}
    plains = {name: [*map(plain, own)] for name, own in texts.items()}
    runs = {name: [*map(_grams, own)] for name, own in texts.items()}
    near = _near(texts)
    for (a, one), (b, other) in combinations(splits.items(), 2):
        seen: set[tuple[int, int]] = set()
        for kind, pairs in (
            ("duplicate", _equal(texts[a], texts[b])),
            ("variant", _equal(plains[a], plains[b])),
            ("near-duplicate", near[a, b]),
            ("shared words", _runs(runs[a], runs[b])),
        ):
            new = [pair for pair in dict.fromkeys(pairs) if pair not in seen]
            seen.update(new)
            found[kind] += [(one, i, other, j) for i, j in new]
    return [_finding(kind, pairs) for kind, pairs in found.items() if pairs], []


SAYS = {
    "duplicate": "the same text stands in two splits",
    "variant": "texts differ only in case, spaces, punctuation or Unicode",
    "near-duplicate": "texts share two fifths of their word pairs",
    "shared words": f"texts share {SHARED} words in a row",
}


def _finding(kind: str, pairs: list[tuple[Rows, int, Rows, int]]) -> Finding:
    ids: list[Pair] = [(a.split, a.ids[i], b.split, b.ids[j]) for a, i, b, j in pairs]
    test = {j for _, _, split, j in ids if split == "test"}
    text = f"{SAYS[kind]}: {len(ids):,} pairs, {len(test):,} test rows"
    other = sum(a.answers[i] != b.answers[j] for a, i, b, j in pairs)
    if other and pairs[0][0].kind in ("class", "tags") and kind in ("duplicate", "variant"):
        text += f"; {other:,} pairs have different labels"
    return Finding(kind, text, tuple(ids))


def _equal(one: list[str], other: list[str]) -> Iterator[tuple[int, int]]:
    """The pairs of equal texts: one pair for each text of `other`, with the first that equals it;
    and one for each further text of `one`."""
    places: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(one):
        places[text].append(i)
    used: dict[str, int] = {}
    for j, text in enumerate(other):
        if text in places:
            yield places[text][0], j
            used.setdefault(text, j)
    for text, j in used.items():
        yield from ((i, j) for i in places[text][1:])


def _near(texts: Mapping[str, list[str]]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """(split, later split) -> the pairs of near-duplicates (`kit.data.duplicates`)."""
    where = [(split, i) for split, own in texts.items() for i in range(len(own))]
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for x, y in zip(
        *similar([text for own in texts.values() for text in own], words=WORD_OR_LINK), strict=True
    ):
        (a, i), (b, j) = where[x], where[y]
        if a != b:
            found[a, b].append((i, j))
    return found


def _runs(one: list[set[int]], other: list[set[int]]) -> Iterator[tuple[int, int]]:
    """The pairs that share `SHARED` words in a row."""
    places: dict[int, list[int]] = defaultdict(list)
    for j, own in enumerate(other):
        for run in own:
            places[run].append(j)
    for i, own in enumerate(one):
        met = {j for run in own if run in places for j in places[run]}
        yield from ((i, j) for j in sorted(met))


def _grams(text: str) -> set[int]:
    """The hashes of all runs of `SHARED` words, which take a tenth of the memory of the words."""
    words = WORD_OR_LINK.findall(text.casefold())
    run = SHARED * (2 if unspaced(words) else 1)  # a word of Chinese has about two characters
    return {hash(tuple(words[i : i + run])) for i in range(len(words) - run + 1)}
