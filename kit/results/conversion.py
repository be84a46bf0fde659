"""Faults of a conversion: MiniLM's outputs with each, and accuracy after fine-tuning."""

from kit import metrics, results
from kit.display_names import display_name
from kit.results.style import made_by, score_text, styled

__all__ = ["FRESH", "NONE", "by_seed", "markdown", "outputs", "summary", "table"]

NONE, FRESH = "no fault", "fresh values"
"""The controls: the right copy, and the same model with fresh values."""


def by_seed() -> dict[tuple[str, int], dict[int, float]]:
    """(fault, labels) -> seed -> test accuracy."""
    rows = results.load("conversion")["rows"]
    return results.by_seed(rows, lambda row: (row["fault"], row["labels"]), "accuracy")


def summary() -> dict[tuple[str, int], tuple[float, float]]:
    """(fault, labels) -> mean accuracy, half-width of its 95 % interval."""
    return results.intervals(by_seed())


def outputs() -> dict[str, dict[str, float]]:
    """Fault -> its "largest difference" of a hidden state and "similarity" of mean vectors."""
    rows = results.load("conversion")["rows"]
    fields = ("largest difference", "similarity")
    return {row["fault"]: {f: row[f] for f in fields} for row in rows if "similarity" in row}


def table():
    """Outputs, accuracy without labels and after fine-tuning, and what each fault costs there."""
    recorded, scores, compared = results.load("conversion"), by_seed(), outputs()
    budgets = sorted({labels for _, labels in scores if labels})
    costs = [f"change, {n} labels" for n in budgets]
    rows = []
    for fault in dict.fromkeys(fault for fault, _ in scores):
        own = compared.get(fault)
        cells = [f"{own['similarity']:.2f}" if own else ""]
        cells.append(f"{100 * metrics.interval(list(scores[fault, 0].values()))[0]:.1f}")
        for n in budgets:
            gain = None if fault == NONE else metrics.gain(scores[fault, n], scores[NONE, n])
            cells += [score_text(metrics.interval(list(scores[fault, n].values()))), gain]
        rows.append((display_name(fault), *cells))
    columns = ["fault", "similarity", "no labels, %"]
    for n, cost in zip(budgets, costs, strict=True):
        columns += [f"{n} labels, %", cost]
    caption = f"Film reviews, test accuracy; 3 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, columns, gains=costs, caption=caption)


def markdown() -> str:
    """The same as a table for docs/RESULTS.md."""
    scores, compared = by_seed(), outputs()
    budgets = sorted({labels for _, labels in scores})
    columns = ["fault", "similarity", *(f"{n} labels" if n else "no labels" for n in budgets)]
    lines = [f"| {' | '.join(columns)} |", "| --- " + "| ---: " * (len(columns) - 1) + "|"]
    for fault in dict.fromkeys(fault for fault, _ in scores):
        own = compared.get(fault)
        cells = [fault, f"{own['similarity']:.2f}" if own else ""]
        cells += [score_text(metrics.interval([*scores[fault, n].values()])) for n in budgets]
        lines.append(f"| {' | '.join(cells)} |")
    made = made_by(results.load("conversion"))
    return "\n".join(lines) + f"\n\nAccuracy on film reviews, %; 3 seeds, 95 % intervals. {made}"
