"""From film reviews to products, editorials and tweets, and back: how far does sentiment carry?

    python -m kit.experiments domains                                  # all of it
    python -m kit.experiments domains --sources minilm --minutes 3     # stop after a while, and go on

Polarity with cross-entropy, ratings with squared error; heads begin from words. Nothing was
chosen on a test set: recipes are `sentiment.recipe`'s, labels and seeds were fixed before. Writes
kit/results/data/domains.json after each case, so that it can be stopped and goes on.
"""

import argparse
import gc
import time
from dataclasses import replace

from kit import results, runtime, sources
from kit.experiments import rows as rows_file
from kit.migrate import migrate
from kit.sources import Source
from kit.tasks import classification, inputs, sentiment
from kit.train import fit

NAME = "domains"
FILE = results.FOLDER / f"{NAME}.json"
LABELS, FEW, CLOSE = 400, 100, 800
"""Film labels; labels of the new domain; product labels that make a source closer to films."""

OTHERS = tuple(d for d in sentiment.DOMAINS if d != "films")


def body_of(name: str) -> Source:
    """A source without the head that it was pretrained with."""
    return replace(sources.load(name), head=None)


def learn(source: Source, domain: str, labels: int, seed: int, **how) -> Source:
    """Fine-tune a source on labels of a domain: what comes out is a source again.

    A source with a head keeps it; another gets a fresh one that begins from words.
    """
    loss, strategy = how.get("loss", "cross_entropy"), how.get("strategy", "full")
    train = sentiment.load(domain)["train"]
    head = None if source.head else lambda width: sentiment.head(width, loss=loss)
    made = migrate(source, head, strategy, seed=seed)
    if head:
        sentiment.from_words(made.model, source.tokenizer, sentiment.unlabelled(train))
    if labels:
        rows = sentiment.sample(train, labels, seed)
        examples = sentiment.encode(rows, source.tokenizer, loss=loss)
        recipe = sentiment.recipe(labels, strategy, seed=seed, loss=loss)
        fit(made.model, examples, recipe, groups=made.groups)
    return Source(f"{source.name}+{domain}", made.model.body, source.tokenizer, made.model.head)


def tested(source: Source, domain: str) -> dict:
    """Accuracy on the test sentences of a domain that take sides, and correlations with people's
    ratings on all of them; of a class, its logits' difference is the rating."""
    from scipy.stats import pearsonr, spearmanr

    made, rows = migrate(source, None).model, sentiment.load(domain, least=0)["test"]
    found = classification.logits(made, source.tokenizer, inputs(sentiment, rows))
    score = found if found.ndim == 1 else found[:, 1] - found[:, 0]
    rating = rows.with_format("numpy")["rating"][:]
    sides = abs(rating) >= 0.5
    return {
        "test": domain,
        "accuracy": float(((score > 0) == (rating > 0))[sides].mean()),
        "pearson": float(pearsonr(score, rating).statistic),
        "spearman": float(spearmanr(score, rating).statistic),
    }


def far(source: Source, seed: int, then: bool = False, **how) -> list[dict]:
    """Trained on films, tested everywhere; `then` with a few labels of each domain more."""
    films = learn(source, "films", LABELS, seed, **how)
    about = {"start": how.get("strategy", "full"), "trained": {"films": LABELS}}
    about["loss"] = how.get("loss", "cross_entropy")
    rows = [about | tested(films, domain) for domain in sentiment.DOMAINS]
    return rows + few(films, seed, {"films": LABELS}) if then else rows


def few(source: Source, seed: int, before: dict[str, int]) -> list[dict]:
    """A few labels of each other domain, for a source that has learnt `before`."""
    rows = []
    for domain in OTHERS:
        about = {"start": "full", "trained": before | {domain: FEW}, "loss": "cross_entropy"}
        rows.append(about | tested(learn(source, domain, FEW, seed), domain))
    return rows


def back(source: Source, seed: int, before: dict[str, int]) -> list[dict]:
    """A few film labels, for a source that has learnt `before`."""
    for domain, labels in before.items():
        source = learn(source, domain, labels, seed)
    rows = []
    for labels in (0, 50, FEW):
        about = {"start": "full", "trained": before | {"films": labels}, "loss": "cross_entropy"}
        rows.append(about | tested(learn(source, "films", labels, seed), "films"))
    return rows


CASES = {
    "films": far,
    "films, then a few": lambda source, seed: far(source, seed, then=True),
    "a few straight": lambda source, seed: few(source, seed, {}),
    "films, rating": lambda source, seed: far(source, seed, loss="squared_error"),
    "films straight": lambda source, seed: back(source, seed, {}),
    "films after products": lambda source, seed: back(source, seed, {"products": CLOSE}),
    "films, from scratch": lambda source, seed: far(source, seed, strategy="from_scratch"),
}
"""Name -> what is done with a source and a seed."""

CHEAP = tuple(case for case in CASES if case != "films")  # it is part of "films, then a few"
PLAN = {
    "rnn_encoder": CHEAP,
    "transformer_encoder": CHEAP,
    "minilm": ("films", "films, rating", "a few straight"),
}
"""Source -> its cases, what matters most first. MiniLM takes ten times as long as the others."""


def counted(seed: int) -> list[dict]:
    """The controls on the same labels: counting words, and the majority class."""
    few = {d: list(sentiment.sample(sentiment.load(d)["train"], FEW, seed)) for d in OTHERS}
    films = list(sentiment.sample(sentiment.load()["train"], LABELS, seed))
    plans = [({"films": LABELS}, films, domain) for domain in sentiment.DOMAINS]
    plans += [({d: FEW}, few[d], d) for d in OTHERS]
    plans += [({"films": LABELS, d: FEW}, films + few[d], d) for d in OTHERS]
    return [
        {"start": start, "trained": trained, "test": domain, "accuracy": accuracy}
        for trained, train, domain in plans
        for start, accuracy in sentiment.baselines(train, sentiment.load(domain)["test"]).items()
    ]


def save(rows: list[dict]) -> None:
    what = {
        "what": "sentiment across domains: test accuracy, and correlation with people's ratings",
        "command": f"python -m kit.experiments {NAME}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": rows,
    }
    runtime.write_json(FILE, what)


def missing(wanted: tuple[str, ...], seeds: int, only: tuple[str, ...]) -> list[tuple]:
    """(source, case, seed) that are still to be done, of these sources and cases."""
    done = {(row["source"], row["case"], row["seed"]) for row in rows_file.known(NAME)}
    plan = [("counted", "counted", seed) for seed in range(seeds)]
    for name in wanted:
        plan += [(name, case, s) for case in PLAN[name] if case in only for s in range(seeds)]
    return [unit for unit in plan if unit not in done]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", nargs="+", default=tuple(PLAN))
    parser.add_argument("--cases", nargs="+", default=tuple(CASES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no case after these")
    options = parser.parse_args()
    began = time.monotonic()
    for name, case, seed in missing(options.sources, options.seeds, options.cases):
        if time.monotonic() - began > 60 * options.minutes:
            break
        then, about = time.monotonic(), {"source": name, "case": case, "seed": seed}
        found = counted(seed) if case == "counted" else CASES[case](body_of(name), seed)
        save(rows_file.known(NAME) + [about | row for row in found])
        gc.collect()
        print(about, f"{time.monotonic() - then:.0f} s", flush=True)


if __name__ == "__main__":
    main()
