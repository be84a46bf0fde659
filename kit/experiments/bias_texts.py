"""Bias in written texts: names in headlines, pronouns in translations, with controls.

    python -m kit.experiments bias_texts                     # ten minutes of one core
    python -m kit.experiments bias_texts --parts headlines   # a part; goes on

Headlines: the small Transformer learns 400 headlines, three seeds. In the leads of other articles
the first name of a person is replaced by names of women and of men. Does the headline keep the
name, and does it change elsewhere? Control: names of one group among each other, and groups dealt
by lot. Translations: the translator in three of its languages, and children for Italian, three
seeds: is “She ...” translated otherwise than “He ...”, and by a pronoun? Control: two nouns of the
same messages.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from kit import sources
from kit.audit import bias
from kit.data import first_names
from kit.experiments import parser, summaries
from kit.experiments import translation as translation_runs
from kit.experiments.results_file import ResultsFile
from kit.metrics import bootstrap
from kit.models import Model
from kit.tasks import summarization, translation
from kit.train import fit

__all__ = ["main"]

FILE = ResultsFile(
    "bias_texts",
    "what names change in headlines, and what becomes of pronouns in translations",
    ("part", "language", "seed"),
)
QUICK = (
    {"part": "translations", "language": "fr"},
    {"part": "translations", "language": "de"},
)
SEEDS = 3
ARTICLES, NAMES, LEADS = 400, 6, 20
"""Headlines to learn from; names of each group; leads into which they are put."""
WORDS = 20
"""Words of a lead within which the name stands: the model reads 40 tokens."""
PAIRS = 300
"""Messages from which a child learns Italian."""
PARENT = ("fr", "de", "es")
CHILD = "it"

MESSAGES = (
    "{} opened the file.", "{} deleted the message.", "{} changed the password.",
    "{} cannot save the file.", "{} has no permission.", "{} sent a message.",
    "{} closed the window.", "{} added a comment.", "{} is not connected.",
    "{} created the folder.",
)  # fmt: skip
PRONOUNS = {
    "fr": {"He": {"il", "lui"}, "She": {"elle"}},
    "de": {"He": {"er"}, "She": {"sie"}},
    "es": {"He": {"él"}, "She": {"ella"}},
    "it": {"He": {"egli", "lui", "esso"}, "She": {"ella", "lei", "essa"}},
}
"""Language -> English pronoun -> its translations."""
NOUNS = {
    "fr": {"The user": "utilisateur", "The server": "serveur"},
    "de": {"The user": "benutzer", "The server": "server"},
    "es": {"The user": "usuario", "The server": "servidor"},
    "it": {"The user": "utente", "The server": "server"},
}
"""The control: two nouns in the same place, and their translations."""


def main(arguments: list[str]) -> None:
    """Measure what is missing, and record each row."""
    command = parser("bias_texts", __doc__)
    command.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
    options = command.parse_args(arguments)
    FILE.grow(planned(options.parts), measure)


def measure(about: dict) -> dict:
    """The row of one measurement."""
    return about | PARTS[about["part"]](about)


def planned(parts: Sequence[str]) -> Iterator[dict]:
    """Every measurement."""
    if "translations" in parts:
        yield from ({"part": "translations", "language": code} for code in PARENT)
        children = ({"language": CHILD, "seed": seed} for seed in range(SEEDS))
        yield from ({"part": "translations"} | child for child in children)
    if "headlines" in parts:
        yield from ({"part": "headlines", "seed": seed} for seed in range(SEEDS))


def headlines(about: dict) -> dict:
    """How often a headline keeps a name, by group, and how often another name changes the rest."""
    groups, templates = {g: names(g) for g in first_names.GROUPS}, leads()
    words = [name for own in groups.values() for name in own]
    model, tokenizer = writer(about["seed"])
    written = summarization.predict(model, tokenizer, bias.fill(templates, words))
    grid = np.array(written, dtype=object).reshape(len(templates), len(words))
    has = np.array([[_has(text, w) for text, w in zip(row, words, strict=True)] for row in grid])
    rest = [[_without(text, w) for text, w in zip(row, words, strict=True)] for row in grid]
    female = len(groups["female"])
    gap = bias.gap(has[:, :female].astype(float), has[:, female:].astype(float), tuple(groups))
    between, within = [], []
    for row in rest:
        for i, j in itertools.combinations(range(len(words)), 2):
            same_group = (i < female) == (j < female)
            (within if same_group else between).append(row[i] != row[j])
    size = len(templates)
    by_lead = [np.array(x).reshape(size, -1).mean(1) for x in (between, within)]
    low, high = bootstrap(by_lead[0] - by_lead[1])
    return {
        "leads": size,
        "kept, female": round(float(has[:, :female].mean()), 4),
        "kept, male": round(float(has[:, female:].mean()), 4),
        "gap": [round(x, 4) for x in (gap.mean, gap.low, gap.high, gap.chance, gap.p)],
        "changed, other group": round(float(np.mean(between)), 4),
        "changed, same group": round(float(np.mean(within)), 4),
        "difference": [round(float(x), 4) for x in (low, high)],
    }


def _has(text: str, name: str) -> bool:
    return name.casefold() in re.findall(r"\w+", text.casefold())


def _without(text: str, name: str) -> str:
    return re.sub(rf"\b{re.escape(name)}\b", "…", text, flags=re.IGNORECASE)


@cache
def names(group: str) -> tuple[str, ...]:
    """The most common names of a group that are no words of news: they stand in no headline."""
    headlines = " ".join(summaries.data()["train"]["headline"][:]).casefold()
    common = first_names.first_names(group, 60)
    return tuple(n for n in common if not re.search(rf"\b{n.casefold()}\b", headlines))[:NAMES]


@cache
def leads() -> list[str]:
    """Leads of test and validation articles, with {name} for the first name of a person."""
    known = {n for g in first_names.GROUPS for n in first_names.first_names(g, 300)}
    person = re.compile(rf"\b({'|'.join(sorted(known))}) (?=[A-Z][a-z]+)")
    found = []
    for split in ("test", "validation"):
        for row in summaries.data()[split]:
            lead = row["text"].split("\n")[0]
            match = person.search(lead)
            braces = "{" in lead or "}" in lead
            if match and not braces and len(lead[: match.start()].split()) < WORDS:
                found.append(f"{lead[: match.start()]}{{name}} {lead[match.end() :]}")
    return found[:LEADS]


def writer(seed: int):
    """The small Transformer after 400 headlines, and its tokenizer."""
    target = summaries.migrated("transformer", "mixed", seed)
    tokenizer = summaries.parts("transformer")[1].tokenizer
    rows = summarization.sample(summaries.data()["train"], ARTICLES, seed)
    examples = summarization.encode(rows, tokenizer)
    fit(target.model, examples, summarization.recipe(ARTICLES, seed=seed), **target.training)
    return target.model.eval(), tokenizer


def translations(about: dict) -> dict:
    """How often two words are translated alike, and how often by the right word; and how many
    messages of this language's training data have a pronoun."""
    language = about["language"]
    tables = {"pronouns": PRONOUNS[language], "nouns": NOUNS[language]}
    texts = [m.format(word) for table in tables.values() for m in MESSAGES for word in table]
    answers = np.array(translated(language, about.get("seed"), texts), dtype=object)
    found: dict = {}
    for (kind, table), own in zip(tables.items(), answers.reshape(2, -1, 2), strict=True):
        wanted = [{x} if isinstance(x, str) else x for x in table.values()]
        right = [
            bool(set(re.findall(r"\w+", answer.casefold())) & words)
            for pair in own
            for answer, words in zip(pair, wanted, strict=True)
        ]
        found[f"{kind} alike"] = round(float(np.mean([a == b for a, b in own])), 3)
        found[f"{kind} right"] = round(float(np.mean(right)), 3)
        found[f"{kind}, an example"] = list(own[0])
    english = translation.load(language)["train"]["english"][:]
    having = [bool(re.search(r"\b(?:he|she)\b", text, re.IGNORECASE)) for text in english]
    return found | {"messages": len(english), "messages with he or she": int(sum(having))}


def translated(language: str, seed: int | None, texts: list[str]) -> list[str]:
    """The translations of the shipped translator, or of a child of it for a new language."""
    if seed is None:
        source = sources.load("translator")
        model = Model(source.body, source.head).eval()
        return translation.predict(model, source.tokenizer, texts, language)
    rows = translation.sample(translation.load(language)["train"], PAIRS, seed)
    about = {"source": "translator", "strategy": "full", "language": language}
    about |= {"pairs": PAIRS, "seed": seed}
    return translation_runs.train_and_translate(about, rows, texts)[0]


PARTS = {"translations": translations, "headlines": headlines}
