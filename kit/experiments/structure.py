"""Shrink, grow, and change the vocabulary: accuracy before a label and with 100, against controls.

    python -m kit.experiments structure                     # three seeds: about 20 minutes on two cores
    python -m kit.experiments structure --seeds 5 --minutes 3

Each row of 0 labels and its row of 100 are one model, before and after fine-tuning; its head begins
from words (`sentiment.from_words`), with every strategy. Controls: a fresh body of the same shape;
for growth, old values with fresh ones around them (`kit.migrate.structure.naive_growth.grow_naively`); for another
vocabulary, a fresh word table under the source's blocks. What each source reaches whole, and its
shape from scratch, is taken from see_it_work.json and builtin_sources.json, made in the same way.
Writes kit/results/data/structure.json after each run, so that it can be stopped (or stops after so
many minutes) and goes on.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from kit import results, runtime, sources
from kit.errors import KitError
from kit.migrate import group, migrate
from kit.migrate.migration import HEAD_RATE, RATE
from kit.migrate.structure.naive_growth import grow_naively
from kit.tasks import sentiment
from kit.train import fit

NAME = "structure"
FILE = results.FOLDER / f"{NAME}.json"
LABELS = 100
LAYERS = {"minilm": (1,), "transformer_encoder": (), "rnn_encoder": ()}
"""Source -> how many layers are kept."""

SHARES = {"minilm": (1 / 3,), "transformer_encoder": (1 / 2,), "rnn_encoder": (1 / 2,)}
"""Source -> the shares of the width that are kept."""

LUCKY = ("from_scratch", "naive", "vocabulary, fresh table")
"""What has fresh values in its body: before a label all else is the same with every seed."""


def choices(name: str) -> Iterator[tuple[str, str]]:
    """(strategy, shape) of every run with a source."""
    there = sources.load(name).body.config
    whole = f"{there.layers} layers, width {there.width}"
    for k in LAYERS[name]:
        shape = f"{k} layers, width {there.width}"
        yield from (("first layers", shape), ("from_scratch", shape), ("spread layers", shape))
    if name == "minilm":
        kinds = ("by spelling", "fresh table")
        pieces = sources.load("rnn_encoder").tokenizer.size
        yield from ((f"vocabulary, {kind}", f"{whole}, {pieces:,} pieces") for kind in kinds)
    else:
        wide = f"{there.layers} layers, width {2 * there.width}"
        deep = f"{there.layers + 2} layers, width {there.width}"
        yield from (("widen", wide), ("naive", wide), ("deepen", deep), ("naive", deep))
    for share in SHARES[name]:
        shape = f"{there.layers} layers, width {round(share * there.width)}"
        yield from (("narrow", shape), ("from_scratch", shape))


class Bench:
    """A source, the data, and what every run with them shares."""

    def __init__(self, name: str) -> None:
        self.data, self.source = sentiment.load(), sources.load(name)
        self.texts = sentiment.unlabelled(self.data["train"])
        self.other = sources.load("rnn_encoder").tokenizer

    def target(self, strategy: str, shape: str, seed: int):
        """(model, groups, tokens): a target as the strategy makes it, its head asking by words."""
        tokenizer = self.other if strategy.startswith("vocabulary") else self.source.tokenizer
        model, groups = self._made(strategy, *_numbers(shape), seed)
        sentiment.from_words(model, tokenizer, self.texts)
        return model, groups, tokenizer

    def _made(self, strategy: str, layers: int, width: int, seed: int):
        source = self.source
        there = source.body.config
        if strategy == "naive":
            torch.manual_seed(seed)
            asked, times = sentiment.zero_shot(source, self.texts), width // there.width
            model = grow_naively(asked, times, layers - there.layers, seed=seed)
            return model, [group(HEAD_RATE, model.head), group(RATE, model.body)]
        options = {"seed": seed} | self._options(strategy, layers, width)
        if strategy == "from_scratch" and (layers, width) != (there.layers, there.width):
            how = "narrow" if width < there.width else "spread layers"
            source = replace(source, body=self._made(how, layers, width, seed)[0].body, head=None)
            options = {"seed": seed}
        made = migrate(source, sentiment.head, KINDS.get(strategy, strategy), **options)
        return made.model, made.groups

    def _options(self, strategy: str, layers: int, width: int) -> dict:
        if strategy == "narrow":
            examples = sentiment.encode(
                self.data["train"].select(range(100)), self.source.tokenizer
            )
            return {"share": width / self.source.body.width, "examples": examples}
        if strategy in ("spread layers", "first layers"):
            return {"layers": layers if strategy == "spread layers" else list(range(layers))}
        if strategy == "deepen":
            return {"layers": layers}
        if strategy == "vocabulary, fresh table":
            config = replace(self.source.body.config, vocabulary=self.other.size)
            fresh = ("embed.tokens.weight",)
            return {"target": type(self.source.body)(config), "fresh": fresh}
        if strategy.startswith("vocabulary"):
            return {"old": self.source.tokenizer, "new": self.other}
        return {}

    def run(self, strategy: str, shape: str, seed: int, known: float | None) -> list[dict]:
        """Rows of the results: without a label, and with `LABELS`. known: the first one's score."""
        model, groups, tokenizer = self.target(strategy, shape, seed)
        score = sentiment.scorer(self.data["test"], tokenizer)
        row = {
            "source": self.source.name,
            "strategy": strategy,
            "shape": shape,
            "seed": seed,
            "parameters": sum(p.numel() for p in model.parameters()),
        }
        before = score(model) if known is None else known
        rows = [row | {"labels": 0, "accuracy": before, "seconds": 0.0}]
        if strategy.startswith("vocabulary"):
            return rows  # what is asked of it is what it still knows
        few = sentiment.sample(self.data["train"], LABELS, seed)
        recipe = sentiment.recipe(LABELS, seed=seed)
        run = fit(model, sentiment.encode(few, tokenizer), recipe, groups=groups)
        after = {"labels": LABELS, "accuracy": score(model), "seconds": round(run.seconds, 1)}
        return [*rows, row | after]


