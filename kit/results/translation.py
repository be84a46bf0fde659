"""Translation: parents and children, from scratch and from a translation memory, by pairs."""

from operator import itemgetter

from kit import metrics, results
from kit.results.style import made_by, styled
from kit.tasks.translation import CHILDREN, LANGUAGES

__all__ = ["gains", "gains_table", "key", "summary", "table"]

Key = tuple[str, str, str, int, str]
"""Part of the experiment, parent, language of the child, pairs, strategy."""


def by_seed(rows: list[dict], value: str = "bleu") -> dict[Key, dict[int, float]]:
    """Key -> seed -> value; rates that were tried on validation are left out."""
    about = itemgetter("part", "source", "language", "pairs", "strategy")
    return results.by_seed([row for row in rows if row["part"] != "rates"], about, value)


def summary(rows: list[dict], value: str = "bleu") -> dict[Key, tuple[float, float]]:
    """Key -> mean over the seeds, half-width of its 95 % interval."""
    return results.intervals(by_seed(rows, value))


def gains(rows: list[dict], one: Key, other: Key, value: str = "bleu") -> tuple[float, float]:
    """Mean and half-width of what `one` has more than `other`, seed by seed."""
    found = by_seed(rows, value)
    return metrics.gain(found[one], found[other])


def key(
    language: str, pairs: int, strategy: str, part: str = "budgets", source: str = "translator"
):
    """The key of a child: (part of the experiment, parent, language, pairs, strategy)."""
    return part, source, language, pairs, strategy


STRATEGIES = {
    "full": "with the parent",
    "from_scratch": "from scratch",
    "memory": "translation memory",
}


def table(value: str = "chrf", languages: tuple[str, ...] = CHILDREN):
    """BLEU or chrF by child and pairs: with the parent, from scratch, translation memory, the
    English as it is, and what the parent is worth, seed by seed."""
    recorded = results.load("translation")
    rows, scores = recorded["rows"], summary(recorded["rows"], value)
    worth, lines = "gain with the parent", []
    for language in languages:
        for pairs in (100, 300, 1000):
            keys = [key(language, pairs, strategy) for strategy in STRATEGIES]
            english = scores.get(key(language, 0, "english", "cheap"))
            if keys[0] in scores:
                gained = gains(rows, keys[0], keys[1], value)
                cells = [scores.get(k) for k in keys]
                lines.append(
                    (
                        LANGUAGES[language],
                        f"{pairs:,}",
                        *cells,
                        english and (english[0], 0.0),
                        gained,
                    )
                )
    columns = ["child", "pairs", *STRATEGIES.values(), "left in English", worth]
    caption = (
        f"{value} on 300 test messages, 0 to 100: 3 seeds, 95 % intervals. {made_by(recorded)}"
    )
    return styled(lines, columns, keys=2, scale=1, gains=[worth], caption=caption)


def gains_table(pairs: dict[str, tuple], values: tuple[str, ...] = ("bleu", "chrf")):
    """Gains seed by seed. pairs: name -> (key of one child, key of the other)."""
    recorded = results.load("translation")
    rows = [
        (name, *(gains(recorded["rows"], one, other, value) for value in values))
        for name, (one, other) in pairs.items()
    ]
    caption = f"Gain on 300 test messages: 3 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, ["compared", *values], scale=1, gains=values, caption=caption)
