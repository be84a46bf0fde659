"""A minute of pretraining, spent on next tokens or on a teacher's vectors."""

from collections.abc import Sequence

from kit import results
from kit.results.style import made_by, styled

__all__ = ["HEADS", "summary", "table"]

BODIES = {"rnn": "LSTM", "transformer": "Transformer"}
HEADS = {"words": "from words", "fresh": "fresh"}
"""How the head begins."""
KINDS = {"none": "no pretraining", "next_token": "next tokens", "vectors": "teacher's vectors"}


def summary() -> dict[int, dict[str, tuple[float, float]]]:
    """labels -> "body/pretraining/head" -> mean accuracy, half-width of its 95 % interval."""
    return results.by_budget(results.load("pretraining_objectives")["rows"])


def table(heads: Sequence[str] = tuple(HEADS)):
    """Test accuracy after a minute of each, by body, head and labels. heads: keys of `HEADS`."""
    recorded, scores = results.load("pretraining_objectives"), summary()
    rows = []
    for body, name in BODIES.items():
        for head in heads:
            for labels, found in scores.items():
                cells = [found.get(f"{body}/{kind}/{head}") for kind in KINDS]
                if any(cells):
                    rows.append((name, HEADS[head], f"{labels:,}", *cells))
    columns = ["body", "head", "labels", *KINDS.values()]
    caption = f"Test accuracy on film reviews, %: 5 seeds. {made_by(recorded)}"
    return styled(rows, columns, keys=3, caption=caption)