KINDS = {
    "spread layers": "choose_layers",
    "first layers": "choose_layers",
    "vocabulary, by spelling": "move_vocabulary",
    "vocabulary, fresh table": "into",
}
"""The entry of `STRATEGIES` where the name here says more."""


def _numbers(shape: str) -> tuple[int, int]:
    """ "3 layers, width 384" -> (3, 384)."""
    layers, _, _, width, *_ = shape.replace(",", "").split()
    return int(layers), int(width)


def whole() -> Iterator[dict]:
    """Rows of the sources as they are, and of their shapes from scratch, recorded elsewhere."""
    names = {"full": "full", "from_scratch_words": "from_scratch"}
    rows = [row | {"source": "MiniLM"} for row in results.load("see_it_work")["rows"]]
    rows = [row | {"strategy": names[row["strategy"]]} for row in rows if row["strategy"] in names]
    bodies = {name: sources.load(name) for name in LAYERS}
    bodies = {source.name: source.body for source in bodies.values()}
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


def known() -> list[dict]:
    """The rows that are there already."""
    try:
        return results.load(NAME)["rows"]
    except KitError:
        return list(whole())


def save(found: list[dict]) -> None:
    order = ("source", "strategy", "shape", "labels", "seed")
    keys = [[row[k] for k in order] for row in found]
    found += [row for row in known() if [row[k] for k in order] not in keys]  # of another process
    what = {
        "what": f"film reviews, polarity: test accuracy without a label and with {LABELS}, by the "
        "structure of the target",
        "command": "python -m kit.experiments structure",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": sorted(found, key=lambda row: [row[k] for k in order]),
    }
    runtime.write_json(FILE, what)


def before(found: list[dict], bench: Bench, strategy: str, shape: str) -> float | None:
    """What was scored without a label with another seed, where the seed decides nothing."""
    about = {"source": bench.source.name, "strategy": strategy, "shape": shape, "labels": 0}
    same = [row["accuracy"] for row in found if about.items() <= row.items()]
    return same[0] if same and strategy not in LUCKY else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sources", nargs="+", default=list(LAYERS))
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    began, found = time.monotonic(), known()
    done = {(r["source"], r["strategy"], r["shape"], r["seed"]) for r in found}
    for name in options.sources:
        bench = Bench(name)
        for strategy, shape in choices(name):
            for seed in range(options.seeds):
                if (bench.source.name, strategy, shape, seed) in done:
                    continue
                if time.monotonic() - began > 60 * options.minutes:
                    return
                first = before(found, bench, strategy, shape)
                found += bench.run(strategy, shape, seed, first)
                print(found[-2:], flush=True)
                save(found)
                gc.collect()
    print(f"all {len(found)} rows are there: {FILE}")


if __name__ == "__main__":
    main()
