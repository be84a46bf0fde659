"""A minute of pretraining, spent on next tokens or on a teacher's vectors."""

from kit import results
from kit.results.style import made_by, styled

__all__ = ["summary", "table"]

BODIES = {"rnn": "LSTM", "transformer": "Transformer"}
KINDS = {"none": "no pretraining", "next_token": "next tokens", "vectors": "teacher's vectors"}


def summary() -> dict[int, dict[str, tuple[float, float]]]:
    """labels -> "body/pretraining/head" -> mean accuracy, half-width of its 95 % interval."""
    return results.by_budget(results.load("pretraining_objectives")["rows"])


def table(head: str = "words"):
    """Test accuracy after a minute of each, by body and labels. head: "words" or "fresh"."""
    recorded, scores = results.load("pretraining_objectives"), summary()
    rows = []
    for body, name in BODIES.items():
        for labels, found in scores.items():
            cells = [found.get(f"{body}/{kind}/{head}") for kind in KINDS]
            if any(cells):
                rows.append((name, f"{labels:,}", *cells))
    columns = ["body", "labels", *KINDS.values()]
    caption = f"Test accuracy on film reviews, %: 5 seeds. {made_by(recorded)}"
    return styled(rows, columns, keys=2, caption=caption)
