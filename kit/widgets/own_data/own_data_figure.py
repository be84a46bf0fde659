"""The user's own data in pictures: a bar for each score, predictions of a file, code that loads."""

from collections.abc import Sequence

from kit.display_names import display_name
from kit.html import BLUE, GREY, INK, LIGHT_GREY, ORANGE, PAPER, escape, note
from kit.widgets.base.style import dress

__all__ = ["MEASURES", "NAMES", "code_block", "conclusion", "figure", "percent"]
__all__ += ["prediction_message", "predictions_page", "saved_page", "traces"]

MEASURES = {
    "accuracy": "accuracy, %",
    "f1": "F1 of whole names, %",
    "chrf": "chrF, 0 to 100",
    "rouge1": "ROUGE-1, %",
}
"""Metric -> its name on the axis."""
NAMES = {
    "source": "with a source",
    "from scratch": display_name("from scratch"),
    "tfidf": "TF-IDF",
    "majority": "majority class",
    "most frequent tag": "most frequent tag",
    "as it is": "left as it is",
    "memory": "nearest known text",
    "lead": "first paragraph",
    "eight words": "first eight words",
    "chosen words": "keywords",
}
"""Score -> its name in the figure."""
FEW_TEST_ROWS = 50
"""With fewer test rows the sentence about the scores says that they are few."""
COLOURS = {"source": BLUE, "from scratch": ORANGE}


def percent(metric: str, value: float) -> float:
    """A score from 0 to 100; chrF is one already."""
    return value if metric == "chrf" else 100 * value


def traces(scores: dict[str, float], metric: str) -> list[dict]:
    """One bar for each score, the first at the top, as plain data."""
    names = list(scores)[::-1]
    values = [percent(metric, scores[name]) for name in names]
    return [
        {
            "type": "bar",
            "orientation": "h",
            "x": values,
            "y": [NAMES.get(name, name) for name in names],
            "text": [f"{value:.1f}" for value in values],
            "textposition": "outside",
            "cliponaxis": False,
            "marker": {"color": [COLOURS.get(name, LIGHT_GREY) for name in names]},
        }
    ]


def figure(scores: dict[str, float], metric: str, title: str = ""):
    """The scores of one training on the test rows, and those of its controls."""
    import plotly.graph_objects as go

    height = 100 + 34 * len(scores)
    drawn = dress(go.Figure(traces(scores, metric)), height=height)
    drawn.update_layout(
        title={"text": title, "font": {"size": 16}, "x": 0.02},
        margin={"l": 150, "r": 30, "t": 40 if title else 12, "b": 44},
        autosize=False,
        width=430,
        showlegend=False,
    )
    highest = max([percent(metric, value) for value in scores.values()], default=1)
    axis = {"text": MEASURES.get(metric, metric), "font": {"size": 16}}
    drawn.update_xaxes(title=axis, range=[0, max(10, min(112, 1.2 * highest))])
    return drawn


def measure_of(metric: str) -> str:
    """The name of a metric, without its unit."""
    return MEASURES[metric].partition(",")[0]


def conclusion(scores: dict[str, float], metric: str, labels: int, tested: int) -> str:
    """The scores of one training in a sentence."""
    unit = "" if metric == "chrf" else "\u00a0%"
    values = ", ".join(
        f"{NAMES.get(name, name)} {percent(metric, value):.0f}{unit}"
        for name, value in scores.items()
    )
    few = " (few: a difference of some points is chance)" if tested < FEW_TEST_ROWS else ""
    measure = measure_of(metric)
    return f"With {labels:,} labels, {measure} on {tested:,} test rows{few}: {values}."


def prediction_message(found, metric: str, path) -> str:
    """What became of the rows of a second file (`Predictions`), in one sentence or two."""
    without = len(found.rows) - found.answered
    message = f"{found.answered:,} of {len(found.rows):,} rows have a prediction"
    if without:
        message += (
            f", {without:,} {'has none, and says' if without == 1 else 'have none, and say'} why"
        )
    if found.scores:
        value = percent(metric, found.scores[metric])
        message += f"; {measure_of(metric)} {value:.1f} on {found.scored:,} rows with an answer"
    if found.known:
        known = "1 of them was" if found.known == 1 else f"{found.known:,} of them were"
        message += f" ({known} trained on, so this score flatters)"
    notes = "".join(f" {text}" for text in found.notes[:3])
    return f"{message}. Written to {path}.{notes}"


def code_block(code: str) -> str:
    """Lines of Python, to be copied."""
    return (
        f'<pre style="font-size:15px;line-height:1.5;color:{INK};background:{PAPER};'
        f'padding:.5em .9em;margin:.3em 0;border-radius:.4em;overflow-x:auto">{escape(code)}</pre>'
    )


def saved_page(folder: str, huggingface: str | None, reason: str, code: str) -> str:
    """Where a model was saved, and the lines that load it."""
    rows = [("kit checkpoint", folder), ("Hugging Face folder", huggingface or f"none: {reason}")]
    cells = "".join(
        f'<tr><td style="text-align:left;padding:.15em 1em .15em 0;color:{GREY};white-space:nowrap;'
        f'vertical-align:top">{name}</td><td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return (
        f'<div style="font-size:16px;color:{INK};background:white;padding:.4em 1em">'
        f'<table style="font-size:16px">{cells}</table>Load it again:{code_block(code)}</div>'
    )


def predictions_page(message: str, rows: Sequence[dict], link: str, shown: int = 4) -> str:
    """What became of a second file: a sentence, a link, the first rows."""
    cells = "".join(
        '<tr><td style="text-align:left;padding:.15em 1em .15em 0;max-width:34em;overflow:hidden;'
        f'text-overflow:ellipsis;white-space:nowrap">{escape(row["text"][:90])}</td>'
        f'<td style="text-align:left;color:{BLUE if row["prediction"] else GREY}">'
        f"{escape((row['prediction'] or row['problem'])[:90])}</td></tr>"
        for row in rows[:shown]
    )
    more = f"… and {len(rows) - shown:,} rows more" if len(rows) > shown else ""
    return (
        f'{note(message)}<div style="font-size:16px;color:{INK};background:white;'
        f'padding:.4em 1em">{link}<table style="font-size:16px">{cells}</table>{more}</div>'
    )
