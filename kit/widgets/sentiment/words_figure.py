"""The words of a sentence, coloured by how much each changes P(positive), as HTML."""

from kit.html import FONT, GREY, INK, escape
from kit.widgets.base.style import COLOUR, NAME

__all__ = ["page"]

UP, DOWN = (0, 114, 178), (213, 94, 0)
"""Blue: the word raises P(positive); orange: it lowers P(positive)."""


def page(influences: dict[str, tuple[float, list[tuple[str, float]]]]) -> str:
    """The words of a sentence, coloured by their effect, one line for each model, as HTML.

    influences: name -> (P(positive), [(word, change)]), from `kit.tasks.occlusion.influence`.
    """
    rows = "".join(_row(name, p, words) for name, (p, words) in influences.items())
    legend = "".join(
        f'<span style="background:rgba{(*rgb, 0.55)};padding:0 .5em;margin-left:1.2em">'
        f"{sign}</span> {meaning}"
        for rgb, sign, meaning in ((UP, "+", "made it more positive"), (DOWN, "−", "less positive"))
    )
    return (
        f'<div style="font:19px {FONT};color:{INK};background:white;padding:.5em 1em;'
        f'max-width:66em">{rows}<div style="font-size:16px;color:{GREY};margin-top:.4em">'
        f"points of P(positive) that a word brings:{legend}</div></div>"
    )


def _row(name: str, p: float, words: list[tuple[str, float]]) -> str:
    largest = max(0.1, *(abs(change) for _, change in words))
    marked = "".join(_word(word, change, largest) for word, change in words)
    colour = COLOUR.get(name, INK)
    return (
        f'<div style="display:flex;gap:1em;margin:.7em 0;border-left:.35em solid {colour};'
        f'padding-left:.8em"><div style="flex:0 0 9em"><b style="color:{colour}">'
        f"{escape(NAME.get(name, name))}</b><br><b>{100 * p:.0f} %</b> positive</div>"
        f'<div style="flex:1;line-height:1.15">{marked}</div></div>'
    )


def _word(word: str, change: float, largest: float) -> str:
    rgb = UP if change > 0 else DOWN
    ground = f"rgba{(*rgb, round(0.75 * min(1.0, abs(change) / largest), 2))}"
    points = f"{100 * change:+.0f}".replace("-", "−") if abs(change) >= 0.005 else "0"
    return (
        f'<span style="display:inline-block;text-align:center;margin:.15em .12em;padding:0 .25em;'
        f'border-radius:.25em;background:{ground}">{escape(word[:30])}'
        f'<br><span style="font-size:15px">{points}</span></span>'
    )
