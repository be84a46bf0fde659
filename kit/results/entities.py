"""Named entities: sources, strategies and budgets of CoNLL-2003."""

from collections import defaultdict

from kit import metrics, results

__all__ = ["summary"]


def summary() -> dict[tuple[str, int], dict[str, tuple[float, float]]]:
    """(source, sentences) -> strategy or baseline -> (mean test F1, half-width of its 95 %
    interval over the seeds)."""
    scores: dict = defaultdict(lambda: defaultdict(list))
    for row in results.load("entities")["rows"]:
        scores[row["source"], row["sentences"]][row["strategy"]].append(row["f1"])
    return {key: {s: metrics.interval(v) for s, v in by.items()} for key, by in scores.items()}
