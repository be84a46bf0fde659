"""Learning curves of all four tasks, from every results file that holds budgets."""

from operator import itemgetter

import numpy as np

from kit import metrics, results
from kit.results import entities, large_source, summaries, translation
from kit.results.style import made_by, styled
from kit.tasks.translation import CHILDREN, LANGUAGES

__all__ = ["METHODS", "PAIRS", "SCORES", "UNITS", "answers", "pack", "recorded", "table", "unpack"]

Scores = dict[int, dict[int, float]]
"""labels -> seed -> score, 0 to 1."""

METHODS = {
    "minilm": "head on MiniLM",
    "transformer_encoder": "head on the small Transformer",
    "tfidf": "TF-IDF + LR",
    "fresh": "head on fresh values",
}
"""Method of the experiment `learning_curves` -> its name in tables and figures."""
FILMS = {
    "full": "MiniLM, fine-tuned",
    "full_elsewhere": "MiniLM, tuned elsewhere first",
    "from_scratch": "from scratch",
}
TAGGED = {
    "minilm/full": "MiniLM, fine-tuned",
    "rnn_encoder/full": "small LSTM, fine-tuned",
    "minilm/from_scratch": "MiniLM's shape, from scratch",
    "rnn_encoder/from_scratch": "LSTM, from scratch",
    "none/most frequent tag": "most frequent tag",
}
TRANSLATED = {"full": "with the parent", "from_scratch": "from scratch", "memory": "memory"}
WRITTEN = {"mixed": "Transformer, both halves migrated", "scratch": "from scratch"}
LARGE = large_source.LARGER
SCORES = {"films": "accuracy", "entities": "F1", "translation": "chrF", "headlines": "ROUGE-1"}
"""Task -> what its curves show, 0 to 1."""
UNITS = {
    "films": "labelled sentences",
    "entities": "tagged sentences",
    "translation": "translated pairs",
    "headlines": "articles with a headline",
}
"""Task -> what is counted as a label."""
PAIRS = {
    "films": (FILMS["full"], FILMS["from_scratch"]),
    "entities": (TAGGED["minilm/full"], TAGGED["rnn_encoder/from_scratch"]),
    "translation": tuple(
        f"{LANGUAGES['it']}, {TRANSLATED[way]}" for way in ("full", "from_scratch")
    ),
    "headlines": (WRITTEN["mixed"], WRITTEN["scratch"]),
}
"""Task -> the curve with a source and the control that are compared first."""


def pack(right: np.ndarray) -> str:
    """1 where right (R,) as hexadecimal digits, four test rows a digit."""
    return np.packbits(np.asarray(right, dtype=bool)).tobytes().hex()


def unpack(digits: str, rows: int) -> np.ndarray:
    """(rows,) bool: what `pack` was given."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(digits), dtype=np.uint8))
    return bits[:rows].astype(bool)


def answers() -> dict[str, dict[int, dict[int, np.ndarray]]]:
    """Films, by the experiment `learning_curves`: method's name -> labels -> seed -> (R,), 1 where
    the answer to a test sentence is right."""
    recorded = results.load("learning_curves")
    right: dict = {}
    for row in recorded["rows"]:
        by_labels = right.setdefault(METHODS[row["method"]], {})
        seeds = by_labels.setdefault(row["labels"], {})
        seeds[row["seed"]] = unpack(row["right"], recorded["test rows"])
    return right


def recorded() -> dict[str, dict[str, Scores]]:
    """Task -> what was trained -> labels -> seed -> score, from the results files of all tasks:
    accuracy of films, F1 of entities, chrF / 100 of translation, ROUGE-1 of headlines."""
    return {
        "films": films(),
        "entities": tags(),
        "translation": translations(),
        "headlines": headlines(),
    }


def films() -> dict[str, Scores]:
    """Fine-tuned, from scratch, SmolLM2 frozen, heads on vectors, and word counts."""
    rows = results.load("see_it_work")["rows"]
    found = results.by_seed(rows, itemgetter("strategy", "labels"), "accuracy")
    large = large_source.by_seed(results.load("large_source")["rows"], [])
    curves = {name: _budgets(found, strategy) for strategy, name in FILMS.items()}
    curves[LARGE] = _budgets(large, LARGE)
    own = results.load("learning_curves")["rows"]
    heads = results.by_seed(own, itemgetter("method", "labels"), "accuracy")
    return curves | {name: _budgets(heads, method) for method, name in METHODS.items()}


def tags() -> dict[str, Scores]:
    """F1 by labelled sentences."""
    found = {
        (f"{source}/{strategy}", n): scores
        for (source, n, strategy), scores in entities.by_seed().items()
    }
    return {name: _budgets(found, key) for key, name in TAGGED.items()}


def translations() -> dict[str, Scores]:
    """chrF / 100 by pairs, each child with its parent, from scratch and by memory."""
    found = translation.by_seed(results.load("translation")["rows"], "chrf")
    curves = {}
    for child in CHILDREN:
        for strategy, name in TRANSLATED.items():
            curves[f"{LANGUAGES[child]}, {name}"] = {
                pairs: {seed: chrf / 100 for seed, chrf in scores.items()}
                for (part, source, language, pairs, how), scores in sorted(found.items())
                if (part, source, language, how) == ("budgets", "translator", child, strategy)
            }
    return curves


def headlines() -> dict[str, Scores]:
    """ROUGE-1 by articles with a headline."""
    found = summaries.by_seed(results.load("summaries")["rows"])
    keyed = {
        (f"{kind}/{way}/{first}", articles): scores
        for (kind, way, first, articles), scores in found.items()
    }
    curves = {name: _budgets(keyed, f"transformer/{way}/") for way, name in WRITTEN.items()}
    for body in ("rnn", "minilm"):
        name = summaries.BODIES[body]
        curves[f"{name}, both halves migrated"] = _budgets(keyed, f"{body}/mixed/")
    first = _budgets(keyed, f"transformer/mixed/{summaries.PRETEXT}")
    return curves | {"Transformer, pseudo-headlines first": first}


def _budgets(found: dict, key: str) -> Scores:
    """Of (key, labels) -> seed -> score: the scores of one key by labels, ascending."""
    return {n: found[name, n] for name, n in sorted(found) if name == key}


def table():
    """Test accuracy of films by labels: heads on frozen vectors, and word counts."""
    content = results.load("learning_curves")
    found = results.by_seed(content["rows"], itemgetter("method", "labels"), "accuracy")
    budgets = sorted({n for _, n in found})
    rows = []
    for n in budgets:
        cells = [found.get((method, n)) for method in METHODS]
        rows.append((f"{n:,}", *(c and metrics.interval([*c.values()]) for c in cells)))
    caption = "Test accuracy, %: 10 seeds (fresh values: 3), 95 % intervals over the seeds. "
    return styled(rows, ["labels", *METHODS.values()], caption=caption + made_by(content))
