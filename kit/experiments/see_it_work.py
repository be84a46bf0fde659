"""What a source is worth: accuracy against the number of labels, with controls and seeds.

    python -m kit.experiments see_it_work                    # all of it; about an hour on two cores
    python -m kit.experiments see_it_work --labels 100 400   # some budgets; -1: all
    python -m kit.experiments see_it_work --strategies full_elsewhere
    python -m kit.experiments see_it_work --validation       # score on validation: for choosing recipes

Writes kit/results/data/see_it_work.json after each run, so that it can be stopped and goes on.
"""

import argparse
import gc
import time
from functools import cache

from kit import results, runtime, sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.models import Model, soup
from kit.sources import Source, checkpoint
from kit.tasks import sentiment
from kit.train import Recipe, Run, fit

NAME = "see_it_work"
FILE = results.FOLDER / f"{NAME}.json"
ALL = -1
BUDGETS = (0, 50, 100, 400, 1600, ALL)
WORDS = "from_scratch_words"
"""The control of the control: from scratch, its head made of words as that of the source is."""
ELSEWHERE = "full_elsewhere"
"""From the source that was tuned first on the other domains (`elsewhere`), its head as well."""
FRESH = "from_scratch_elsewhere"
"""Its control: the same two stages from fresh values, the head made of words as well."""
COUNTED = "tfidf_elsewhere"
"""The control's control: counting words, in the other domains' sentences too."""
SOUP = "full_soup"
"""The mean of several models of all labels, that differ in the order of the sentences."""
MEMBERS = 3
APART = 100
"""Between the seeds of a soup's members: no two soups share one."""
STRATEGIES = ("full", "from_scratch", WORDS, ELSEWHERE, FRESH, SOUP)
MOST = {WORDS: 400, ELSEWHERE: 400, FRESH: 400}
"""Labels up to which a strategy is trained; what is not here: all."""
LEAST = {SOUP: 2000}
"""Labels from which on it is."""


@cache
def others() -> list[dict]:
    """All labelled sentences to train on of products, editorials and tweets."""
    domains = [name for name in sentiment.DOMAINS if name != "films"]
    return [row for name in domains for row in sentiment.load(name)["train"]]


def tuned(
    name: str, source: Source, rows, recipe: Recipe, texts: list[str], strategy: str = "full"
) -> Source:
    """The source after fine-tuning on these rows, its head as well, which begins from words. Made
    once, then kept in the cache folder."""
    folder = runtime.cache_dir() / "experiments" / f"{name}-{recipe.seed}"
    if not (folder / "source.json").exists():
        target = migrate(source, sentiment.head, strategy, seed=recipe.seed)
        sentiment.from_words(target.model, source.tokenizer, texts)
        examples = sentiment.encode(rows, source.tokenizer)
        run = fit(target.model, examples, recipe, groups=target.groups)
        took = {"seconds": run.seconds, "updates": len(run.steps)}
        made = Source(name, target.model.body, source.tokenizer, target.model.head, took)
        checkpoint.save(made, folder)
    return checkpoint.load(folder)


def elsewhere(source: Source, strategy: str, texts: list[str], seed: int) -> Source:
    """The source after two epochs of all ratings of products, editorials and tweets; no film
    label is in it (a related task with many labels first: Phang et al. 2018, STILTs,
    arxiv.org/abs/1811.01088). strategy: "from_scratch" for one that has read nothing else."""
    recipe = Recipe(epochs=2, keep_best=False, evaluations=1, seed=seed)
    name = "elsewhere" if strategy == "full" else f"elsewhere-{strategy}"
    return tuned(name, source, others(), recipe, texts, strategy)


def member(source: Source, rows, texts: list[str], seed: int) -> Source:
    """One member of a soup: the source after these labels."""
    return tuned(f"films-{len(rows)}", source, rows, sentiment.recipe(len(rows), seed=seed), texts)


