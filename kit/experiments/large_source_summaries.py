"""Headlines by SmolLM2 (134.5 M parameters): it reads an article's beginning and writes on.

    python -m kit.experiments large_source_summaries                   # hours on one core
    python -m kit.experiments large_source_summaries --parts lora      # one part
    python -m kit.experiments large_source_summaries --articles 400    # one budget of lora, fresh

Parts: settings (validation: tokens read and rate of LoRA with 200 headlines, one seed), zero (no
example: "TL;DR:", "Headline:", and the chat that the model was tuned on), few (2 and 4 examples in
the prompt, three seeds), lora (rank 16, all linear layers; written greedily and with 4 beams),
fresh rates and fresh (the same shape with fresh values, all of it trained, as many passes), leak
(are the next five tokens of our articles guessed word for word?).
ROUGE on the test articles of `summaries`, whose controls stand in its file.
"""

import gc
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from kit import sources
from kit.errors import KitError
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.experiments.summaries import control_answers, data, scores
from kit.metrics import bootstrap
from kit.migrate import merge
from kit.migrate.mixed.lora import LINEAR
from kit.models import Model
from kit.models.generate import generate
from kit.tasks import summarization
from kit.tasks.summarization import continuation
from kit.train import Recipe, fit

PARTS = ("settings", "leak", "zero", "few", "lora", "fresh rates", "fresh")
TEMPLATES = {
    "TL;DR": continuation.TLDR,
    "headline": continuation.PLAIN,
    "chat": continuation.CHAT,
}


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    return PARTS.index(row["part"]), row.get("articles", 0), row["seed"], row.get("beams", 1)


FILE = ResultsFile(
    "large_source_summaries",
    "BBC articles to headlines by SmolLM2: ROUGE on 205 test articles (settings, fresh rates: "
    "on 205 validation articles)",
    keys=("part", "prompt", "tokens", "examples", "articles", "rate", "epochs", "seed"),
    parts=("beams",),
    order=order,
)
QUICK = ({"part": "leak", "seed": 0},)

SEEDS = 3
ARTICLES = (400, 32, 100, 1640)
FRESH_ARTICLES = (400,)
"""Budgets, in the order in which they are measured."""
BEAMS = (1, 4)
"""Of what LoRA has trained: greedy, and a beam search as in the lesson's other models."""
MEASURES = ("rouge1", "rouge2", "rougeL")
PROMPT = "headline"
"""What is shown examples and what is trained: fixed beforehand, no other was tried."""
EXAMPLES = (2, 4)
FEW_TOKENS = 64
"""Tokens of each article in a prompt with examples."""
TRIED = (
    {"tokens": 64, "rate": 1e-3, "epochs": 2},
    {"tokens": 64, "rate": 3e-4, "epochs": 2},
    {"tokens": 128, "rate": 1e-3, "epochs": 2},
)
"""Settings of LoRA, on validation."""
TRIED_FRESH = (3e-4, 1e-3)
LORA = {"rank": 16, "alpha": 32.0, "targets": LINEAR}
RECIPE = Recipe(epochs=1, batch_size=8, keep_best=False, evaluations=1)
SHOWN = 20
"""Headlines that a row keeps: of the first test articles."""


def main(arguments: list[str]) -> None:
    command = parser("large_source_summaries", __doc__)
    command.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    command.add_argument("--articles", nargs="+", type=int, default=ARTICLES)
    command.add_argument("--minutes", type=float, default=float("inf"))
    options = command.parse_args(arguments)
    for part in options.parts:  # what a part has chosen decides the next part's rows
        FILE.grow(planned(part, options.articles), measure, minutes=options.minutes)


def planned(part: str, articles=ARTICLES) -> Iterator[dict]:
    """Every measurement of a part."""
    about = {"part": part, "seed": 0}
    if part == "settings":
        for setting in TRIED:
            yield about | {"prompt": PROMPT, "articles": 200} | setting
    elif part == "leak":
        yield about
    elif part == "zero":
        for prompt in TEMPLATES:
            yield about | {"prompt": prompt, "tokens": best("settings")["tokens"]}
    elif part == "few":
        for examples in EXAMPLES:
            for seed in range(SEEDS):
                few = {"prompt": PROMPT, "tokens": FEW_TOKENS, "examples": examples}
                yield {"part": part, "seed": seed} | few
    elif part == "fresh rates":
        for rate in TRIED_FRESH:
            yield about | trained(400) | {"rate": rate}
    else:
        budgets = FRESH_ARTICLES if part == "fresh" else ARTICLES
        for n in (n for n in budgets if n in articles):
            for seed in range(SEEDS):
                rate = {"rate": best("fresh rates")["rate"]} if part == "fresh" else {}
                yield {"part": part, "seed": seed} | trained(n) | rate


def best(part: str) -> dict:
    """The row of a part with the highest validation ROUGE-1."""
    rows = [row for row in FILE.rows() if row["part"] == part]
    if not rows:
        raise KitError(f"nothing of {part} was measured yet: run --parts {part!r} first.")
    return max(rows, key=lambda row: row["rouge1"])


