"""Shrink, grow, change the vocabulary: test accuracy without a label and with 100, with controls.

    python -m kit.experiments structure                     # three seeds: about 20 minutes
    python -m kit.experiments structure --seeds 5 --minutes 3

Each row of 0 labels and its row of 100 are one model, before and after fine-tuning; its head begins
from words (`sentiment.from_words`), with every strategy. Controls: a fresh body of the same shape;
for growth, old values with fresh ones around them (`grow_naively`); for another vocabulary, a fresh
word table under the source's blocks. The rows of the whole sources, and of their shapes from
scratch, are those of see_it_work.json and builtin_sources.json.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import torch

from kit import results, sources
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import Migration, group, migrate
from kit.migrate.migration import HEAD_RATE, RATE
from kit.migrate.structure.naive_growth import grow_naively
from kit.sources import Source
from kit.tasks import sentiment
from kit.train import fit

LABELS = 100
KEYS = ("source", "strategy", "shape", "seed")
FILE = ResultsFile(
    "structure",
    f"film reviews, polarity: test accuracy without a label and with {LABELS}, by the "
    "structure of the target",
    keys=KEYS,
    parts=("labels",),
    order=lambda row: tuple(row[k] for k in ("source", "strategy", "shape", "labels", "seed")),
)
QUICK = tuple(
    {"source": "rnn_encoder", "strategy": strategy, "shape": "1 layers, width 96", "seed": 0}
    for strategy in ("narrow", "from_scratch")
)

LAYERS = {"minilm": (1,), "transformer_encoder": (), "rnn_encoder": ()}
"""Source -> how many layers are kept."""

SHARES = {"minilm": (1 / 3,), "transformer_encoder": (1 / 2,), "rnn_encoder": (1 / 2,)}
"""Source -> the shares of the width that are kept."""

FRESH_VALUES = ("from_scratch", "naive", "vocabulary, fresh table")
"""What has fresh values in its body: without a label all else is the same with every seed."""

STRATEGY_NAMES = {
    "spread layers": "choose_layers",
    "first layers": "choose_layers",
    "vocabulary, by spelling": "move_vocabulary",
    "vocabulary, fresh table": "into",
}
"""The entry of `STRATEGIES` where the name here says more."""


def main(arguments: list[str]) -> None:
    command = parser("structure", __doc__)
    command.add_argument("--seeds", type=int, default=3)
    command.add_argument("--sources", nargs="+", default=list(LAYERS), choices=LAYERS)
    command.add_argument("--minutes", type=float, default=float("inf"))
    options = command.parse_args(arguments)
    if not FILE.path.exists():
        FILE.add(*whole_sources())
    FILE.grow(planned(options), measure, minutes=options.minutes)


def planned(options) -> Iterator[dict]:
    """Every measurement."""
    for name in options.sources:
        for strategy, shape in choices(name):
            for seed in range(options.seeds):
                source = loaded(name).name
                yield {"source": source, "strategy": strategy, "shape": shape, "seed": seed}


def choices(name: str) -> Iterator[tuple[str, str]]:
    """(strategy, shape) of every run with a source."""
    config = loaded(name).body.config
    layers, width = config.layers, config.width
    for k in LAYERS[name]:
        shape = f"{k} layers, width {width}"
        yield from (("first layers", shape), ("from_scratch", shape), ("spread layers", shape))
    if name == "minilm":
        shape = f"{layers} layers, width {width}, {other_tokenizer().size:,} pieces"
        yield from (("vocabulary, by spelling", shape), ("vocabulary, fresh table", shape))
    else:
        wide = f"{layers} layers, width {2 * width}"
        deep = f"{layers + 2} layers, width {width}"
        yield from (("widen", wide), ("naive", wide), ("deepen", deep), ("naive", deep))
    for share in SHARES[name]:
        shape = f"{layers} layers, width {round(share * width)}"
        yield from (("narrow", shape), ("from_scratch", shape))


def measure(about: dict) -> list[dict]:
    """The row without a label, and that with `LABELS`, of one model."""
    source, strategy, seed = loaded(about["source"]), about["strategy"], about["seed"]
    moved = strategy.startswith("vocabulary")
    tokenizer = other_tokenizer() if moved else source.tokenizer
    model, training = target(source, strategy, *numbers(about["shape"]), seed)
    sentiment.from_words(model, tokenizer, sentiment.unlabelled(films()["train"]))
    score = sentiment.scorer(films()["test"], tokenizer)
    row = about | {"parameters": sum(p.numel() for p in model.parameters())}
    known = score_without_label(about)
    accuracy = score(model) if known is None else known
    rows = [row | {"labels": 0, "accuracy": accuracy, "seconds": 0.0}]
    if moved:
        return rows  # the question is what the target knows without a label
    examples = sentiment.encode(sentiment.sample(films()["train"], LABELS, seed), tokenizer)
    run = fit(model, examples, sentiment.recipe(LABELS, seed=seed), **training)
    after = {"labels": LABELS, "accuracy": score(model), "seconds": round(run.seconds, 1)}
    return [*rows, row | after]


def score_without_label(about: dict) -> float | None:
    """The score of another seed, where the seed decides nothing before training."""
    if about["strategy"] in FRESH_VALUES:
        return None
    same = {key: about[key] for key in ("source", "strategy", "shape")} | {"labels": 0}
    scores = [
        row["accuracy"]
        for row in FILE.rows()
        if same.items() <= row.items() and row["seed"] != about["seed"]
    ]
    return scores[0] if scores else None


def target(source: Source, strategy: str, layers: int, width: int, seed: int):
    """(model, what `fit` must be told) of a target with this many layers and this width."""
    config = source.body.config
    if strategy == "naive":
        torch.manual_seed(seed)
        texts = sentiment.unlabelled(films()["train"])
        zero_shot = sentiment.zero_shot(source, texts)
        model = grow_naively(zero_shot, width // config.width, layers - config.layers, seed=seed)
        return model, {"groups": [group(HEAD_RATE, model.head), group(RATE, model.body)]}
    if strategy == "from_scratch" and (layers, width) != (config.layers, config.width):
        shape = "narrow" if width < config.width else "spread layers"
        body = migrated(source, shape, layers, width, seed).model.body
        source = replace(source, body=body, head=None)
    result = migrated(source, strategy, layers, width, seed)
    return result.model, result.training


def migrated(source: Source, strategy: str, layers: int, width: int, seed: int) -> Migration:
    """The source migrated by a strategy of the table, with the options for this shape."""
    options = options_of(source, strategy, layers, width)
    name = STRATEGY_NAMES.get(strategy, strategy)
    return migrate(source, sentiment.head, name, seed=seed, **options)


def options_of(source: Source, strategy: str, layers: int, width: int) -> dict:
    """The options of a strategy for this many layers and this width."""
    if strategy == "narrow":
        rows = films()["train"].select(range(100))
        examples = sentiment.encode(rows, source.tokenizer)
        return {"share": width / source.body.width, "examples": examples}
    if strategy == "first layers":
        return {"layers": list(range(layers))}
    if strategy in ("spread layers", "deepen"):
        return {"layers": layers}
    if strategy == "vocabulary, fresh table":
        config = replace(source.body.config, vocabulary=other_tokenizer().size)
        return {"target": type(source.body)(config), "fresh": ("embed.tokens.weight",)}
    if strategy == "vocabulary, by spelling":
        return {"old": source.tokenizer, "new": other_tokenizer()}
    return {}


def numbers(shape: str) -> tuple[int, int]:
    """ "3 layers, width 384" -> (3, 384)."""
    layers, _, _, width, *_ = shape.replace(",", "").split()
    return int(layers), int(width)


def whole_sources() -> Iterator[dict]:
    """Rows of the sources as they are, and of their shapes from scratch, recorded elsewhere."""
    names = {"full": "full", "from_scratch_words": "from_scratch"}
    rows = [row | {"source": "MiniLM"} for row in results.load("see_it_work")["rows"]]
    rows = [row | {"strategy": names[row["strategy"]]} for row in rows if row["strategy"] in names]
    bodies = {loaded(name).name: loaded(name).body for name in LAYERS}
    for row in rows + results.load("builtin_sources")["rows"]:
        if row["source"] in bodies and row["labels"] in (0, LABELS):
            body = bodies[row["source"]]
            head = sum(p.numel() for p in sentiment.head(body.width).parameters())
            yield {
                **{key: row[key] for key in ("source", "strategy", "seed", "labels", "accuracy")},
                "shape": f"{body.config.layers} layers, width {body.width}",
                "parameters": head + sum(p.numel() for p in body.parameters()),
                "seconds": row["seconds"],
            }


@cache
def loaded(name: str) -> Source:
    """A source, by its name in the results or in `kit.sources`, loaded once."""
    return sources.load("minilm" if name == "MiniLM" else name)


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()


def other_tokenizer():
    """The vocabulary that MiniLM is moved to."""
    return loaded("rnn_encoder").tokenizer
