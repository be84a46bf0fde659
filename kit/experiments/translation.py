"""Translation: a child of a language with few pairs, which its parent has never seen.

    python -m kit.experiments translation                  # two hours on one core
    python -m kit.experiments translation --minutes 5      # stop after a while, and go on next time
    python -m kit.experiments translation --parts kin      # one part

Parts: rates (what was chosen, on validation), cheap (no training: the English as it is, and the
parent as it is, which writes its own nearest language), budgets (four children, 100 to 1,000
pairs: with the parent, from scratch, memory; in Italian also LoRA, and the parent's encoder before
a fresh decoder), transformer (the same in Italian, of a parent that is a Transformer), what (which
other parts of the parent to keep), kin (small parents of related and unrelated languages).
BLEU and chrF on the same 300 test messages of a language. Small parents are trained when they are
needed first, in minutes (the Transformer in hours), and stay in the cache.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

from kit import metrics, runtime
from kit.data import placeholders
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import Migration
from kit.models import Model
from kit.sources import Source, checkpoint
from kit.sources.builtin import FOLDER
from kit.tasks import translation
from kit.tasks.translation.memory import Memory
from kit.tasks.translation.parent import rnn, train_parent, transformer
from kit.train import Recipe, fit

MESSAGES = 300
"""Test messages."""
FILE = ResultsFile(
    "translation",
    f"BLEU and chrF of children on {MESSAGES} test messages of their language",
    keys=("part", "source", "language", "pairs", "strategy", "seed", "rate"),
)
QUICK = tuple(
    {
        "part": "cheap" if not pairs else "budgets",
        "source": "translator",
        "language": "it",
        "pairs": pairs,
        "strategy": strategy,
        "seed": seed,
    }
    for pairs, strategy, seed in ((0, "english", 0), (100, "full", 1), (100, "memory", 0))
)

SEEDS = 3
"""Of the children."""
PAIRS = 4000
"""Pairs of each language for the small parents of `kin`."""
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


def main(arguments: list[str]) -> None:
    command = parser("translation", __doc__)
    command.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
    command.add_argument("--pairs", nargs="+", type=int, default=BUDGETS)
    command.add_argument("--minutes", type=float, default=float("inf"))
    command.add_argument(
        "--parents",
        nargs="+",
        default=(),
        choices=tuple(PARENTS),
        help="train these, and nothing else",
    )
    options = command.parse_args(arguments)
    for name in options.parents:
        print(source(name))
    if not options.parents:
        rows = FILE.grow(planned(options), measure, minutes=options.minutes, describe=describe)
        summary(rows)


def planned(options) -> Iterator[dict]:
    """Every child of these parts with so many pairs, or without any."""
    for part in options.parts:
        for about in PARTS[part]():
            if about["pairs"] in (0, *options.pairs):
                yield about


def rates() -> Iterator[dict]:
    """One seed, scored on validation."""
    for name, strategies in RATES.items():
        for strategy, tried in strategies.items():
            for rate in tried:
                yield child("rates", name, "it", 300, strategy, 0) | {"rate": rate}


def cheap() -> Iterator[dict]:
    """Answers that need no pair."""
    for language in NEAR:
        for strategy in ("english", "untouched"):
            yield child("cheap", "translator", language, 0, strategy, 0)


def budgets() -> Iterator[dict]:
    """300 pairs first; Italian with more strategies than the others."""
    for n, language, seed in product(BUDGETS, ("it", "uk", "ca", "ro"), range(SEEDS)):
        more = ("lora", "encoder") if language == "it" else ()
        for strategy in ("full", "from_scratch", "memory", *more):
            yield child("budgets", "translator", language, n, strategy, seed)


def transformers() -> Iterator[dict]:
    """The same for Italian, with a Transformer for a parent."""
    for n, seed in product(BUDGETS, range(SEEDS)):
        for strategy in ("full", "from_scratch", "lora", "encoder"):
            yield child("transformer", "transformer", "it", n, strategy, seed)


def kept_parts() -> Iterator[dict]:
    """The encoder frozen; its layer fresh."""
    for seed, strategy in product(range(SEEDS), ("frozen", "decoder")):
        yield child("what", "translator", "it", 300, strategy, seed)


def kin() -> Iterator[dict]:
    """Romance, Slavic and far parents; a Romance and a Slavic child."""
    for name in ("romance", "slavic", "far"):
        for seed in range(SEEDS):
            for language in ("it", "uk"):
                yield child("kin", name, language, 300, "full", seed)


PARTS: dict[str, Callable[[], Iterator[dict]]] = {
    "rates": rates,
    "cheap": cheap,
    "budgets": budgets,
    "transformer": transformers,
    "what": kept_parts,
    "kin": kin,
}
"""Name -> its children."""


def child(part: str, source: str, language: str, pairs: int, strategy: str, seed: int) -> dict:
    """What identifies a child."""
    about = {"part": part, "source": source, "language": language, "pairs": pairs}
    return about | {"strategy": strategy, "seed": seed}


def measure(about: dict) -> dict:
    """Train the child, let it translate, score it; on validation where a rate is chosen."""
    data = translation.load(about["language"])
    strategy = about["strategy"]
    split = "validation" if about["part"] == "rates" else "test"
    test = translation.sample(data[split], MESSAGES, 0)
    texts = test["english"][:]
    pairs = []
    if about["pairs"]:
        pairs = translation.sample(data["train"], about["pairs"], about["seed"])
    seconds = 0.0
    if strategy == "english":
        answers = texts
    elif strategy == "untouched":
        parent_source = source(about["source"])
        model = Model(parent_source.body, parent_source.head)
        near = NEAR[about["language"]]
        answers = translation.predict(model, parent_source.tokenizer, texts, near)
    elif strategy == "memory":
        answers = Memory(pairs).translate(texts)
    else:
        answers, seconds = train_and_translate(about, pairs, texts)
    return about | score(answers, test) | {"seconds": round(seconds, 1)}


def describe(about: dict) -> dict:
    """The fields of the file beside its rows: how it was scored, and the scores of the parents."""
    parents = FILE.content().get("parents", {})
    for name in ("translator", about["source"]):
        parents |= {name: source(name).card["scores"]}
    return {
        "signature": translation.signature(about["language"]),
        "far": f"no English of the parent's training is {FAR} like it",
        "parents": dict(sorted(parents.items())),
    }


def train_and_translate(about: dict, pairs, texts: list[str]) -> tuple[list[str], float]:
    """A child's translations after its training, and the seconds of that."""
    parent_source = source(about["source"])
    target = migrated(parent_source, about["strategy"], about["seed"], about.get("rate"))
    recipe = translation.recipe(about["pairs"], about["strategy"], seed=about["seed"])
    examples = translation.encode(pairs, parent_source.tokenizer)
    seconds = fit(target.model, examples, recipe, **target.training).seconds
    tokenizer = parent_source.tokenizer
    answers = translation.predict(target.model, tokenizer, texts, about["language"])
    return answers, seconds


