"""Film reviews by number of labels: with MiniLM, from scratch, and counting words."""

from kit import results
from kit.results.style import made_by, styled

__all__ = ["summary", "table"]

COLUMNS = {
    "full": "with MiniLM",
    "from_scratch": "from scratch",
    "tfidf": "TF-IDF + LR",
    "full_elsewhere": "MiniLM tuned elsewhere first",
    "tfidf_elsewhere": "TF-IDF, elsewhere too",
}


def summary() -> dict[int, dict[str, tuple[float, float]]]:
    """labels -> strategy or baseline -> (mean test accuracy, half-width of its 95 % interval)."""
    return results.by_budget(results.load("see_it_work")["rows"])


def table(*strategies: str):
    """Test accuracy by labels; strategies: the columns, default: those of the first lesson."""
    names = {s: COLUMNS.get(s, s) for s in strategies or COLUMNS}
    rows = [(f"{n:,}", *(scores.get(s) for s in names)) for n, scores in summary().items()]
    recorded = results.load("see_it_work")
    caption = f"Test accuracy, %: 5 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, ["labels", *names.values()], caption=caption)
