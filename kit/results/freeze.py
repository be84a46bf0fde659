"""What to freeze: accuracy with 100 labels for some choices of what is trained."""

from kit import metrics, results
from kit.results.style import made_by, score_text, styled

__all__ = ["by_seed", "summary", "table"]


def by_seed() -> dict[str, dict[int, float]]:
    """What was trained -> seed -> test accuracy."""
    return results.by_seed(results.load("freeze")["rows"], lambda row: row["strategy"], "accuracy")


def summary() -> dict[str, tuple[float, float]]:
    """What was trained -> mean accuracy, half-width of its 95 % interval."""
    return results.intervals(by_seed())


def table():
    """Accuracy of each choice, the gain over training all, what it trains, and its seconds."""
    recorded, scores = results.load("freeze"), by_seed()
    rows = []
    for name, seeds in scores.items():
        own = [row for row in recorded["rows"] if row["strategy"] == name]
        seconds = sum(row["seconds"] for row in own) / len(own)
        gained = metrics.gain(seeds, scores["full"]) if name != "full" else None
        accuracy = score_text(metrics.interval(list(seeds.values())))
        rows.append((name, accuracy, gained, f"{own[0]['trained']:,}", f"{seconds:.0f}"))
    worth = "gain over full"
    columns = ["trained", "accuracy, %", worth, "parameters trained", "seconds"]
    caption = f"MiniLM, 100 labels, 5 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, columns, gains=[worth], caption=caption)
