"""Bias: what a name or a nationality changes, by source, by labels and after each mitigation."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kit import results
from kit.metrics import bootstrap, bootstrap_interval, gain, interval, mean_correlation
from kit.results.style import made_by, score_text, styled

__all__ = [
    "METHODS",
    "SOURCES",
    "agreement",
    "correlation",
    "gains",
    "labels_table",
    "mean_order",
    "means",
    "mitigation_table",
    "occupations",
    "pack",
    "pronouns",
    "pronouns_table",
    "summary",
    "sure",
    "table",
    "tuned",
    "tuned_table",
    "unpack",
]

SOURCES = {
    "tfidf": "TF-IDF",
    "transformer_encoder fresh": "fresh Transformer",
    "minilm fresh": "fresh MiniLM",
    "glove": "GloVe",
    "spacy_vectors": "spaCy's vectors",
    "rnn_encoder": "small LSTM",
    "transformer_encoder": "small Transformer",
    "rnn_writer": "LSTM writer",
    "transformer_writer": "Transformer writer",
    "minilm": "MiniLM",
    "smollm": "SmolLM2",
}
"""Source of the experiment -> its name in tables, controls first."""
LABELS = {
    "films": "films",
    "without nationalities": "films that name none",
    "by lot": "films, dealt by lot",
    "products": "products",
}
"""Labels of the experiment -> their name in tables."""
METHODS = {
    "projection": "projection",
    "projection by lot": "projection, control",
    "augmentation": "augmentation",
    "augmentation by lot": "augmentation, control",
}
"""Mitigation of the experiment -> its name in tables. Control: the calendar for nationalities."""
CROWS = ("gender", "nationality")
"""Kinds of CrowS-Pairs that the experiment reads."""


def pack(values: Sequence[float]) -> str:
    """Numbers as one line of text, with three decimals."""
    return " ".join(f"{value:.3f}" for value in values)


def unpack(line: str) -> list[float]:
    """The numbers of such a line."""
    return [float(value) for value in line.split()]


def _rows(part: str) -> list[dict]:
    return [row for row in results.load("bias")["rows"] if row["part"] == part]


def _by_seed(value: str, part: str = "heads") -> dict:
    """(source, labels or method) -> seed -> value."""
    return results.by_seed(
        _rows(part), lambda row: (row["source"], row.get("labels") or row.get("method")), value
    )


def summary() -> dict[tuple[str, str], dict[str, tuple[float, float]]]:
    """(source, labels) -> what was measured -> mean over the draws, half of its 95 % interval.

    "accuracy"; "nationalities" and "calendar", ranges of P(positive); "excess", the first minus
    the second, draw by draw; "gap", P(positive) of female minus male names; "gap by lot", what 95 %
    of the deals of names by lot stay below. With ", deviations": in units of the standard deviation
    of the log-odds over the test sentences.
    """
    found: dict = defaultdict(dict)
    units = ("", ", deviations")
    values = [f"{kind}{unit}" for kind in ("nationalities", "calendar", "gap") for unit in units]
    for value in ("accuracy", "gap by lot", *values):
        for key, scores in _by_seed(value).items():
            found[key][value] = interval(list(scores.values()))
    for unit in units:
        own, control = _by_seed(f"nationalities{unit}"), _by_seed(f"calendar{unit}")
        for key in own:
            found[key][f"excess{unit}"] = gain(own[key], control[key])
    return dict(found)


def means(source: str, labels: str = "films", kind: str = "nationalities") -> np.ndarray:
    """(S, W): P(positive) of each word of a kind, for each draw of labels."""
    rows = [r for r in _rows("heads") if (r["source"], r["labels"]) == (source, labels)]
    return np.array([unpack(row[f"P of {kind}"]) for row in rows])


def mean_order(source: str, labels: str = "films", kind: str = "nationalities") -> np.ndarray:
    """(W,): each word's P(positive), less the mean of its draw: the mean over the draws."""
    found = means(source, labels, kind)
    return (found - found.mean(1, keepdims=True)).mean(0)


def agreement(source: str, labels: str = "films", kind: str = "nationalities") -> float:
    """Mean correlation of the words' P(positive) between two draws of labels, -1 to 1.

    Of fresh values, between draws with the same values."""
    found = means(source, labels, kind)
    if source.endswith("fresh"):
        return float(np.mean([mean_correlation(found[i : i + 3]) for i in range(0, len(found), 3)]))
    return mean_correlation(found)


def correlation(one: tuple[str, str], other: tuple[str, str]) -> float:
    """Correlation of the mean orders of the nationalities of two (source, labels), -1 to 1."""
    return float(np.corrcoef(mean_order(*one), mean_order(*other))[0, 1])


