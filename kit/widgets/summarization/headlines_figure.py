"""Headlines as pictures: where each word came from, and the beams as they grew. Pure HTML.

What is hovered, or reached by Tab, lights up in the article by CSS: it needs no kernel.
"""

import itertools

from kit.html import BLUE, FONT, GREY, INK, LIGHT_GREY, PALE_BLUE, PAPER, escape
from kit.models.generate import Beams
from kit.tasks.summarization.trace import Candidate, Trace, Word

__all__ = ["legend", "page", "tree"]

COPIED, WRITTEN, INVENTED = BLUE, "#B34700", "#8A1C00"
GROUND = {"copied": PALE_BLUE, "written": "#FBE9DD", "invented": "#FDEBE5"}
TEXT = {"copied": COPIED, "written": WRITTEN, "invented": INVENTED}
EDGE = {"copied": "solid", "written": "dashed", "invented": "double"}
TOLD = {
    "copied": "copied from the article",
    "written": "written by the decoder",
    "invented": "a name that stands nowhere in the article",
}
NUMBERS = itertools.count()
WIDE, HIGH, GAP = 88, 34, 24
"""Of the tree, in pixels: a box, and the room between two columns of them."""


def kind(word: Word) -> str:
    """What a word is: "invented", "copied" or "written"."""
    if word.invented:
        return "invented"
    return "copied" if word.copied >= 0.5 and word.places else "written"


def boxed(word: Word, name: str) -> str:
    """One word of a headline, coloured, with the places that it came from on its class."""
    what = kind(word)
    title = f"{TOLD[what]}; {100 * word.copied:.0f} % of its probability came by copying"
    return (
        f'<span class="{name} hl-word" tabindex="0" title="{escape(title)}" '
        f'style="{paint(what)}">{escape(word.text)}</span>'
    )


def paint(what: str) -> str:
    """The CSS of a kind of word: told apart by colour, and by the line below it."""
    ink = TEXT[what]
    return f"color:{ink};background:{GROUND[what]};border-bottom:3px {EDGE[what]} {ink}"


def line(one: Candidate, label: str, name: str) -> str:
    """A headline: what it is called, its words, its score."""
    words = " ".join(boxed(word, f"{name}-{i}") for i, word in enumerate(one.words) if word.text)
    words = words or f'<i style="color:{GREY}">nothing</i>'
    return (
        f'<div class="hl-line" title="mean log p of its pieces: {one.score:.2f} nats">'
        f'<span class="hl-what">{escape(label)}</span>{words}'
        f'<span class="hl-score">{one.score:.2f}</span></div>'
    )


def legend() -> str:
    """What the colours mean."""
    boxes = " &nbsp; ".join(
        f'<span class="hl-word" style="{paint(what)}">{text}</span>' for what, text in TOLD.items()
    )
    return f'<div style="font-size:15px;margin:.2em 0 .6em">{boxes}</div>'


def page(traces: dict[str, Trace], lead: str, most: int = 3) -> str:
    """HTML: the lead sentence, the candidates of each model, and the article below, where the
    places that a hovered word was copied from light up. All traces are of one article."""
    name, rules, lines = f"hl{next(NUMBERS)}", [], []
    for number, (who, shown) in enumerate(traces.items()):
        lines.append(f'<div class="hl-who">{escape(who)}</div>')
        for rank, one in enumerate(shown.candidates[:most]):
            mark = f"{name}-{number}-{rank}"
            lines.append(line(one, f"{rank + 1}.", mark))
            rules += [lit(name, f"{mark}-{i}", word.places) for i, word in enumerate(one.words)]
    first = next(iter(traces.values()))
    return (
        f'<div id="{name}" style="font:19px/1.6 {FONT};color:{INK};background:white;'
        f'padding:.4em;max-width:66em"><style>{style(name)}{"".join(rules)}</style>{legend()}'
        f"{''.join(lines)}"
        f'<div class="hl-who">the lead sentence, which costs nothing</div>'
        f'<div class="hl-line">{escape(lead)}</div>'
        f'<div class="hl-who">the article: what was read, and in grey what was not</div>'
        f"<div>{article(first)}</div></div>"
    )


def article(shown: Trace) -> str:
    """The pieces that were read, each with its number, and the beginning of the rest."""
    pieces = "".join(
        f'<span class="hl-p{i}">{escape(piece)}</span>' for i, piece in enumerate(shown.pieces)
    )
    rest = shown.rest if len(shown.rest) < 300 else shown.rest[:300] + " …"
    return f'{pieces}<span style="color:{GREY}">{escape(rest)}</span>'


