"""Translation that is worth having: children, ways of writing and readers, on plain messages."""

from operator import itemgetter

from kit import metrics, results
from kit.display_names import display_name
from kit.results.style import made_by, styled
from kit.tasks.translation import LANGUAGES

__all__ = ["CHILDREN", "WAYS", "gain", "key", "summary", "table"]

Key = tuple[str, str, int, str, str]
"""Part of the experiment, language, pairs, child, way of writing."""

CHILDREN = {
    "english": "the English as it is",
    "untouched": "the parent as it is",
    "memory": "translation memory",
    "from_scratch": "from scratch",
    "full": "child of the LSTM",
    "e5": "e5 reads, the parent's decoder",
    "e5, fresh decoder": "e5 reads, a fresh decoder",
}
WAYS = {
    "copied": "",
    "looked up": "",
    "greedy": "the likeliest piece",
    "beams": "4 beams",
    "memory where near": "4 beams, memory where near",
    "own pieces": "4 beams, only pieces of its pairs",
    "neighbours": "4 beams, nearest neighbours",
}
"""Name in the file -> name in the table."""
COLUMNS = {
    "chrf_plain": "chrF",
    "edits": "words to edit, %",
    "worth_editing": "worth editing, %",
    "foreign": "foreign words, %",
    "invented": "invented words, %",
}


def key(pairs: int, child: str, way: str, part: str = "test", language: str = "it") -> Key:
    """The key of a child that writes in this way."""
    return part, language, pairs, child, way


def by_seed(rows: list[dict], value: str) -> dict[Key, dict[int, float]]:
    """Key -> seed -> value, of what was measured on the test messages."""
    about = itemgetter("part", "language", "examples", "child", "way")
    tested = [row for row in rows if row["part"] in ("test", "readers", "languages")]
    return results.by_seed(tested, about, value)


def summary(value: str = "chrf_plain") -> dict[Key, tuple[float, float]]:
    """Key -> mean over the seeds, half-width of its 95 % interval."""
    return results.intervals(by_seed(results.load("useful_translation")["rows"], value))


def gain(one: Key, other: Key, value: str = "chrf_plain") -> tuple[float, float]:
    """Mean and half-width of what `one` has more than `other`, seed by seed."""
    found = by_seed(results.load("useful_translation")["rows"], value)
    return metrics.gain(found[one], found[other])


def table(language: str = "it", pairs: tuple[int, ...] | None = None):
    """The plain test messages of a language, by pairs, child and way of writing."""
    recorded = results.load("useful_translation")
    scores = {name: summary(name) for name in COLUMNS}
    order = sorted(
        (k for k in scores["chrf_plain"] if k[1] == language and (not pairs or k[2] in pairs)),
        key=lambda k: (k[2], [*CHILDREN].index(k[3]), [*WAYS].index(k[4])),
    )
    rows = [
        (f"{k[2]:,}", CHILDREN[k[3]], WAYS[k[4]], *(scores[name][k] for name in COLUMNS))
        for k in order
    ]
    caption = (
        f"{display_name(LANGUAGES[language])}, plain test messages, means over the seeds with "
        "95 % intervals. "
        "Worth editing: at most 30 % of the words have to be edited. Foreign: words of the "
        f"parent's languages. Invented: of no language here. {made_by(recorded)}"
    )
    columns = ["pairs", "translator", "writes", *COLUMNS.values()]
    return styled(rows, columns, keys=3, scale=1, caption=caption)
