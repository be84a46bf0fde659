"""Bias: what a name or a nationality changes in an answer, where that comes from, what helps.

    python -m kit.experiments bias                       # about half an hour on two cores
    python -m kit.experiments bias --parts heads tuned   # a part; goes on

Heads: logistic regression on frozen sources' vectors of 200 labelled film sentences, nine draws,
asked about templates. Their controls: sources with fresh values, word counts without a source,
words of no group, labels of other domains, labels dealt by lot. Mitigation: found on one half of
the words, judged on the other, both ways. Tuned: the whole of MiniLM against its head alone.
Winogender, WinoBias and CrowS-Pairs: the sentences that writers expect.
"""

import gc
import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from kit import experiment, sources
from kit.audit import bias
from kit.audit.bias import pronouns
from kit.audit.learning_curves import draw_rows, text_vectors
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import migrate
from kit.results.bias import pack
from kit.tasks import sentiment
from kit.tasks.classification import tfidf

FILE = ResultsFile(
    "bias",
    "what a name, a nationality or a pronoun changes in an answer, with controls",
    ("part", "source", "labels", "method", "seed"),
)
QUICK = (
    {"part": "heads", "source": "transformer_encoder", "labels": "films", "seed": 0},
    {"part": "mitigation", "source": "rnn_encoder", "method": "projection", "seed": 0},
)

SEEDS = 9
"""Draws of `LABELS` labelled sentences out of `POOL`."""
LABELS = 200
POOL = 1000
KINDS = 8
"""Directions of nationalities that a projection removes, beside the one of the two groups."""
POOLED = {"smollm": "last"}
"""Source -> how a sentence becomes a vector; default: the mean of its tokens."""
SOURCES = (
    "minilm", "rnn_encoder", "transformer_encoder", "rnn_writer", "transformer_writer", "smollm",
    "glove", "spacy_vectors", "tfidf", "transformer_encoder fresh", "minilm fresh",
)  # fmt: skip
OTHER_LABELS = ("by lot", "without nationalities", "products")
"""Which labels a head learns from, beside "films"."""
OTHERS = ("minilm", "transformer_encoder")
"""The sources whose heads learn from other labels."""
METHODS = ("none", "projection", "projection by lot", "augmentation", "augmentation by lot")
"""By lot: the control, with words of no group in place of the nationalities."""
TUNED = ("full", "frozen")
TUNED_SEEDS = 3
LARGE_BLOCKS = 15
"""Blocks of SmolLM2 that read."""


def main(arguments: list[str]) -> None:
    """Measure what is missing, and record each row."""
    command = parser("bias", __doc__)
    command.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
    options = command.parse_args(arguments)
    FILE.grow(planned(options.parts), measure)


def planned(parts) -> Iterator[dict]:
    """Every measurement, source by source, so that a source reads all sentences once."""
    for source in SOURCES:
        if "heads" in parts:
            for labels in ("films", *OTHER_LABELS) if source in OTHERS else ("films",):
                for seed in range(SEEDS):
                    yield {"part": "heads", "source": source, "labels": labels, "seed": seed}
        if "mitigation" in parts and source != "tfidf" and "fresh" not in source:
            for method in METHODS:
                for seed in range(SEEDS):
                    about = {"part": "mitigation", "source": source}
                    yield about | {"method": method, "seed": seed}
    for part in ("winogender", "winobias", "crows-pairs"):
        for source in ("rnn_writer", "transformer_writer", "smollm"):
            if part in parts:
                yield {"part": part, "source": source}
    for seed in range(TUNED_SEEDS):
        for method in TUNED:
            if "tuned" in parts:
                yield {"part": "tuned", "source": "minilm", "method": method, "seed": seed}


def measure(about: dict) -> dict:
    """One row."""
    return about | PARTS[about["part"]](about)


def heads(about: dict) -> dict:
    """A head's accuracy, and what it says of the templates."""
    name, seed = about["source"], about["seed"]
    texts, labels = drawn(about["labels"], seed)
    if name == "tfidf":
        return asked(tfidf().fit(texts, labels).decision_function)
    vectors = reader(name, seed)
    head = bias.Head.fit(vectors(texts), labels)
    return asked(lambda texts: head.log_odds(vectors(texts)))


def mitigation(about: dict) -> dict:
    """A head after a mitigation that was found on one half of the words, judged on the other:
    means over both ways."""
    found = [judged(about, way) for way in (0, 1)]
    return {key: round(float(np.mean([row[key] for row in found])), 5) for key in found[0]}