def trained(articles: int) -> dict:
    """Fields of a row that trains, with the settings that validation has chosen."""
    chosen = best("settings")
    fields = {name: chosen[name] for name in ("prompt", "tokens", "rate", "epochs")}
    return fields | {"articles": articles}


def measure(about: dict) -> dict | list[dict]:
    """One measurement: train where the part does, write headlines, score them; after LoRA a row for
    each of `BEAMS`."""
    part = about["part"]
    if part == "leak":
        return about | leak()
    template = replace(TEMPLATES[about["prompt"]], limit=about["tokens"])
    examples: list[dict] = []
    details = {}
    if "examples" in about:
        examples = summarization.sample(data()["train"], about["examples"], about["seed"])
    if "articles" in about:
        model, details = train(about, template)
    else:
        model = Model(smollm().body, smollm().head).eval()
    test = part in ("zero", "few", "lora", "fresh")
    rows = list(data()["test" if test else "validation"])
    ids = continuation.prompts([r["text"] for r in rows], smollm().tokenizer, template, examples)
    if part == "lora":
        return [
            about | {"beams": beams} | written(model, ids, rows, test, beams) | details
            for beams in BEAMS
        ]
    return about | written(model, ids, rows, test) | details


def written(model: Model, ids: list[list[int]], rows: list[dict], test: bool, beams=1) -> dict:
    """Headlines after the prompts, scored; of the test articles also what controls have less."""
    tokenizer = smollm().tokenizer
    answers = continuation.write(model, ids, summarization.MOST, stop=[tokenizer.eos], beams=beams)
    ended = sum(len(row) < summarization.MOST for row in answers) / len(rows)
    texts = [continuation.first_line(tokenizer.decode(row)) for row in answers]
    found = scores(texts, rows) | {"ended": round(ended, 4), "equal": equal(texts, rows)}
    if test:
        found |= {"gains": gains(texts), "first": texts[:SHOWN]}
    gc.collect()
    return found


def train(about: dict, template: continuation.Template) -> tuple[Model, dict]:
    """LoRA, merged after the training, or fresh values in the same shape."""
    seed, rate = about["seed"], about["rate"]
    fresh = about["part"].startswith("fresh")
    strategy, options = ("from_scratch", {}) if fresh else ("lora", LORA)
    target = continuation.target(smollm(), strategy, seed=seed, rate=rate, **options)
    rows = summarization.sample(data()["train"], about["articles"], seed)
    examples = continuation.encode(rows, smollm().tokenizer, template)
    run = fit(
        target.model,
        examples,
        replace(RECIPE, epochs=about["epochs"], seed=seed),
        **target.training,
    )
    details = {
        "trained": target.totals["trained"],
        "updates": len(run.steps),
        "precision": run.settings["precision"],
        "last losses": round(sum(s["loss"] for s in run.steps[-10:]) / len(run.steps[-10:]), 3),
        "seconds": round(run.seconds, 1),
    }
    return (target.model if fresh else merge(target.model)).eval(), details


def equal(answers: list[str], rows: list[dict]) -> int:
    """How many headlines are a person's, word for word."""
    pairs = zip(answers, rows, strict=True)
    return sum(a.casefold() == r["headline"].strip().casefold() for a, r in pairs)


def gains(answers: list[str]) -> dict[str, dict[str, list[float]]]:
    """Control -> ROUGE -> what the answers have more than it on the same articles: mean, and its
    95 % interval over the test articles."""
    ours = each_rouge(answers)
    found: dict = {}
    for name, theirs in control_scores().items():
        for measure in MEASURES:
            more = [a[measure] - b[measure] for a, b in zip(ours, theirs, strict=True)]
            cell = [round(x, 4) for x in (sum(more) / len(more), *bootstrap(more))]
            found.setdefault(name, {})[measure] = cell
    return found


@cache
def control_scores() -> dict[str, list[dict]]:
    """Control -> ROUGE of each test article."""
    answers = control_answers(data()["test"]["text"][:])
    return {name: each_rouge(headlines) for name, headlines in answers.items()}


def each_rouge(answers: list[str]) -> list[dict]:
    """ROUGE of each test article."""
    pairs = zip(answers, data()["test"]["headline"][:], strict=True)
    return [summarization.rouge(answer, headline) for answer, headline in pairs]


PROMPT_TOKENS, GUESSED_TOKENS = 10, 5


def leak() -> dict:
    """How many test articles the source continues word for word, asked as `large_source` does."""
    source = smollm()
    texts = [" ".join(row["text"].split()) for row in data()["test"]]
    ids = source.tokenizer.encode_many(texts, PROMPT_TOKENS + GUESSED_TOKENS, special=False)
    begun = [[source.tokenizer.bos, *row[:PROMPT_TOKENS]] for row in ids]
    answers = generate(Model(source.body, source.head).eval(), begun, GUESSED_TOKENS)
    guessed = [a == row[PROMPT_TOKENS:] for a, row in zip(answers, ids, strict=True)]
    return {"texts": len(ids), "guessed": sum(guessed)}


@cache
def smollm() -> sources.checkpoint.Source:
    """The source: all of its 30 blocks."""
    return sources.smollm()
