"""Named entities: sources, strategies and budgets of CoNLL-2003."""

from collections import defaultdict

from kit import metrics, results
from kit.results.style import made_by, styled

__all__ = ["gains", "gains_table", "summary", "table"]

KEYS = ("source", "sentences", "strategy")
COLUMNS = {"full": "full", "from_scratch": "from scratch", "half": "half of it", "lora": "LoRA"}
HALF = ("choose_layers", "narrow")
"""Half of the layers, or, of an LSTM with one layer, half of the width."""


def summary() -> dict[tuple[str, int], dict[str, tuple[float, float]]]:
    """(source, sentences) -> strategy or baseline -> (mean test F1, half-width of its 95 %
    interval over the seeds)."""
    scores: dict = defaultdict(dict)
    for (source, sentences, strategy), seeds in by_seed().items():
        scores[source, sentences][strategy] = metrics.interval(list(seeds.values()))
    return dict(scores)


def by_seed() -> dict[tuple[str, int, str], dict[int, float]]:
    """(source, sentences, strategy) -> seed -> test F1."""
    rows = results.load("entities")["rows"]
    return results.by_seed(rows, lambda row: tuple(row[k] for k in KEYS), "f1")


def gains(source: str, sentences: int, one: str, other: str) -> tuple[float, float]:
    """What one strategy has more than another, seed by seed: mean and half of its interval."""
    scores = by_seed()
    return metrics.gain(scores[source, sentences, one], scores[source, sentences, other])


def _columns(source: str, strategies: dict) -> dict[str, str]:
    """Column -> strategy of this source."""
    half = "narrow" if source == "rnn_encoder" else "choose_layers"
    return {name: half if name == "half" else name for name in strategies}


def table():
    """Span F1 by source and sentences, beside looking words up."""
    scores, rows = summary(), []
    for source, sentences in scores:
        if source != "none":
            own = scores[source, sentences]
            cells = [own.get(s) for s in _columns(source, COLUMNS).values()]
            lookup = scores["none", sentences]["most frequent tag"]
            rows.append((source, f"{sentences:,}", *cells, lookup))
    rows.sort(key=lambda row: (row[0], int(row[1].replace(",", ""))))
    recorded = results.load("entities")
    caption = f"Span F1, %: 3 seeds, 95 % intervals. {made_by(recorded)}"
    columns = ["source", "sentences", *COLUMNS.values(), "most frequent tag"]
    return styled(rows, columns, keys=2, caption=caption)


def gains_table():
    """What `full` gains over each other strategy, seed by seed."""
    scores, rows = by_seed(), []
    for source, sentences in sorted({(s, n) for s, n, _ in scores if s != "none"}):
        columns = _columns(source, {k: v for k, v in COLUMNS.items() if k != "full"})
        full = scores[source, sentences, "full"]
        cells = [metrics.gain(full, scores[source, sentences, s]) for s in columns.values()]
        rows.append((source, f"{sentences:,}", *cells))
    names = [f"over {COLUMNS[name]}" for name in COLUMNS if name != "full"]
    caption = f"Gain of full in F1, points: 3 seeds. {made_by(results.load('entities'))}"
    return styled(rows, ["source", "sentences", *names], keys=2, gains=names, caption=caption)