def of_several(source: Source, train, texts: list[str], test, seed: int) -> dict:
    """The mean of several members, which differ in the order of the sentences: one row."""
    found = [member(source, train, texts, seed + APART * i) for i in range(MEMBERS)]
    model = soup([Model(one.body, one.head) for one in found])
    return {
        "accuracy": sentiment.scorer(test, source.tokenizer)(model),
        "seconds": round(sum(one.card["seconds"] for one in found), 1),
        "updates": sum(one.card["updates"] for one in found),
    }


def fine_tune(source, strategy: str, train, texts, test, seed: int) -> dict:
    """Migrate, ask by words, fine-tune where there are labels, score: one row of the results."""
    if strategy == SOUP:
        return of_several(source, train, texts, test, seed)
    words, other = strategy in ("full", WORDS), strategy in (ELSEWHERE, FRESH)
    strategy = strategy.removesuffix("_words").removesuffix("_elsewhere")
    rates = {}
    if other:
        source = elsewhere(source, strategy, texts, seed)
        strategy, rates = "full", {"rate": 3e-5, "head_rate": 3e-5}  # its head is no beginner
    target = migrate(source, sentiment.head, strategy, seed=seed, **rates)
    if other:
        target.model.head.load_state_dict(source.head.state_dict())
    if words:
        sentiment.from_words(target.model, source.tokenizer, texts)
    run = Run()
    if train:
        recipe = sentiment.recipe(len(train), strategy, seed=seed)
        examples = sentiment.encode(train, source.tokenizer)
        run = fit(target.model, examples, recipe, groups=target.groups, penalty=target.penalty)
    return {
        "accuracy": sentiment.scorer(test, source.tokenizer)(target.model),
        "seconds": round(run.seconds, 1),
        "updates": len(run.steps),
    }


def rows(options, done: set):
    """Every row that is not there yet, the cheap ones first, one seed of everything first."""
    data, source = sentiment.load(), sources.minilm()
    test = data["validation" if options.validation else "test"]
    texts = sentiment.unlabelled(data["train"])
    for labels in options.labels:
        labels = len(data["train"]) if labels == ALL else labels
        for seed in range(options.seeds):
            train = sentiment.sample(data["train"], labels, seed) if labels else []
            if (labels, "majority", seed) not in done:
                for name, accuracy in sentiment.baselines(train, test).items():
                    yield {"labels": labels, "strategy": name, "seed": seed, "accuracy": accuracy}
            if labels <= MOST[ELSEWHERE] and (labels, COUNTED, seed) not in done:
                accuracy = sentiment.baselines([*others(), *train], test)["tfidf"]
                yield {"labels": labels, "strategy": COUNTED, "seed": seed, "accuracy": accuracy}
            for strategy in options.strategies:
                new = (labels, strategy, seed) not in done
                if new and LEAST.get(strategy, 0) <= labels <= MOST.get(strategy, labels):
                    row = {"labels": labels, "strategy": strategy, "seed": seed}
                    yield row | fine_tune(source, strategy, train, texts, test, seed)
                    gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--validation", action="store_true")
    options = parser.parse_args()
    try:
        found = [] if options.validation else results.load(NAME)["rows"]
    except KitError:
        found = []
    for row in rows(options, {(r["labels"], r["strategy"], r["seed"]) for r in found}):
        print(row, flush=True)
        found.append(row)
        if not options.validation:
            save(found)
    for labels, scores in results.by_budget(found).items():
        print(labels, {k: f"{100 * m:.1f} ± {100 * h:.1f}" for k, (m, h) in scores.items()})


def save(found: list[dict]) -> None:
    what = {
        "what": "film reviews, polarity: test accuracy after fine-tuning on so many labels",
        "command": "python -m kit.experiments see_it_work",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "elsewhere": len(others()),
        "rows": sorted(found, key=lambda r: (r["labels"], r["strategy"], r["seed"])),
    }
    runtime.write_json(FILE, what)


if __name__ == "__main__":
    main()
