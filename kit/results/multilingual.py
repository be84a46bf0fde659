"""English film labels and sentences in six languages: the accuracy of a head on frozen vectors."""

from kit import results
from kit.data.multilingual import LANGUAGES
from kit.results.style import made_by, styled

__all__ = ["NAMES", "summary", "table"]

NAMES = {"e5": "e5", "fresh": "e5's shape, fresh values", "minilm": "MiniLM (English)"}
"""Source in the file -> its name in the table."""


def summary() -> dict[tuple[str, str], tuple[float, float]]:
    """(source, texts) -> mean accuracy over the seeds, half-width of its 95 % interval."""
    rows = results.load("multilingual")["rows"]
    key = lambda row: (row["source"], row["texts"])  # noqa: E731
    return results.intervals(results.by_seed(rows, key, "accuracy"))


def table():
    """A row for the English test set, and one for our sentences of each language."""
    recorded, scores = results.load("multilingual"), summary()
    texts = {"films": "English, the test set"}
    texts |= {code: f"{name}, 20 sentences of ours" for code, name in LANGUAGES.items()}
    rows = [(name, *(scores[source, code] for source in NAMES)) for code, name in texts.items()]
    caption = (
        "Accuracy in %, a head on 400 English film labels, 3 draws of them, 95 % intervals over "
        "the draws alone. Twenty sentences of our own in a language are a show, and no "
        f"measurement: one sentence is 5 points. {made_by(recorded)}"
    )
    return styled(rows, ["texts", *NAMES.values()], caption=caption)