def migrated(source: Source, strategy: str, seed: int, rate: float | None = None) -> Migration:
    """The child, by a strategy of the table, or the parent's encoder before a fresh decoder, or
    its decoder after an encoder whose layer is fresh."""
    options = {"rate": rate} if rate else {}
    if strategy == "encoder":
        fresh = translation.rate(source, "from_scratch")["rate"]
        return translation.target(source, "full", head=True, head_rate=fresh, seed=seed, **options)
    name = "reinitialised" if strategy == "decoder" else strategy
    return translation.target(source, name, seed=seed, **options)


def score(answers: list[str], test) -> dict:
    """BLEU, chrF and placeholders on all messages; BLEU and chrF on those that are far, and on
    the plain ones: without a placeholder, which sacrebleu cuts into many words, easy to copy."""
    texts = test["english"][:]
    subsets = {
        "far": [i for i, (_, likeness) in enumerate(memory().nearest(texts)) if likeness < FAR],
        "plain": [i for i, text in enumerate(texts) if not placeholders.found(text)],
    }
    scores = translation.score(answers, test)
    for name, indices in subsets.items():
        part = translation.score([answers[i] for i in indices], test.select(indices))
        scores |= {f"{metric}_{name}": part[metric] for metric in ("bleu", "chrf")}
        scores[name] = len(indices)
    return {name: round(value, 3) for name, value in scores.items()}


@cache
def memory() -> Memory:
    """All English that the parent has seen."""
    rows = [r for language in translation.PARENTS for r in translation.load(language)["train"]]
    return Memory({r["english"]: r for r in rows}.values())


@cache
def source(name: str) -> Source:
    """The shipped parent, or a small one: from the cache, or trained and put there."""
    if name == "translator":
        return checkpoint.load(FOLDER / name)
    folder = runtime.cache_dir() / "experiments" / f"translation-{name}"
    if not (folder / "source.json").exists():
        training = runtime.cache_dir() / "pretrain" / f"translation-{name}"
        # Every parent has the vocabulary of the shipped one.
        tokenizer = source("translator").tokenizer
        checkpoint.save(train_parent(name, tokenizer, *PARENTS[name], folder=training), folder)
    return checkpoint.load(folder)


def summary(rows: list[dict]) -> None:
    """Print the means over the seeds."""
    groups: dict = {}
    for row in rows:
        about = (row[k] for k in ("part", "source", "language", "pairs", "strategy"))
        groups.setdefault((*about, row.get("rate", 0)), []).append(row)
    for key, group in sorted(groups.items()):
        means = {
            metric: metrics.interval([row[metric] for row in group])
            for metric in ("bleu", "chrf", "bleu_plain")
        }
        print(*key, {metric: f"{mean:.1f} ± {half:.1f}" for metric, (mean, half) in means.items()})
