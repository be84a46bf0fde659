"""What a parent is worth to a child: few pairs of a language that the parent has never seen.

    python -m kit.experiments translation                  # all that is missing, two hours on one core
    python -m kit.experiments translation --minutes 5      # stop after a while, and go on next time
    python -m kit.experiments translation --parts kin      # one part; each child is saved as it is made

Parts: rates (what was chosen, on validation), cheap (no training: the English as it is, and the
parent as it is, which writes its own nearest language), budgets (four children, 100 to 1,000
pairs: with the parent, from scratch, memory; in Italian also LoRA, and the parent's reader before
a fresh writer), transformer (the same in Italian, of a parent that is a Transformer), what (which
other parts of the parent to keep), kin (small parents of related and unrelated languages).
Scored on the same 300 test messages of a language. Writes kit/results/data/translation.json after each
child. First of all: python -m kit.pretrain translator. Small parents stay in the cache.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from functools import cache
from itertools import product

from filelock import FileLock

from kit import metrics, results, runtime
from kit.data import placeholders
from kit.experiments import rows as rows_file
from kit.models import Model
from kit.sources import checkpoint
from kit.sources.builtin import FOLDER
from kit.tasks import translation
from kit.tasks.translation.memory import Memory
from kit.tasks.translation.parent import rnn, train_parent, transformer
from kit.train import Recipe, fit

NAME = "translation"
FILE = results.FOLDER / f"{NAME}.json"
KEYS = ("part", "source", "language", "pairs", "strategy", "seed", "rate")
SEEDS, MESSAGES, PAIRS = 3, 300, 4000
"""Of the children; test messages; pairs of each language for the small parents of `kin`."""

PARTS = ("rates", "cheap", "budgets", "transformer", "what", "kin")
NEAR = {"ca": "es", "it": "es", "ro": "es", "uk": "ru"}
"""The language of the parent that it shall write for a child's, when nothing was trained."""

BUDGETS = (300, 100, 1000)
FAR = 0.6
"""A test message is far when none of the parent's English is this like it (cosine, `Memory`)."""

SHORT = Recipe(steps=1000, rate=4e-3, batch_size=64)
PARENTS = {
    "romance": (("es", "fr"), rnn, SHORT, PAIRS),
    "slavic": (("ru", "pl"), rnn, SHORT, PAIRS),
    "far": (("zh", "ja"), rnn, SHORT, PAIRS),
    "transformer": (
        translation.PARENTS,
        transformer,
        Recipe(steps=14_000, rate=2e-3, batch_size=64),
        None,
    ),
}
"""Small parents: their languages, their model, how they are trained, on how many pairs each."""

RATES = {
    "translator": {
        "full": (1e-3, 2e-3, 4e-3, 8e-3),
        "lora": (1e-3, 2e-3, 4e-3, 8e-3),
        "frozen": (1e-3, 2e-3, 4e-3, 8e-3),
        "from_scratch": (4e-3, 8e-3, 1.6e-2, 3.2e-2),
    },
    "transformer": {
        "full": (5e-4, 1e-3, 2e-3),
        "lora": (1e-3, 2e-3, 4e-3),
        "from_scratch": (1e-3, 2e-3, 4e-3),
    },
}
"""What was tried on validation: Italian, 300 pairs, one seed."""


@cache
def source(name: str):
    """The baked parent, or a small one: from the cache, or trained and put there."""
    if name == "translator":
        return checkpoint.load(FOLDER / name)
    folder = runtime.cache_dir() / "experiments" / f"translation-{name}"
    if not (folder / "source.json").exists():
        folder = runtime.cache_dir() / "pretrain" / f"translation-{name}"
        made = train_parent(name, tokenizer(), *PARENTS[name], folder=folder)
        checkpoint.save(made, folder)
    return checkpoint.load(folder)


def tokenizer():
    """The vocabulary that the shipped parent has: every other parent reads and writes it too."""
    return checkpoint.load(FOLDER / "translator").tokenizer


def wanted(parts) -> Iterator[dict]:
    """Every child of these parts: what it is made of."""
    makers = {"rates": rates, "cheap": cheap, "budgets": budgets, "kin": kin}
    makers |= {"transformer": transformers, "what": what}
    for part in parts:
        yield from makers[part]()


def budgets() -> Iterator[dict]:
    """300 pairs first; Italian with more strategies than the others."""
    for n, language, seed in product(BUDGETS, ("it", "uk", "ca", "ro"), range(SEEDS)):
        more = ("lora", "encoder") if language == "it" else ()
        for strategy in ("full", "from_scratch", "memory", *more):
            yield row("budgets", "translator", language, n, strategy, seed)


def transformers() -> Iterator[dict]:
    """The same for Italian, with a Transformer for a parent."""
    for n, seed in product(BUDGETS, range(SEEDS)):
        for strategy in ("full", "from_scratch", "lora", "encoder"):
            yield row("transformer", "transformer", "it", n, strategy, seed)


def what() -> Iterator[dict]:
    """The reader held still; its layer fresh."""
    for seed, strategy in product(range(SEEDS), ("frozen", "decoder")):
        yield row("what", "translator", "it", 300, strategy, seed)


def kin() -> Iterator[dict]:
    """Romance, Slavic and far parents; a Romance and a Slavic child."""
    for name in ("romance", "slavic", "far"):
        for seed in range(SEEDS):
            for language in ("it", "uk"):
                yield row("kin", name, language, 300, "full", seed)


