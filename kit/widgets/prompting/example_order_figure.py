"""How a prompt answers test sentences: confusion matrix, accuracy, and a bar of the answers."""

from collections.abc import Mapping, Sequence

from kit.html import BLUE, FONT, GREY, INK, LIGHT_BLUE, ORANGE, escape, table
from kit.prompt import Scores

__all__ = ["page", "shown_examples"]

COLOURS = (ORANGE, BLUE)
"""Of the first and of the second label."""


def shown_examples(examples: Sequence[tuple[str, str]], labels: Sequence[str]) -> list[str]:
    """Each example as a line of HTML, its label first."""
    lines = []
    for place, (text, label) in enumerate(examples, start=1):
        colour = COLOURS[list(labels).index(label)]
        lines.append(
            f'<div style="font:16px {FONT};color:{INK};background:white;padding:.2em .6em;'
            f'line-height:1.35;border-left:.35em solid {colour}">{place}. '
            f'<b style="color:{colour}">{escape(label)}</b> {escape(text)}</div>'
        )
    return lines


def page(scores: Mapping[str, Scores], labels: Sequence[str]) -> str:
    """The prompt's answers: a bar, the confusion matrix, and a table.

    scores: how the answers were read -> their scores on the same sentences; the first are the
    answers as they were given. labels: the first and the second.
    """
    raw = next(iter(scores.values()))
    matrix = [
        (f"is {label}", *(str(n) for n in row))
        for label, row in zip(labels, raw.confusion, strict=True)
    ]
    heads = (f"{raw.confusion.sum()} sentences", *(f"said {label}" for label in labels))
    rows = [
        ("accuracy", *(f"{own.accuracy:.1%}" for own in scores.values())),
        (f"said “{labels[1]}”", *(f"{own.said:.1%}" for own in scores.values())),
        ("AUC", *(f"{own.auc:.1%}" for own in scores.values())),
    ]
    return (
        f'<div style="max-width:56em">{_bar(raw.said, labels)}'
        '<div style="display:flex;flex-wrap:wrap;gap:2em;align-items:start">'
        f"{table(heads, matrix)}{table(('', *scores), rows)}</div></div>"
    )


def _bar(share: float, labels: Sequence[str]) -> str:
    """The share of both answers as a bar; a line marks one half."""
    first, second = (escape(label) for label in labels)
    return (
        f'<div style="font:15px {FONT};color:{GREY};margin:.4em 0 .1em">the answers: {second} '
        f"{share:.1%}, {first} {1 - share:.1%}</div>"
        f'<div style="position:relative;height:1.1em;background:{ORANGE}">'
        f'<div style="width:{100 * share:.1f}%;height:100%;background:{BLUE}"></div>'
        f'<div style="position:absolute;left:50%;top:-.2em;bottom:-.2em;border-left:2px solid '
        f'{LIGHT_BLUE}"></div></div>'
    )