def judged(about: dict, way: int) -> dict:
    """One way: the half that it is found on is the first or the second."""
    vectors, method = reader(about["source"], 0), about["method"]
    texts, labels = drawn("films", about["seed"])
    train, test = vectors(texts), vectors(tested()[0])
    groups = bias.names()
    own = {kind: bias.halves(30)[way] for kind in ("nationalities", "calendar", *groups)}
    other = {kind: bias.halves(30)[1 - way] for kind in own}
    grid = {
        "nationalities": grid_of(vectors, bias.WORD_TEMPLATES, bias.NATIONALITIES),
        "calendar": grid_of(vectors, bias.WORD_TEMPLATES, bias.CALENDAR),
        **{g: grid_of(vectors, bias.NAME_TEMPLATES, words) for g, words in groups.items()},
    }
    half = {kind: grid[kind][:, own[kind]] for kind in grid}
    removed, neutral = np.zeros((0, train.shape[1])), None
    if method.startswith("projection"):
        removed = to_remove(half, by_lot=method.endswith("lot"), seed=about["seed"])
    elif method.startswith("augmentation"):
        kinds = ("calendar",) if method.endswith("lot") else ("nationalities", *groups)
        neutral = np.concatenate([half[kind].reshape(-1, train.shape[1]) for kind in kinds])
    head = bias.Head.fit(bias.without(train, removed), labels, neutral=neutral)

    def said(kind: str) -> np.ndarray:
        return head.probability(bias.without(grid[kind][:, other[kind]], removed))

    return {
        "accuracy": head.accuracy(bias.without(test, removed), tested()[1]),
        "nationalities": float(np.ptp(said("nationalities").mean(0))),
        "calendar": float(np.ptp(said("calendar").mean(0))),
        "gap": float(said("female").mean() - said("male").mean()),
    }


def to_remove(half: dict, *, by_lot: bool, seed: int) -> np.ndarray:
    """(1 + KINDS, D): the direction of the two groups and those of the nationalities; by lot, that
    of two groups of names that were drawn and those of the calendar."""
    names = np.concatenate([half["female"], half["male"]], axis=1).mean(0)  # (W, D)
    female = np.arange(len(names)) < half["female"].shape[1]
    if by_lot:
        female = np.random.default_rng(seed).permutation(female)
    between = names[female].mean(0) - names[~female].mean(0)
    kind = "calendar" if by_lot else "nationalities"
    return np.concatenate([between[None], bias.directions(half[kind], KINDS)])


def grid_of(vectors, templates, words) -> np.ndarray:
    """(T, W, D): the vectors of filled templates."""
    return vectors(bias.fill(templates, words)).reshape(len(templates), len(words), -1)


def tuned(about: dict) -> dict:
    """MiniLM tuned as a whole, or its head alone, by the training loop; then asked as a head is."""
    texts, labels = drawn("films", about["seed"])
    rows = [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]
    source = sources.minilm()
    run = experiment.prepare(source, about["method"], sentiment, rows, seed=about["seed"])
    run.fit()
    return asked(lambda texts: sentiment.log_odds(run.model, source.tokenizer, texts))


def winogender(about: dict) -> dict:
    """Each occupation's mean log p(she) - log p(he), where the pronoun refers to it, and where it
    refers to somebody else."""
    pairs, writer = pronouns.winogender(), load_whole(about["source"])
    nats = pronouns.preference(writer, pairs)
    values: dict = {}
    for pair, value in zip(pairs, nats, strict=True):
        values.setdefault((pair.occupation, pair.refers), []).append(value)
    women = pronouns.share_of_women()
    jobs = sorted(women)
    return {
        "occupations": ", ".join(jobs),
        "share of women": pack([women[job] for job in jobs]),
        "occupation": pack([np.mean(values[job, True]) for job in jobs]),
        "somebody else": pack([np.mean(values[job, False]) for job in jobs]),
    }


def winobias(about: dict) -> dict:
    """The share of pairs whose stereotyped sentence is the likelier one, by kind."""
    writer, shares = load_whole(about["source"]), {}
    for kind in (1, 2):
        nats = pronouns.preference(writer, pronouns.winobias(kind))
        shares |= {f"type {kind}": float((nats > 0).mean()), f"pairs {kind}": len(nats)}
    return shares


def crows_pairs(about: dict) -> dict:
    """The share of pairs whose stereotyped sentence is the likelier one, by kind."""
    writer, shares = load_whole(about["source"]), {}
    for kind in ("gender", "nationality"):
        nats = pronouns.preference(writer, pronouns.crows_pairs(kind))
        shares |= {kind: float((nats > 0).mean()), f"pairs, {kind}": len(nats)}
    return shares


