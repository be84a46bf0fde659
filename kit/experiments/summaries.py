"""Headlines: what a reader's and a writer's values are worth, against scratch and the lead.

    python -m kit.experiments summaries                # about an hour on one core
    python -m kit.experiments summaries --minutes 3.5  # as much as fits; the same again goes on

{RNN, Transformer} x {scratch, parameter, structure, mixed} x articles x seeds, straight or after
headlines that nobody wrote (`kit.tasks.summarization.pseudo_headlines`), and MiniLM as a reader that stays as it is: all
scored on the same test articles. Writes kit/results/data/summaries.json after each run. Two may work
at once, each on its `--part`: 0/2 and 1/2.
"""

import argparse
import itertools
import time
from functools import cache
from pathlib import Path

from filelock import FileLock

from kit import results, runtime, sources
from kit.errors import KitError
from kit.metrics import bootstrap
from kit.sources import Source
from kit.tasks import summarization
from kit.tasks.summarization import pseudo_headlines
from kit.tasks.summarization.keyword_baseline import KeywordBaseline
from kit.train import fit

NAME = "summaries"
FILE = results.FOLDER / f"{NAME}.json"
KINDS = ("transformer", "rnn")
ARTICLES = (100, 400, 1640)
SEEDS = 3
KEYS = ("kind", "way", "first", "articles", "seed")
PRETEXT = "unwritten headlines"


def scores(answers: list[str], rows: list[dict]) -> dict:
    """The means, and of each ROUGE the 95 % interval over the test articles."""
    found = [summarization.rouge(a, r["headline"]) for a, r in zip(answers, rows, strict=True)]
    means = {k: round(v, 4) for k, v in summarization.score(answers, rows).items()}
    low_high = {k: bootstrap([one[k] for one in found]) for k in found[0]}
    return means | {"intervals": {k: [round(x, 4) for x in v] for k, v in low_high.items()}}


@cache
def parts(kind: str) -> tuple[Source, Source]:
    """A reader and a writer. MiniLM's states are computed once for all rows of a process."""
    if kind == "minilm":
        writer = sources.load("transformer_writer")
        return summarization.retokenized(sources.minilm(), writer.tokenizer), writer
    return tuple(sources.load(f"{kind}_{half}") for half in ("encoder", "writer"))


@cache
def states() -> dict:
    """MiniLM's states of what was read so far."""
    return {}


@cache
def unwritten(tokenizer) -> list[dict]:
    """Headlines that nobody wrote, as examples."""
    return summarization.encode(pseudo_headlines.rows(), tokenizer)


def made(kind: str, way: str, seed: int):
    """A target before it has seen a headline."""
    reader, writer = parts(kind)
    options = {"freeze_encoder": True} if kind == "minilm" else {}
    target = summarization.target(reader, way, writer=writer, seed=seed, **options)
    if kind == "minilm":
        target.model.body.known = states()
    return target


@cache
def taught(kind: str, way: str, seed: int) -> dict:
    """The values after headlines that nobody wrote; in memory, for the rows that begin there."""
    target = made(kind, way, seed)
    examples = unwritten(parts(kind)[1].tokenizer)
    fit(
        target.model,
        examples,
        summarization.pseudo_headline_recipe(seed=seed),
        groups=target.groups,
    )
    return target.model.state_dict()


def measure(kind: str, way: str, first: str, articles: int, seed: int, data, test) -> dict:
    """Migrate, train, write a headline for each test article: one row of the results."""
    target, tokenizer, run = made(kind, way, seed), parts(kind)[1].tokenizer, None
    groups = target.groups
    if first:
        target.model.load_state_dict(taught(kind, way, seed))
        groups = summarization.uniform_groups(target)
    if articles:
        rows = summarization.sample(data["train"], articles, seed)
        examples = summarization.encode(rows, tokenizer)
        run = fit(target.model, examples, summarization.recipe(articles, seed=seed), groups=groups)
    texts = [row["text"] for row in test]
    answers = summarization.predict(target.model.eval(), tokenizer, texts)
    more = {"seconds": round(run.seconds, 1), "updates": len(run.steps)} if run else {}
    more |= {k: target.totals[k] for k in ("parameters", "moved")}
    return scores(answers, test) | more | {"first five": answers[:5]}


def controls(data, test: list[dict]) -> dict[str, dict]:
    """What needs no model, and what people wrote: how many names they invent."""
    texts = [row["text"] for row in test]
    return {
        "lead": scores([summarization.lead(t) for t in texts], test),
        "eight words": scores([summarization.lead(t, 8) for t in texts], test),
        "weighty words": scores(
            pseudo_headlines.TfidfHeadlines(pseudo_headlines.documents()).headlines(texts), test
        ),
        "chosen words": scores(KeywordBaseline(data["train"]).headlines(texts), test),
        "people": scores([row["headline"] for row in test], test),
    }


def save(row: dict | None, extra: dict) -> None:
    """Add a row to what is there by now."""
    with FileLock(str(FILE) + ".lock"):
        rows = recorded() + ([row] if row else [])
        order = {key: i for i, key in enumerate(summarization.WAYS)}
        what = {
            "what": "BBC articles to headlines: ROUGE and invented names on 205 test articles",
            "command": f"python -m kit.experiments {NAME}",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            **extra,
            "rows": sorted(
                rows,
                key=lambda r: (r["kind"], r["first"], r["articles"], order[r["way"]], r["seed"]),
            ),
        }
        runtime.write_json(FILE, what)
    Path(str(FILE) + ".lock").unlink(missing_ok=True)


def recorded(part: str = "rows"):
    """A part of what is there by now; nothing where there is none."""
    try:
        return results.load(NAME)[part]
    except KitError:
        return []


def plan() -> list[tuple]:
    """All rows: kind, way, what came first, articles, seed."""
    ways, found = summarization.WAYS, []
    for seed in range(SEEDS):
        found += [(k, w, "", n, seed) for n in ARTICLES for k in KINDS for w in ways]
        found += [("minilm", "mixed", "", n, seed) for n in ARTICLES]
    for seed in range(SEEDS):
        taught = itertools.product(("mixed", "scratch"), KINDS, (0, *ARTICLES))
        found += [(k, w, PRETEXT, n, seed) for w, k, n in taught]
        found += [("minilm", "mixed", PRETEXT, n, seed) for n in (0, *ARTICLES)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--part", default="0/1", help="i/n: every n-th run, from the i-th")
    parser.add_argument("--kinds", nargs="+", default=(*KINDS, "minilm"))
    parser.add_argument("--seeds", nargs="+", type=int, default=range(SEEDS))
    options = parser.parse_args()
    began, longest = time.perf_counter(), 0.0
    data = summarization.load()
    test = list(data["test"])
    extra = {"controls": recorded("controls") or controls(data, test)}
    part, parts = map(int, options.part.split("/"))
    for i, key in enumerate(plan()):
        wanted = key[0] in options.kinds and key[-1] in options.seeds and i % parts == part
        if not wanted or key in {tuple(r[k] for k in KEYS) for r in recorded()}:
            continue
        start = time.perf_counter()
        if start - began + longest > 60 * options.minutes:
            return
        row = dict(zip(KEYS, key, strict=True)) | measure(*key, data, test)
        longest = max(longest, time.perf_counter() - start)
        print({k: row[k] for k in (*KEYS, "rouge1", "rougeL", "invented")}, flush=True)
        save(row, extra)


if __name__ == "__main__":
    main()