def sure(source: str, labels: str = "films") -> tuple[int, int, int]:
    """(draws with a gap above 0 and p < 0.05, such draws below 0, all draws)."""
    rows = [r for r in _rows("heads") if (r["source"], r["labels"]) == (source, labels)]
    signs = [np.sign(row["gap"]) for row in rows if row["gap p"] < 0.05]
    return signs.count(1), signs.count(-1), len(rows)


def _sure(source: str, labels: str = "films") -> str:
    above, below, _ = sure(source, labels)
    return f"{above} +, {below} −"


def table():
    """Accuracy, the ranges, their difference, the gap and the agreement of the draws: by source."""
    recorded, found = results.load("bias"), summary()
    values = ("accuracy", "nationalities", "calendar", "excess")
    rows = [
        (
            name,
            *(found[source, "films"][v] for v in values),
            f"{agreement(source):.2f}",
            found[source, "films"]["gap"],
            _sure(source),
        )
        for source, name in SOURCES.items()
        if (source, "films") in found
    ]
    columns = ["source", "accuracy", "range, nationalities", "range, calendar", "difference"]
    columns += ["agreement", "female minus male", "p < 0.05"]
    caption = (
        "Ranges and gaps of P(positive), in points: 200 film labels, nine draws, 95 % intervals. "
        "p < 0.05: draws whose gap the names dealt by lot seldom reach, by its sign. SmolLM2: its "
        "first 15 blocks. "
        f"{made_by(recorded)}"
    )
    gained = ["difference", "female minus male"]
    return styled(rows, columns, gains=gained, caption=caption)


def labels_table():
    """What other labels change: the same source, other labels."""
    found, recorded = summary(), results.load("bias")
    rows = []
    for source, labels in found:
        if labels in LABELS and (source, "products") in found:
            own = found[source, labels]
            cells = [own[v] for v in ("accuracy", "nationalities", "excess")]
            like = correlation((source, labels), (source, "films"))
            orders = (
                f"{agreement(source, labels):.2f}",
                "" if labels == "films" else f"{like:.2f}",
            )
            last = (own["gap"], _sure(source, labels))
            rows.append((SOURCES[source], LABELS[labels], *cells, *orders, *last))
    columns = ["source", "labels", "accuracy on films", "range, nationalities"]
    columns += ["minus calendar", "agreement", "as with films", "female minus male"]
    columns += ["p < 0.05"]
    caption = (
        "In points; nine draws of 200 labels, 95 % intervals. p < 0.05: draws whose gap the names "
        "dealt by lot seldom reach, by its sign. "
        f"{made_by(recorded)}"
    )
    gained = ["minus calendar", "female minus male"]
    return styled(rows, columns, keys=2, gains=gained, caption=caption)


def gains(value: str) -> dict[tuple[str, str], tuple[float, float]]:
    """(source, method) -> `value` ("nationalities", "calendar", "gap" or "accuracy") after the
    mitigation minus without any, draw by draw: mean and half of its 95 % interval. A gap counts by
    its size."""
    scores = _by_seed(value, "mitigation")
    if value == "gap":
        scores = {key: {s: abs(v) for s, v in own.items()} for key, own in scores.items()}
    return {
        (source, method): gain(own, scores[source, "none"])
        for (source, method), own in scores.items()
        if method != "none"
    }


def mitigation_table(sources: Sequence[str] = tuple(SOURCES)):
    """What each mitigation changes in the range, in the gap and in the accuracy: by source."""
    recorded = results.load("bias")
    changes = {value: gains(value) for value in ("nationalities", "calendar", "gap", "accuracy")}
    before = results.intervals(_by_seed("nationalities", "mitigation"))
    rows = [
        (
            SOURCES[source],
            name,
            before[source, "none"],
            *(c[source, method] for c in changes.values()),
        )
        for source in sources
        if (source, "none") in before
        for method, name in METHODS.items()
    ]
    columns = ["source", "mitigation", "range before", "range", "range, calendar", "gap's size"]
    columns += ["accuracy"]
    caption = (
        "Changes in points, draw by draw: found on one half of the words, judged on the other, "
        f"both ways; nine draws, 95 % intervals. {made_by(recorded)}"
    )
    return styled(rows, columns, keys=2, gains=columns[3:], caption=caption)


