"""The parts of a report: each a function from what was read so far to a message and its numbers.

N training rows, R test rows.
"""

import html
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from kit import metrics
from kit.audit.leaks import leakage
from kit.audit.leaks.rows import Rows
from kit.audit.learning_curves import (
    Curve,
    Forecast,
    backtest,
    draw_rows,
    forecast,
    head_answers,
)
from kit.audit.reports.doubts import in_doubt, out_of_fold
from kit.audit.reports.groups import group_gaps
from kit.audit.reports.reading import FEW, Reading
from kit.audit.transferability.estimates import CachedVectors, estimate
from kit.errors import KitError
from kit.html import table
from kit.tasks.classification import LIMIT, tfidf
from kit.texts import WORD, unspaced

__all__ = ["PARTS", "SOURCES", "Part"]

SOURCES = ("minilm", "transformer_encoder", "rnn_encoder")
MANY_LANGUAGES = ("e5",)
"""Sources that read about a hundred languages."""
SEEDS = 5
"""Draws of labels for each point of the learning curve."""
ESTIMATED = 400
"""Labels of an estimate, at most."""
LEAST = 20
"""Training rows that must be left after leaks were taken out."""
SHOWN = 8
"""Rows of a table that are shown."""
DOUBTED = 0.03
"""Share of labels in doubt from which on they are to be looked at first."""
KNOWS = 0.7
"""Accuracy, out of fold, from which on a model may doubt a label."""


class Part(NamedTuple):
    """One part of a report."""

    message: str
    """What was found, in one or two sentences."""
    html: str = ""
    """Tables."""
    details: tuple[str, ...] = ()
    """What else is worth knowing, a sentence each."""
    facts: dict = {}  # noqa: RUF012 (a NamedTuple's default; nothing writes to it)
    """Its numbers by name."""


def look(reading: Reading) -> Part:
    """What is in the data: rows, classes, lengths."""
    lines, shares = [], {}
    for split, all_rows in reading.all.items():
        rows = Rows(split, all_rows, reading.task, None)
        count = Counter(rows.labels)
        words = [_length(text) for text in rows.texts]
        shares[split] = {c: count[c] / len(rows) for c in count}
        common = "; ".join(
            f"{reading.named(c)} {n / len(rows):.0%}" for c, n in count.most_common(6)
        )
        lines.append((split, f"{len(rows):,}", common, int(np.median(words)), max(words)))
    train, test = len(reading.all["train"]), len(reading.all["test"])
    details = [
        f"{split} has {len(reading.all[split]):,} rows; what follows, but for leaks, reads "
        f"{len(rows):,} of them, drawn by lot."
        for split, rows in reading.rows.items()
        if len(rows) < len(reading.all[split])
    ]
    absent = [c for c in shares["test"] if c not in shares["train"]]
    if absent:
        details.append(f"In the test alone: {', '.join(map(reading.named, absent))}.")
    heads = ("split", "rows", "classes", "words, median", "most")
    if max(line[4] for line in lines) > LIMIT:
        details.append(f"Sources read the first {LIMIT} tokens of a text.")
    message = f"{train:,} rows to train on and {test:,} to test, {len(shares['train'])} classes."
    return Part(message, table(heads, lines), tuple(details), {"shares": shares})


def _length(text: str) -> int:
    """Words between spaces; of Chinese, Japanese and Thai, characters."""
    words = WORD.findall(text)
    return len(words) if unspaced(words) else len(text.split())


def leaks(reading: Reading) -> Part:
    """What of the test is in the training data, and what it is worth."""
    found = leakage(reading.all, reading.task, group=reading.group)
    kinds = sorted(found.kinds())
    leaked = len(found.leaked("train"))
    message = "No leak was found."
    if kinds:
        message = f"Found: {', '.join(kinds)}."
    if leaked:
        message += (
            f" {leaked:,} training rows meet a row of another split: what follows leaves them out."
        )
        kept = found.without(reading.all)["train"]
        if len(kept) < LEAST or len({row[reading.rows["train"].answer] for row in kept}) < 2:
            raise KitError(
                f"{leaked:,} of {len(reading.all['train']):,} training rows meet a row of another "
                "split, and too few are left for a report: divide the data anew first "
                "(audit.leakage shows the pairs)."
            )
        reading.take("train", kept)
    facts = {"kinds": kinds, "leaked": leaked, "report": found}
    return Part(message, found._repr_html_(), (), facts)


def advice(ranked: list[str], strange: Mapping[str, str]) -> str:
    """Which source to try first. ranked: the best first. strange: those that hardly know the script
    of the texts, and why."""
    readers = [name for name in ranked if name not in strange]
    if not readers:
        message = f"None of these sources knows the script of the texts: {', '.join(ranked)}."
        more = ", ".join(name for name in MANY_LANGUAGES if name not in ranked)
        return message + (f" Give one that reads it, as in sources=({more!r},)." if more else "")
    if ranked[0] in strange:
        return (
            f"{ranked[0]} is ahead, and hardly knows the script of the texts: try {readers[0]} "
            "too, which does."
        )
    order = ", in this order" if len(ranked) > 1 else ""
    return f"Try first: {', '.join(ranked[:3])}{order}."


