"""The sources that come with the kit: each against its own architecture from scratch."""

from kit import results
from kit.results.style import made_by, styled

__all__ = ["summary", "table"]


def summary() -> dict[tuple[str, int, str], tuple[float, float]]:
    """(source, labels, strategy) -> mean test accuracy, half-width of its 95 % interval."""
    rows = results.load("builtin_sources")["rows"]
    keys = ("source", "labels", "strategy")
    return results.intervals(results.by_seed(rows, lambda r: tuple(r[k] for k in keys), "accuracy"))


def table():
    """Test accuracy of each source by labels, and of the same architecture from scratch."""
    recorded, scores = results.load("builtin_sources"), summary()
    budgets = sorted({n for _, n, _ in scores})
    names = {"full": "pretrained", "from_scratch": "from scratch"}
    rows = [
        (source, name, *(scores.get((source, n, strategy)) for n in budgets))
        for source in dict.fromkeys(s for s, *_ in scores)
        for strategy, name in names.items()
    ]
    columns = ["source", "values", *(f"{n:,} labels" for n in budgets)]
    caption = f"Test accuracy on film reviews, %: 5 seeds. {made_by(recorded)}"
    return styled(rows, columns, keys=2, caption=caption)