def lit(name: str, word: str, places: tuple[int, ...]) -> str:
    """The rule that lights up the places of one word."""
    on = [f"#{name}:has(.{word}:{how}) .hl-p{i}" for i in places for how in ("hover", "focus")]
    return f"{','.join(on)}{{background:{COPIED};color:white;border-radius:.2em}}" if on else ""


def style(name: str) -> str:
    return (
        f"#{name} .hl-word{{padding:.05em .25em;border-radius:.25em .25em 0 0;cursor:default}}"
        f"#{name} .hl-word:hover,#{name} .hl-word:focus{{outline:3px solid {INK}}}"
        f"#{name} .hl-line{{margin:.25em 0}}"
        f"#{name} .hl-who{{font-size:16px;font-weight:600;color:{GREY};margin-top:.5em}}"
        f"#{name} .hl-what{{display:inline-block;width:1.8em;color:{GREY};font-size:16px}}"
        f"#{name} .hl-score{{margin-left:.8em;color:{GREY};font-size:15px}}"
    )


def tree(shown: Trace, step: int) -> str:
    """An SVG: one column a step, the beams that were alive after it below each other, best first,
    each joined to what it grew from. Blue: what the best headline, as far as it is known now,
    grew through."""
    steps = shown.steps[:step]
    best = leader(steps[-1], step == len(shown.steps)) if steps else []
    parts = []
    for column, beams in enumerate(steps):
        rows = [ids for _, ids in beams.alive]
        above = [tuple(ids) for _, ids in steps[column - 1].alive] if column else [()]
        for row, (score, ids) in enumerate(beams.alive):
            on = list(ids) == list(best[: len(ids)])
            parent = above.index(tuple(ids[:-1])) if tuple(ids[:-1]) in above else 0
            parts.append(edge(column, row, parent, on))
            parts.append(box(column, row, shown.names[ids[-1]], score, on))
        parts.append(ends(column, len(rows), beams, steps[column - 1] if column else None))
    size = (WIDE + GAP) * len(shown.steps) + GAP, (HIGH + 14) * 5 + 40
    return (
        f'<div style="overflow-x:auto;background:white"><svg width="{size[0]}" height="{size[1]}" '
        f'style="font:15px {FONT}" role="img" aria-label="beams after {step} steps">'
        f"{''.join(parts)}</svg></div>"
    )


def leader(beams: Beams, last: bool) -> list[int]:
    """The ids to mark: the best that is over at the end, before it the best that is alive."""
    if last and beams.over:
        return max(beams.over)[1]
    return beams.alive[0][1] if beams.alive else []


def place(column: int, row: int) -> tuple[int, int]:
    """Left and top of a box, in pixels."""
    return GAP // 2 + column * (WIDE + GAP), 28 + row * (HIGH + 14)


def edge(column: int, row: int, parent: int, on: bool) -> str:
    if not column:
        return ""
    (x, y), (left, top) = place(column, row), place(column - 1, parent)
    pen = f'stroke="{COPIED if on else LIGHT_GREY}" stroke-width="{3 if on else 1.5}"'
    return f'<line x1="{left + WIDE}" y1="{top + HIGH // 2}" x2="{x}" y2="{y + HIGH // 2}" {pen}/>'


def box(column: int, row: int, text: str, score: float, on: bool) -> str:
    """A piece, as a reader sees it, and the score of the beam that ends with it."""
    x, y = place(column, row)
    text = text.replace(" ", "␣") if len(text) < 11 else text.replace(" ", "␣")[:9] + "…"
    fill, ink = (COPIED, "white") if on else (PAPER, INK)
    return (
        f"<g><title>Σ log p = {score:.2f} nats</title>"
        f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="6" fill="{fill}" '
        f'stroke="{LIGHT_GREY}"/><text x="{x + WIDE // 2}" y="{y + 22}" text-anchor="middle" '
        f'fill="{ink}">{escape(text)}</text></g>'
    )


def ends(column: int, rows: int, beams: Beams, before: Beams | None) -> str:
    """The number of the step above a column, and below it how many beams have stopped with it."""
    x, _ = place(column, 0)
    _, y = place(column, max(rows, 1))
    new = len(beams.over) - (len(before.over) if before else 0)
    middle = f'x="{x + WIDE // 2}" text-anchor="middle"'
    said = f'<text {middle} y="18" fill="{GREY}">{column + 1}</text>'
    if new > 0:
        said += f'<text {middle} y="{y + 14}" fill="{WRITTEN}">{new} ended</text>'
    return said
