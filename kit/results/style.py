"""Tables of results: one decimal, percent, an interval, grey where a gain may be nothing."""

import math
from collections.abc import Sequence

from kit.display_names import display_name
from kit.html import escape

__all__ = ["made_by", "score_text", "styled"]

Score = tuple[float, float]
"""A mean and the half-width of its 95 % interval; nan for one value, 0 where no seed decides."""

GREY = "color:#8C8C8C"


def score_text(
    score: Score | None, *, scale: float = 100, sign: bool = False, decimals: int = 1
) -> str:
    """ "79.5 ± 0.9": in percent by default. One seed has no interval, and there is none where the
    seed decides nothing. sign: "+1.2 ± 0.4", for gains."""
    if score is None:
        return ""
    mean, half = (scale * value for value in score)
    text = f"{mean:{'+' if sign else ''}.{decimals}f}"
    return f"{text} ± {half:.{decimals}f}" if half > 0 else text


def crosses_zero(score: Score | None) -> bool:
    """Whether the interval of a gain holds 0: the gain may be nothing."""
    return score is not None and not math.isnan(score[1]) and abs(score[0]) <= score[1]


def styled(
    rows: Sequence[tuple],
    columns: Sequence[str],
    *,
    keys: int = 1,
    gains: Sequence[str] = (),
    scale: float = 100,
    decimals: int = 1,
    caption: str = "",
):
    """A pandas Styler of rows whose first `keys` cells are texts and whose others are scores.

    gains: the columns that hold gains: they are signed, and grey where the interval crosses 0.
    scale: 100 for shares, shown in percent; 1 for BLEU and chrF. decimals: of each number.
    """
    import pandas as pd

    texts, looks = [], []
    for row in rows:
        cells, styles = [display_name(cell) for cell in row[:keys]], [""] * keys
        for name, score in zip(columns[keys:], row[keys:], strict=True):
            gain = name in gains
            if not isinstance(score, str):
                text = score_text(score, scale=scale, sign=gain, decimals=decimals)
            cells.append(display_name(score) if isinstance(score, str) else text)
            grey = gain and not isinstance(score, str) and crosses_zero(score)
            styles.append(GREY if grey else "")
        texts.append(cells)
        looks.append(styles)
    heads = [display_name(name) for name in columns]
    frame = pd.DataFrame(texts, columns=heads)
    css = pd.DataFrame(looks, columns=heads)
    page = frame.style.format(escape="html").format_index(escape="html", axis="columns")
    page = page.apply(lambda _: css, axis=None).hide(axis="index")
    page = page.set_caption(escape(caption)) if caption else page
    left = {"selector": "td, th", "props": "text-align:left;padding:.25em .9em"}
    below = {"selector": "caption", "props": "caption-side:bottom;text-align:left;color:inherit"}
    right = [
        {"selector": f".col{i}", "props": "text-align:right;font-variant-numeric:tabular-nums"}
        for i in range(keys, len(columns))
    ]
    return page.set_table_styles([left, below, *right])


def made_by(recorded: dict) -> str:
    """Where the numbers are from: the command, the date and the machine."""
    machine = f"{recorded['machine']['processor']}, {recorded['machine']['cores']} cores"
    return f"Recorded by {recorded['command']} on {recorded['date']} ({machine})."