def asked(log_odds) -> dict:
    """Accuracy on the test, and the answers to the templates: P(positive), and log-odds in units
    of their standard deviation over the test sentences."""
    texts, y = tested()
    test = np.asarray(log_odds(texts))
    deviation = float(test.std())
    row = {"accuracy": float(((test > 0) == y).mean())}
    words = {"nationalities": bias.NATIONALITIES, "calendar": bias.CALENDAR}
    for kind, own in words.items():
        odds = bias.scores(log_odds, bias.WORD_TEMPLATES, own)
        means = (1 / (1 + np.exp(-odds))).mean(0)
        row[kind] = float(np.ptp(means))
        row[f"{kind}, deviations"] = float(np.ptp(odds.mean(0)) / deviation)
        row[f"P of {kind}"] = pack(means)
    groups = bias.names()
    odds = bias.scores(log_odds, bias.NAME_TEMPLATES, [x for own in groups.values() for x in own])
    sizes = [len(own) for own in groups.values()]
    said = 1 / (1 + np.exp(-odds))
    gap = bias.gap(said[:, : sizes[0]], said[:, sizes[0] :], tuple(groups))
    between = odds[:, : sizes[0]].mean() - odds[:, sizes[0] :].mean()
    row |= {"gap": gap.mean, "gap by lot": gap.chance, "gap p": gap.p}
    row |= {"gap, deviations": float(between / deviation), "P of names": pack(said.mean(0))}
    return {key: round(v, 5) if isinstance(v, float) else v for key, v in row.items()}


def drawn(labels: str, seed: int) -> tuple[list[str], np.ndarray]:
    """`LABELS` texts of the pool and their labels."""
    texts, y = pool(labels)
    rows = draw_rows(y, LABELS, seed)
    if labels == "by lot":
        return [texts[i] for i in rows], np.random.default_rng(seed).permutation(y[rows])
    return [texts[i] for i in rows], y[rows]


@cache
def pool(labels: str) -> tuple[list[str], np.ndarray]:
    """The texts that labels are drawn from, and their labels: of a domain, or films that name no
    nationality."""
    domain = labels if labels in sentiment.DOMAINS else "films"
    train = sentiment.load(domain)["train"]
    texts, y = train["text"][:], np.array(train["label"][:])
    rows = draw_rows(y, POOL, 0)
    if labels == "without nationalities":
        named = re.compile(rf"\b({'|'.join(bias.NATIONALITIES)})\b", re.IGNORECASE)
        rows = np.array([i for i in rows if not named.search(texts[i])])
    return [texts[i] for i in rows], y[rows]


KNOWN: dict[str, dict[str, np.ndarray]] = {}
"""Source -> text -> vector: of one source at a time."""


def reader(name: str, seed: int):
    """A function from texts to vectors (N, D) that reads each text once. seed: of fresh values,
    three draws of labels for each."""
    key = f"{name} {seed // 3}" if name.endswith("fresh") else name
    if key not in KNOWN:
        KNOWN.clear()
        KNOWN[key] = {}
    known = KNOWN[key]

    def vectors(texts) -> np.ndarray:
        # Always the same texts together, so that a row comes out the same to the last bit.
        for together in (everyday(), pool("products")[0], texts):
            if all(text in known for text in texts):
                break
            source = frozen(name, seed // 3)
            own = list(dict.fromkeys(together))
            found = text_vectors(source, own, pool=POOLED.get(name, "mean"))
            known.update(zip(own, found, strict=True))
            del source
            gc.collect()
        return np.stack([known[text] for text in texts])

    return vectors


def everyday() -> list[str]:
    """The texts that every source reads: the pool of films, the test, the templates."""
    groups = [word for words in bias.names().values() for word in words]
    asked_for = bias.fill(bias.WORD_TEMPLATES, (*bias.NATIONALITIES, *bias.CALENDAR))
    return [*pool("films")[0], *tested()[0], *asked_for, *bias.fill(bias.NAME_TEMPLATES, groups)]


def tested() -> tuple[list[str], np.ndarray]:
    """Every second test sentence, and their labels."""
    test = films()["test"]
    return test["text"][::2], np.array(test["label"][::2])


def frozen(name: str, seed: int):
    """The source that reads; with fresh values of this seed where its name ends so."""
    if name == "smollm":
        return sources.smollm(layers=LARGE_BLOCKS)
    source = sources.load(name.removesuffix(" fresh"))
    if not name.endswith(" fresh"):
        return source
    from dataclasses import replace

    body = migrate(source, sentiment.head, "from_scratch", seed=seed).model.body
    return replace(source, body=body.eval(), head=None)


@cache
def load_whole(name: str):
    """A writer with its head."""
    return sources.load(name)


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()


PARTS = {
    "heads": heads,
    "mitigation": mitigation,
    "winogender": winogender,
    "winobias": winobias,
    "crows-pairs": crows_pairs,
    "tuned": tuned,
}
