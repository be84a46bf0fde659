"""Schemes of tags: how words of one name are marked, told apart, and written as BIO.

| scheme | a name of one word | of three words |
| --- | --- | --- |
| BIO | B-PER | B-PER I-PER I-PER |
| IOB1 | I-PER | I-PER I-PER I-PER (B-PER only right after another name of the kind) |
| IOE | E-PER | I-PER I-PER E-PER |
| BIOES | S-PER | B-PER I-PER E-PER (also BILOU: B-PER I-PER L-PER, U-PER) |
| plain | PER | PER PER PER |

Ramshaw & Marcus 1995, arxiv.org/abs/cmp-lg/9505040; Ratinov & Roth 2009.
"""

from collections.abc import Sequence

__all__ = ["SCHEMES", "scheme_of", "to_bio"]

SCHEMES = ("BIO", "IOB1", "IOE", "BIOES", "plain")
BEGINS, ENDS = {"B", "S", "U"}, {"E", "L", "S", "U"}
OUTSIDE = {"O", "o", "_", "-", "0", ""}
"""What stands for "no name" in files from elsewhere."""


def split_tag(tag: str) -> tuple[str, str]:
    """(prefix, kind) of a tag: ("B", "PER") of B-PER, ("", "PER") of a plain one, ("O", "")."""
    if tag in OUTSIDE:
        return "O", ""
    prefix, mark, kind = tag.partition("-") if "-" in tag[:2] else tag.partition("_")
    if mark and kind and prefix.upper() in {"B", "I", "E", "S", "L", "U"}:
        return prefix.upper(), kind
    return "", tag


def scheme_of(rows: Sequence[Sequence[str]]) -> str:
    """The scheme that these rows of tags are written in; "BIO" where nothing tells otherwise."""
    prefixes: set[str] = set()
    begun_inside = begun = 0
    for tags in rows:
        before = ("O", "")
        for prefix, kind in map(split_tag, tags):
            prefixes.add(prefix)
            starts = before[0] == "O" or before[1] != kind or before[0] in ENDS
            if prefix == "I" and starts:
                begun_inside += 1
            if prefix == "B" and starts:
                begun += 1
            before = prefix, kind
    prefixes -= {"O"}
    if prefixes == {""}:
        return "plain"
    if prefixes & {"S", "L", "U"} or {"B", "E"} <= prefixes:
        return "BIOES"
    if "E" in prefixes:
        return "IOE"
    if begun_inside and not begun:
        return "IOB1"
    return "BIO"


def to_bio(tags: Sequence[str], scheme: str) -> list[str]:
    """The tags in BIO: the first word of a name is B-…, each further one I-…."""
    written, before, closed = [], "", True
    for prefix, kind in map(split_tag, tags):
        if prefix == "O":
            written.append("O")
            before, closed = "", True
            continue
        new = prefix in BEGINS or closed or kind != before
        written.append(f"{'B' if new else 'I'}-{kind}")
        before, closed = kind, prefix in ENDS
    return written if scheme != "BIO" else [_outside(tag) for tag in tags]


def _outside(tag: str) -> str:
    return "O" if tag in OUTSIDE else tag