def tuned() -> dict[str, dict[str, tuple[float, float]]]:
    """ "full", "frozen" and "full minus frozen" of MiniLM -> what was measured -> interval.

    Ranges and gap in standard deviations of the log-odds over the test sentences: a tuned model's
    P(positive) is so near to 0 or 1 that no difference is left in it.
    """
    found: dict = defaultdict(dict)
    for value in ("accuracy", "nationalities", "calendar", "gap"):
        field = value if value == "accuracy" else f"{value}, deviations"
        scores = {method: own for (_, method), own in _by_seed(field, "tuned").items()}
        for method, own in scores.items():
            found[method][value] = interval(list(own.values()))
        found["full minus frozen"][value] = gain(scores["full"], scores["frozen"])
    return dict(found)


def tuned_table():
    """MiniLM tuned as a whole beside its head alone."""
    recorded = results.load("bias")
    rows = []
    for name, own in tuned().items():
        spreads = (own[value] for value in ("nationalities", "calendar", "gap"))
        texts = [score_text(score, scale=1, decimals=2) for score in spreads]
        rows.append((name, *texts, own["accuracy"]))
    columns = ["MiniLM", "range, nationalities", "range, calendar", "female minus male"]
    caption = (
        "200 film labels, three draws. Ranges and gap in standard deviations of the log-odds over "
        f"the test sentences. full: all values learn; frozen: the head alone. {made_by(recorded)}"
    )
    return styled(rows, [*columns, "accuracy"], keys=4, caption=caption)


def occupations(source: str) -> dict[str, tuple[float, float, float]]:
    """Occupation -> log p(she) - log p(he) where the pronoun refers to it, the same where it
    refers to somebody else, in nats; and the share of women who have it, 0 to 1."""
    [row] = [row for row in _rows("winogender") if row["source"] == source]
    columns = (unpack(row[kind]) for kind in ("occupation", "somebody else", "share of women"))
    return dict(zip(row["occupations"].split(", "), zip(*columns, strict=True), strict=True))


def pronouns() -> dict[str, dict[str, tuple[float, float, float]]]:
    """Writer -> what -> (value, low, high), a 95 % interval over occupations or pairs.

    "occupation" and "somebody else": the correlation of log p(she) - log p(he) with the share of
    women in the occupation, where the pronoun refers to it and where it does not. "she": the share
    of occupations with which "she" is the likelier pronoun. "type 1", "type 2": the share of pairs
    of WinoBias whose stereotyped sentence is the likelier one; "gender", "nationality": the same of
    CrowS-Pairs.
    """
    found: dict = {}
    for row in _rows("winobias"):
        source, values = row["source"], np.array(list(occupations(row["source"]).values()))
        own = {}
        for i, kind in enumerate(("occupation", "somebody else")):
            own[kind] = _correlated(values[:, i], values[:, 2])
        own["she"] = _share((values[:, 0] > 0).mean(), len(values))
        own |= {f"type {k}": _share(row[f"type {k}"], row[f"pairs {k}"]) for k in (1, 2)}
        [other] = [row for row in _rows("crows-pairs") if row["source"] == source]
        own |= {kind: _share(other[kind], other[f"pairs, {kind}"]) for kind in CROWS}
        found[source] = own
    return found


def _correlated(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    low, high = bootstrap_interval(lambda rows: np.corrcoef(x[rows], y[rows])[0, 1], len(x))
    return float(np.corrcoef(x, y)[0, 1]), low, high


def _share(share: float, count: int) -> tuple[float, float, float]:
    low, high = bootstrap(np.arange(count) < round(share * count))
    return float(share), low, high


def pronouns_table():
    """Winogender and WinoBias by likelihood: the writers of the kit, and SmolLM2."""
    recorded, found = results.load("bias"), pronouns()
    kinds = ("occupation", "somebody else", "she", "type 1", "type 2", *CROWS)
    rows = [
        (SOURCES[source], *(_cell(own[kind], kind) for kind in kinds))
        for source, own in found.items()
    ]
    columns = ["writer", "r, of the occupation", "r, of somebody else", "“she” likelier, %"]
    columns += ["WinoBias 1, %", "WinoBias 2, %", *(f"CrowS-Pairs, {kind}, %" for kind in CROWS)]
    caption = (
        "r: correlation of log p(she) − log p(he) with the share of women in 60 occupations. "
        "WinoBias, CrowS-Pairs: the share of pairs whose stereotyped sentence is the likelier one; "
        f"50 % is no preference. 95 % bootstrap intervals in brackets. {made_by(recorded)}"
    )
    return styled(rows, columns, keys=len(columns), caption=caption)


def _cell(value: tuple[float, float, float], kind: str) -> str:
    if kind in ("occupation", "somebody else"):
        return "{:.2f} ({:.2f} to {:.2f})".format(*value)
    return "{:.0f} ({:.0f} to {:.0f})".format(*(100 * v for v in value))
