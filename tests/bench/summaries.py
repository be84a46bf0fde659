"""Headlines: what a reader's and a writer's values are worth, against scratch and the lead.

    python tests/bench/summaries.py                # about an hour on one core
    python tests/bench/summaries.py --minutes 3.5  # as much as fits; the same again goes on

{RNN, Transformer} x {scratch, parameter, structure, mixed} x articles x seeds, all scored on the
same test articles. Writes kit/recorded/summaries.json after each run. Two may work at once, each
on its `--part`: 0/2 and 1/2.
"""

import argparse
import itertools
import time
from pathlib import Path

from filelock import FileLock

from kit import record, runtime, sources
from kit.errors import KitError
from kit.metrics import bootstrap
from kit.tasks import summarization
from kit.tasks.chosen_words import ChosenWords
from kit.train import fit

NAME = "summaries"
FILE = Path(__file__).parents[2] / "kit" / "recorded" / f"{NAME}.json"
KINDS = ("transformer", "rnn")
ARTICLES = (200, 600, 1640)
SEEDS = 3
KEYS = ("kind", "way", "articles", "seed")


def scores(answers: list[str], rows: list[dict]) -> dict:
    """The means, and of each ROUGE the 95 % interval over the test articles."""
    found = [summarization.rouge(a, r["headline"]) for a, r in zip(answers, rows, strict=True)]
    means = {k: round(v, 4) for k, v in summarization.score(answers, rows).items()}
    low_high = {k: bootstrap([one[k] for one in found]) for k in found[0]}
    return means | {"intervals": {k: [round(x, 4) for x in v] for k, v in low_high.items()}}


def measure(kind: str, way: str, articles: int, seed: int, data, test: list[dict]) -> dict:
    """Migrate, train, write a headline for each test article: one row of the results."""
    reader, writer = (sources.baked(f"{kind}_{half}") for half in ("encoder", "writer"))
    rows = summarization.sample(data["train"], articles, seed)
    made = summarization.target(reader, writer, way, seed=seed)
    examples = summarization.encode(rows, reader.tokens)
    recipe = summarization.recipe(articles, seed=seed)
    run = fit(made.model, examples, recipe, groups=made.groups)
    answers = summarization.predict(made.model, reader.tokens, [row["text"] for row in test])
    more = {"seconds": round(run.seconds, 1), "updates": len(run.steps)}
    more |= {k: made.totals[k] for k in ("parameters", "moved")}
    return scores(answers, test) | more | {"first": answers[:5]}


def controls(data, test: list[dict]) -> dict[str, dict]:
    """What needs no model, and what people wrote: how many names they invent."""
    texts = [row["text"] for row in test]
    return {
        "lead": scores([summarization.lead(t) for t in texts], test),
        "eight words": scores([summarization.lead(t, 8) for t in texts], test),
        "chosen words": scores(ChosenWords(data["train"]).headlines(texts), test),
        "people": scores([row["headline"] for row in test], test),
    }


def save(row: dict | None, extra: dict) -> None:
    """Add a row to what is there by now."""
    with FileLock(str(FILE) + ".lock"):
        rows = recorded() + ([row] if row else [])
        order = {key: i for i, key in enumerate(summarization.WAYS)}
        what = {
            "what": "BBC articles to headlines: ROUGE and invented names on 205 test articles",
            "command": f"python tests/bench/{NAME}.py",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            **extra,
            "rows": sorted(
                rows, key=lambda r: (r["kind"], r["articles"], order[r["way"]], r["seed"])
            ),
        }
        runtime.write_json(FILE, what)
    Path(str(FILE) + ".lock").unlink(missing_ok=True)


def recorded(part: str = "rows"):
    """A part of what is there by now; nothing where there is none."""
    try:
        return record.recorded(NAME)[part]
    except KitError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--part", default="0/1", help="i/n: every n-th run, from the i-th")
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    options = parser.parse_args()
    began, longest = time.perf_counter(), 0.0
    data = summarization.load()
    test = list(data["test"])
    extra = {"controls": recorded("controls") or controls(data, test)}
    part, parts = map(int, options.part.split("/"))
    plan = itertools.product(range(SEEDS), ARTICLES, options.kinds, summarization.WAYS)
    for i, (seed, articles, kind, way) in enumerate(plan):
        key = (kind, way, articles, seed)
        if i % parts != part or key in {tuple(r[k] for k in KEYS) for r in recorded()}:
            continue
        start = time.perf_counter()
        if start - began + longest > 60 * options.minutes:
            return
        row = dict(zip(KEYS, key, strict=True)) | measure(kind, way, articles, seed, data, test)
        longest = max(longest, time.perf_counter() - start)
        print({k: row[k] for k in (*KEYS, "rouge1", "rougeL", "invented", "seconds")}, flush=True)
        save(row, extra)


if __name__ == "__main__":
    main()
