"""What a parent is worth to a child: few pairs of a language that the parent has never seen.

    python tests/bench/translation.py              # all that is missing, an hour on one core
    python tests/bench/translation.py --parts rnn  # one part; each child is saved as it is made

Parts: budgets (four children, 100 to 1,000 pairs, with the parent, from scratch, memory), longer
(from scratch with three times the updates), what (which parts of the parent to keep, 300 pairs),
kin (a related against an unrelated parent), rnn.
Scored on the same 300 test messages of a language. Writes kit/recorded/translation.json after each
child, so that it can be stopped and goes on. First of all: python -m kit.bake translator. The small
parents of kin and rnn stay in the cache.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from filelock import FileLock

from kit import checkpoint, record, runtime
from kit.errors import KitError
from kit.sources.baked import FOLDER
from kit.tasks import translation
from kit.tasks.translation_memory import Memory
from kit.tasks.translation_parent import parent, rnn, transformer
from kit.train import Recipe, fit

NAME = "translation"
FILE = Path(__file__).parents[2] / "kit" / "recorded" / f"{NAME}.json"
SEEDS, MESSAGES = 3, 300
BUDGETS = {300: translation.CHILDREN, 100: ("it",), 1000: ("it",)}
"""Pairs, and the children that get as many."""

FAR = 0.6
"""A test message is far when none of the parent's English is this like it (cosine, `Memory`)."""

PARENTS = {
    "related": (("es", "fr"), transformer, Recipe(steps=800, rate=3e-3, batch_size=32)),
    "unrelated": (("ja", "zh"), transformer, Recipe(steps=800, rate=3e-3, batch_size=32)),
    "rnn": (translation.PARENTS, rnn, Recipe(steps=1500, rate=5e-3, batch_size=64)),
}
"""Small parents: their languages, their model, how they are trained."""


CHOICES = {
    "encoder": ("full", {"head": True, "head_rate": 2e-3}),
    "decoder": ("reinitialised", {"layers": 2}),
}
"""Strategies of this experiment's own: the decoder fresh, or the encoder's blocks."""


@cache
def source(name: str):
    """The baked parent, or a small one: from the cache, or trained and put there."""
    if name == "translator":
        return checkpoint.load(FOLDER / name)
    folder = runtime.cache_dir() / "bench" / f"translation-{name}"
    if not (folder / "source.json").exists():
        keep = runtime.cache_dir() / "bake" / f"translation-{name}"
        made = parent(name, translation.pieces(), *PARENTS[name], keep=keep)
        checkpoint.save(made, folder)
    return checkpoint.load(folder)


def wanted() -> Iterator[dict]:
    """Every child: what it is made of."""
    for n, languages in BUDGETS.items():
        for seed in range(SEEDS):
            for language in languages:
                for strategy in ("full", "from_scratch", "memory"):
                    yield row("budgets", "translator", language, n, strategy, seed)
    for seed in range(SEEDS):
        yield row("longer", "translator", "it", 300, "from_scratch", seed)
        for strategy in ("lora", "frozen", "encoder", "decoder"):
            yield row("what", "translator", "it", 300, strategy, seed)
        for name in ("related", "unrelated"):
            yield row("kin", name, "it", 300, "full", seed)
        for strategy in ("full", "from_scratch"):
            yield row("rnn", "rnn", "it", 300, strategy, seed)


def row(part, name, language, pairs, strategy, seed) -> dict:
    about = {"part": part, "source": name, "language": language, "pairs": pairs}
    return about | {"strategy": strategy, "seed": seed}


def measure(about: dict, split: str = "test") -> dict:
    """Train the child, let it translate, score it."""
    data = translation.load(about["language"])
    rows = translation.sample(data["train"], about["pairs"], about["seed"])
    test = translation.sample(data[split], MESSAGES, 0)
    texts, seconds = test["english"][:], 0.0
    if about["strategy"] == "memory":
        answers = Memory(rows).translate(texts)
    else:
        given = source(about["source"])
        made = child(given, about["strategy"], about["seed"])
        recipe = translation.recipe(about["pairs"], about["strategy"], seed=about["seed"])
        if about["part"] == "longer":
            recipe = replace(recipe, steps=3 * recipe.steps)
        examples = translation.encode(rows, given.tokens)
        seconds = fit(made.model, examples, recipe, groups=made.groups).seconds
        answers = translation.predict(made.model, given.tokens, texts, about["language"])
    return found(answers, test) | {"seconds": round(seconds, 1)}


def child(given, strategy: str, seed: int):
    """The child, by a strategy of the table or one of `CHOICES`."""
    name, options = CHOICES.get(strategy, (strategy, {}))
    return translation.child(given, name, seed=seed, **options)


def found(answers: list[str], test) -> dict:
    """BLEU, chrF and placeholders on all messages, BLEU and chrF on those that are far."""
    scores = translation.score(answers, test)
    places = [i for i, likeness in enumerate(known(test)) if likeness < FAR]
    far = translation.score([answers[i] for i in places], test.select(places))
    scores |= {"bleu_far": far["bleu"], "chrf_far": far["chrf"], "far": len(places)}
    return {name: round(value, 3) for name, value in scores.items()}


@cache
def memory() -> Memory:
    """All English that the parent has seen."""
    rows = [r for language in translation.PARENTS for r in translation.load(language)["train"]]
    return Memory({r["english"]: r for r in rows}.values())


def known(test) -> list[float]:
    """How like each message is to the nearest English that the parent has seen."""
    return [likeness for _, likeness in memory().nearest(test["english"][:])]


def save(new: dict) -> list[dict]:
    """Add a row to the file, to which another process may have added since."""
    with FileLock(runtime.cache_dir() / "bench" / f"{NAME}.lock"):
        rows = [*known_rows(), new]
        what = {
            "what": f"BLEU and chrF of children on {MESSAGES} test messages of their language",
            "command": f"python tests/bench/{NAME}.py",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            "signature": translation.signature(),
            "far": f"no English of the parent's training is {FAR} like it",
            "parents": {name: source(name).card["scores"] for name in made(rows)},
            "rows": rows,
        }
        runtime.write_json(FILE, what)
    return rows


def known_rows() -> list[dict]:
    """What is recorded already."""
    try:
        return record.recorded(NAME)["rows"]
    except KitError:
        return []


def made(rows: list[dict]) -> list[str]:
    """The parents that the rows are from."""
    return sorted({r["source"] for r in rows} | {"translator"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", default=("budgets", "longer", "what", "kin", "rnn"))
    parser.add_argument("--parents", nargs="+", default=(), help="train these, and nothing else")
    options = parser.parse_args()
    if options.parents:
        print(*map(source, options.parents))
        return
    for about in wanted():
        done = [{k: r[k] for k in about} for r in known_rows()]
        if about["part"] in options.parts and about not in done:
            print(save(about | measure(about))[-1], flush=True)
            gc.collect()
    summary(known_rows())


def summary(rows: list[dict]) -> None:
    """Means over the seeds, for a look."""
    groups: dict = {}
    for r in rows:
        key = r["part"], r["source"], r["language"], r["pairs"], r["strategy"]
        groups.setdefault(key, []).append(r)
    for key, each in sorted(groups.items()):
        means = {m: record.interval([r[m] for r in each]) for m in ("bleu", "chrf", "bleu_far")}
        print(*key, {m: f"{mean:.1f} ± {half:.1f}" for m, (mean, half) in means.items()})


if __name__ == "__main__":
    main()
