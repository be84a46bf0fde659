"""Structure migration: narrower, shallower, wider, deeper, another vocabulary."""

from kit import results
from kit.metrics import interval
from kit.results.style import made_by, styled

__all__ = ["points", "summary", "table"]


def summary(recorded: dict, source: str) -> dict[tuple[str, str, int], tuple[float, float]]:
    """(strategy, shape, labels) -> mean accuracy and half-width of its interval over the seeds."""
    found: dict = {}
    for row in recorded["rows"]:
        if row["source"] == source:
            key = row["strategy"], row["shape"], row["labels"]
            found.setdefault(key, []).append(row["accuracy"])
    return {key: interval(scores) for key, scores in found.items()}


def points(recorded: dict, source: str, strategy: str, labels: int) -> list[tuple]:
    """(millions of parameters, mean, half-width, shape) of a strategy, from small to large.

    Whatever shrinks has the whole source as its largest.
    """
    size = {r["shape"]: r["parameters"] / 1e6 for r in recorded["rows"] if r["source"] == source}
    own = (strategy, "full") if strategy != "from_scratch" else (strategy,)
    found = [
        (size[shape], *score, shape)
        for (name, shape, n), score in summary(recorded, source).items()
        if name in own and n == labels
    ]
    return sorted(found)


def table(source: str = "MiniLM"):
    """Test accuracy of each shape of a source, before a label and with 100."""
    recorded = results.load("structure")
    scores = summary(recorded, source)
    kinds = dict.fromkeys((strategy, shape) for strategy, shape, _ in scores)
    rows = [(*kind, *(scores.get((*kind, n)) for n in (0, 100))) for kind in kinds]
    caption = f"Test accuracy, %, {source}: 95 % intervals over the seeds. {made_by(recorded)}"
    return styled(rows, ["strategy", "shape", "no label", "100 labels"], keys=2, caption=caption)
