"""Two headlines side by side without their writers, and the result of all votes. Pure HTML."""

from collections.abc import Sequence

from kit import metrics
from kit.html import FONT, GREY, INK, PALE_BLUE, PAPER, bold, escape

__all__ = ["pair_page", "result_page", "shares"]

BEGINNING = 420
"""Characters of an article that are shown."""


def pair_page(text: str, a: str, b: str) -> str:
    """An article's beginning, and the headlines A and B below it."""
    text = " ".join(text.split())
    if len(text) > BEGINNING:
        text = text[:BEGINNING].rsplit(" ", 1)[0] + " …"
    boxes = "".join(
        f'<div style="flex:1;background:{PALE_BLUE};border-radius:.4em;padding:.5em .9em">'
        f'<div style="font-size:15px;color:{GREY}">{name}</div>'
        f'<div style="font-size:22px;line-height:1.3;color:{INK}">{escape(headline) or "(none)"}'
        "</div></div>"
        for name, headline in (("A", a), ("B", b))
    )
    return (
        f'<div style="font-family:{FONT};max-width:1000px">'
        f'<div style="font-size:16px;line-height:1.45;color:{INK};background:{PAPER};'
        f'border-radius:.4em;padding:.5em .9em;margin:.3em 0">{escape(text)}</div>'
        f'<div style="display:flex;gap:.8em">{boxes}</div></div>'
    )


def shares(questions: Sequence[dict], writer: str) -> list[float]:
    """The share of the votes that a writer has of each judged pair; no difference counts half."""
    found = []
    for row in questions:
        a, b, neither = (row[name] for name in ("votes for A", "votes for B", "no difference"))
        if a + b + neither:
            own = a if row["A by"] == writer else b
            found.append((own + neither / 2) / (a + b + neither))
    return found


def result_page(questions: Sequence[dict], one: str, other: str) -> str:
    """Who was preferred, with an interval over the articles, and every pair with its writers."""
    found = shares(questions, one)
    mean, (low, high) = sum(found) / len(found), metrics.bootstrap(found)
    if low > 0.5 or high < 0.5:
        told = f"{one if low > 0.5 else other} was preferred"
    else:
        told = "neither was surely preferred"
    said = (
        f"{one} has {100 * mean:.0f} % of the votes, {other} {100 * (1 - mean):.0f} % (no "
        f"difference counts half for each): {told}. The 95 % interval over {len(found)} articles "
        f"is {100 * low:.0f} to {100 * high:.0f} %. It says nothing of other judges."
    )
    head = "".join(
        f'<th style="text-align:left;padding:.2em .9em .2em 0">{escape(text)}</th>'
        for text in (one, other, "votes")
    )
    lines = "".join(_line(row, one) for row in questions)
    return (
        f'<div style="font:16px/1.45 {FONT};color:{INK};max-width:1000px">'
        f'<p style="font-size:18px">{escape(said)}</p>'
        f'<table style="font-size:15px;border-collapse:collapse"><tr>{head}</tr>{lines}</table>'
        "</div>"
    )


def _line(row: dict, one: str) -> str:
    first = row["A by"] == one
    names = ("A", "B") if first else ("B", "A")
    hands = [row[f"votes for {name}"] for name in names]
    better = (hands[0] > hands[1]) - (hands[0] < hands[1])
    cells = [
        bold(row[name]) if better == way else escape(row[name])
        for name, way in zip(names, (1, -1), strict=True)
    ]
    votes = f"{hands[0]} : {hands[1]}"
    if row["no difference"]:
        votes += f", {row['no difference']} neither"
    return "".join(
        ["<tr>"]
        + [f'<td style="padding:.2em .9em .2em 0;text-align:left">{x}</td>' for x in cells]
        + [f'<td style="white-space:nowrap;text-align:left">{votes}</td></tr>']
    )