def which_sources(reading: Reading) -> Part:
    """Sources by estimates on frozen vectors, each with its interval over draws of labels."""
    lines, probes = [], {}
    counts, common = Counter(reading.y("train").tolist()), reading.common()
    y = reading.y("train")[common]
    if len(set(y.tolist())) < 2:
        rare = min(counts, key=counts.get)
        return Part(
            f"Not estimated: the class {reading.named(rare)} has {counts[rare]} training rows, and "
            f"an estimate takes {FEW} of each of two classes.",
        )
    # At most half of the rows, so that the draws differ: else they have no interval.
    n = min(ESTIMATED, max(len(y) // 2, FEW * len(set(y.tolist()))))
    for name in reading.names:
        split = reading.vectors[name] = reading.read(name)
        cached = CachedVectors(
            source=name, layer=1, layers=1, task="own", vectors=split["train"][common], labels=y
        )
        kinds = ("linear probe", "H-score", "LogME")
        made = {e.estimator: e for e in estimate([cached], n=n, draws=3, estimators=kinds)}
        mean, half = made["linear probe"].interval
        half = half if n < len(y) else math.nan
        probes[name] = (mean, half)
        cells = [
            f"{100 * mean:.1f} ± {100 * half:.1f} %" if half == half else f"{100 * mean:.1f} %"
        ]
        cells += [f"{made[k].mean:.2f}" for k in kinds[1:]]
        lines.append((name, *cells))
    ranked = sorted(probes, key=lambda name: -probes[name][0])
    reading.best = ranked[0]
    lines.sort(key=lambda line: ranked.index(line[0]))
    top, half = probes[ranked[0]]
    near = [s for s in ranked[1:] if not top - probes[s][0] >= half + probes[s][1]]  # nan: unsure
    message = advice(ranked, reading.strange)
    details = [f"{name}: {said}" for name, said in reading.strange.items()]
    rare = [f"{reading.named(c)} ({n})" for c, n in sorted(counts.items()) if n < FEW]
    if rare:
        details.append(
            f"Fewer than {FEW} training rows, and so neither estimated nor doubted: "
            f"{', '.join(rare)}."
        )
    details += [f"{ranked[0]} is not surely better than {', '.join(near)}."] if near else []
    details.append(
        "An estimate does not fine-tune: on recorded tasks its order agrees with what fine-tuning "
        "gave only in part (lesson 11)."
    )
    heads = ("source", f"linear probe, {n} labels", "H-score", "LogME")
    return Part(message, table(heads, lines), tuple(details), {"order": ranked, "probes": probes})


def labels(reading: Reading) -> Part:
    """Training labels in doubt."""
    rows, places = reading.rows["train"], np.flatnonzero(reading.common())
    y = reading.y("train")[places]
    try:
        both = [out_of_fold(y, texts=[rows.beginnings[i] for i in places])]
        if reading.best:
            both.append(out_of_fold(y, vectors=reading.vectors[reading.best]["train"][places]))
    except (KitError, ValueError) as problem:
        return Part(f"Labels were not checked: {problem}")
    doubts = in_doubt(both, y)
    if doubts.accuracy < KNOWS:
        return Part(
            f"Labels were not judged: out of fold the models are right in {doubts.accuracy:.0%} of "
            "the rows, too few to doubt a label.",
            facts={"share": None, "accuracy": doubts.accuracy, "rows": ()},
        )
    lines = [
        (rows.texts[places[i]][:90], reading.named(y[i]), reading.named(c), f"{p:.2f}")
        for i, c, p in zip(doubts.rows, doubts.said, doubts.likely, strict=True)
    ][:SHOWN]
    message = (
        f"{doubts.share:.1%} of the training labels are in doubt ({len(doubts.rows):,} of "
        f"{len(y):,}). Hard rows are among them: read them."
    )
    heads = ("text", "label", "the models say", "P(label)")
    ids = tuple(rows.ids[places[i]] for i in doubts.rows)
    facts = {"share": doubts.share, "accuracy": doubts.accuracy, "rows": ids}
    return Part(message, table(heads, lines) if lines else "", (), facts)


def curve(reading: Reading) -> Part:
    """The learning curve of heads on the best source, beside counted words, and its next point."""
    if not reading.best:
        return Part("Not measured: no source was estimated.")
    y, test = reading.y("train"), reading.y("test")
    vectors, texts = reading.vectors[reading.best], np.array(reading.rows["train"].beginnings)
    budgets = [n for n in (25, 50, 100, 200, 400, 800) if n < len(y)] + [len(y)]
    budgets = [n for n in budgets if n >= 2 * len(set(y.tolist()))]
    right: dict[str, dict] = {reading.best: {}, "TF-IDF": {}}
    for n in budgets:
        reading.go_on(f"learning curve, {n:,} labels")
        for seed in range(SEEDS if n < len(y) else 1):
            chosen = draw_rows(y, n, seed)
            answers = head_answers(vectors["train"][chosen], y[chosen], vectors["test"])
            right[reading.best].setdefault(n, {})[seed] = (answers == test).astype(float)
            words = tfidf().fit(texts[chosen], y[chosen]).predict(reading.rows["test"].beginnings)
            right["TF-IDF"].setdefault(n, {})[seed] = (words == test).astype(float)
    curves = {name: Curve.from_answers(name, answers) for name, answers in right.items()}
    ends = {name: made.intervals() for name, made in curves.items()}
    lines = [
        (f"{n:,}", *(f"{100 * m:.1f} ({100 * a:.1f} to {100 * b:.1f})" for m, a, b in points))
        for n in budgets
        for points in [[ends[name][n] for name in curves]]
    ]
    next_point: Forecast | None = None
    message = "Too few budgets for a forecast."
    trials = backtest(curves.values())
    if trials and len(budgets) > 2:
        try:
            next_point = forecast(curves[reading.best], 2 * budgets[-1], trials)
            message = f"Twice the labels would bring {next_point}."
        except KitError as problem:
            message = f"No forecast: {problem}"
    heads = ("labels", *(f"{name}, accuracy in %" for name in curves))
    facts = {"curves": curves, "forecast": next_point}
    return Part(message, table(heads, lines), (), facts)


def served(reading: Reading) -> Part:
    """Which groups a head on the best source serves worse."""
    if reading.compare is None:
        return Part("Groups were not compared: compare=... names a column, such as a region.")
    if not reading.best:
        return Part("Groups were not compared: no source was estimated.")
    groups = reading.rows["test"].groups
    gaps = group_gaps(reading.head_right, groups, reading.y("test"))
    if not gaps:
        return Part("Groups were not compared: none has 20 test rows and others beside it.")
    lines = [
        (g.group, g.rows, f"{100 * g.accuracy:.1f}", f"{100 * g.others:.1f}", f"{g.p:.3f}")
        for g in gaps[:SHOWN]
    ]
    sure = [g for g in gaps if g.p < 0.05]
    message = "No group of at least 20 test rows is served worse or better than by chance."
    if sure:
        said = ", ".join(f"{g.group!r} {100 * g.gap:+.1f} points" for g in sure[:4])
        message = f"Served differently: {said}."
    heads = (reading.compare, "test rows", "accuracy in %", "of the others", "p, corrected")
    return Part(message, table(heads, lines), (), {"gaps": gaps, "sure": [g.group for g in sure]})


def next_step(reading: Reading) -> Part:
    """What to do next, with the code that does it."""
    facts = reading.facts
    steps, code = [], []
    if facts["leaks"]["leaked"]:
        steps.append("Take the leaked training rows out, and test again.")
        group = f", group={reading.group!r}" if reading.group else ""
        code.append(f"data = audit.leakage(data, task{group}).without(data)")
    if facts["leaks"]["kinds"] and not facts["leaks"]["leaked"]:
        steps.append("Look at the words and rows that give labels away, in the part on leaks.")
    share = facts["labels"].get("share")
    if share and share >= DOUBTED:
        steps.append("Read the labels in doubt before you buy more.")
    if facts["groups"].get("sure"):
        steps.append("Label more rows of the groups that are served worse, and compare again.")
    if not reading.best:
        steps.append("Label at least five rows of each class.")
    else:
        gain = reading.head_right - reading.words_right
        low, high = (100 * x for x in metrics.bootstrap(gain))
        said = f"{100 * gain.mean():+.1f} points ({low:+.1f} to {high:+.1f})"
        if low > 0:
            steps.append(f"Fine-tune {reading.best}: its frozen vectors are worth {said} already.")
        else:
            steps.append(
                f"Frozen vectors of {reading.best} are worth {said} over counted words, which is "
                "not surely more. Keep TF-IDF as the control that fine-tuning must beat."
            )
        code += [
            f"source = sources.load({reading.best!r})",
            "result = experiment.run(source, 'full', task, data['train'], data['test'], seed=0)",
            "result.scores",
        ]
    code = ["from kit import audit, experiment, sources", *code] if code else []
    body = f"<pre>{html.escape(chr(10).join(code))}</pre>" if code else ""
    return Part(steps[0], body, tuple(steps[1:]), {"steps": steps, "code": code})


def _kept(name: str, part: Callable[[Reading], Part]) -> Callable[[Reading], Part]:
    """The same part, whose facts the later parts can read."""

    def made(reading: Reading) -> Part:
        result = part(reading)
        reading.facts[name] = result.facts
        return result

    return made


PARTS: dict[str, Callable[[Reading], Part]] = {
    name: _kept(name, part)
    for name, part in {
        "data": look,
        "leaks": leaks,
        "sources": which_sources,
        "labels": labels,
        "learning curve": curve,
        "groups": served,
        "next step": next_step,
    }.items()
}
"""Name -> part, in the order of the page."""