def rates() -> Iterator[dict]:
    """One seed, scored on validation."""
    for name, strategies in RATES.items():
        for strategy, tried in strategies.items():
            for rate in tried:
                yield row("rates", name, "it", 300, strategy, 0) | {"rate": rate}


def cheap() -> Iterator[dict]:
    """What needs no pair at all."""
    for language in NEAR:
        for strategy in ("english", "untouched"):
            yield row("cheap", "translator", language, 0, strategy, 0)


def row(part, name, language, pairs, strategy, seed) -> dict:
    about = {"part": part, "source": name, "language": language, "pairs": pairs}
    return about | {"strategy": strategy, "seed": seed}


def measure(about: dict) -> dict:
    """Train the child, let it translate, score it; on validation where a rate is chosen."""
    data, strategy = translation.load(about["language"]), about["strategy"]
    split = "validation" if about["part"] == "rates" else "test"
    test = translation.sample(data[split], MESSAGES, 0)
    texts, seconds = test["english"][:], 0.0
    if strategy == "english":
        answers = texts
    elif strategy == "untouched":
        given = source(about["source"])
        model, near = Model(given.body, given.head), NEAR[about["language"]]
        answers = translation.predict(model, given.tokenizer, texts, near)
    elif strategy == "memory":
        answers = Memory(train(about, data)).translate(texts)
    else:
        answers, seconds = taught(about, train(about, data), texts)
    return found(answers, test) | {"seconds": round(seconds, 1)}


def train(about: dict, data):
    """The pairs of a child."""
    return translation.sample(data["train"], about["pairs"], about["seed"])


def taught(about: dict, rows, texts: list[str]) -> tuple[list[str], float]:
    """What a child answers after its training, and the seconds of that."""
    given, n = source(about["source"]), about["pairs"]
    made = child(given, about["strategy"], about["seed"], about.get("rate"))
    recipe = translation.recipe(n, about["strategy"], seed=about["seed"])
    examples = translation.encode(rows, given.tokenizer)
    seconds = fit(made.model, examples, recipe, groups=made.groups).seconds
    return translation.predict(made.model, given.tokenizer, texts, about["language"]), seconds


def child(given, strategy: str, seed: int, rate: float | None = None):
    """The child, by a strategy of the table, or the parent's encoder before a fresh decoder, or
    its decoder after an encoder whose layer is fresh."""
    options = {"rate": rate} if rate else {}
    if strategy == "encoder":
        fresh = translation.rate(given, "from_scratch")["rate"]
        return translation.target(given, "full", head=True, head_rate=fresh, seed=seed, **options)
    name = "reinitialised" if strategy == "decoder" else strategy
    return translation.target(given, name, seed=seed, **options)


def found(answers: list[str], test) -> dict:
    """BLEU, chrF and placeholders on all messages; BLEU and chrF on those that are far, and on
    the plain ones: without a placeholder, which sacrebleu cuts into many words, easy to copy."""
    scores = translation.score(answers, test)
    places = {
        "far": [i for i, likeness in enumerate(known(test)) if likeness < FAR],
        "plain": [i for i, t in enumerate(test["english"][:]) if not placeholders.found(t)],
    }
    for name, some in places.items():
        part = translation.score([answers[i] for i in some], test.select(some))
        scores |= {f"{value}_{name}": part[value] for value in ("bleu", "chrf")}
        scores[name] = len(some)
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
    with FileLock(runtime.cache_dir() / "experiments" / f"{NAME}.lock"):
        about = {k: v for k, v in new.items() if k in KEYS}
        old = [r for r in rows_file.known(NAME) if {k: r[k] for k in KEYS if k in r} != about]
        rows = [*old, new]
        what = {
            "what": f"BLEU and chrF of children on {MESSAGES} test messages of their language",
            "command": f"python -m kit.experiments {NAME}",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            "signature": translation.signature("it"),
            "far": f"no English of the parent's training is {FAR} like it",
            "parents": {name: source(name).card["scores"] for name in made(rows)},
            "rows": rows,
        }
        runtime.write_json(FILE, what)
    return rows


def made(rows: list[dict]) -> list[str]:
    """The parents that the rows are from."""
    return sorted({r["source"] for r in rows} | {"translator"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--pairs", nargs="+", type=int, default=BUDGETS)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--parents", nargs="+", default=(), help="train these, and nothing else")
    options = parser.parse_args()
    if options.parents:
        print(*map(source, options.parents))
        return
    end = time.monotonic() + 60 * options.minutes
    for about in wanted(options.parts):
        done = [{k: r.get(k) for k in about} for r in rows_file.known(NAME) if "plain" in r]
        if about["pairs"] in (0, *options.pairs) and about not in done and time.monotonic() < end:
            print(save(about | measure(about))[-1], flush=True)
            gc.collect()
    summary(rows_file.known(NAME))


def summary(rows: list[dict]) -> None:
    """Means over the seeds, for a look."""
    groups: dict = {}
    for r in rows:
        about = (r[k] for k in ("part", "source", "language", "pairs", "strategy"))
        key = (*about, r.get("rate", 0))
        groups.setdefault(key, []).append(r)
    for key, each in sorted(groups.items()):
        means = {
            m: metrics.interval([r[m] for r in each])
            for m in ("bleu", "chrf", "bleu_plain")
            if all(m in r for r in each)
        }
        print(*key, {m: f"{mean:.1f} ± {half:.1f}" for m, (mean, half) in means.items()})


if __name__ == "__main__":
    main()
