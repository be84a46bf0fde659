"""Translation that is worth having: what makes a child usable, on messages without placeholders.

    python -m kit.experiments useful_translation               # an hour on one core
    python -m kit.experiments useful_translation --parts test  # one part

The rule, set before anything was recorded: a suggestion is worth editing where at most 30 % of its
words have to be edited (TER, Snover et al. 2006), for by default Trados Studio shows a translator
no match below 70 %
(developers.rws.com/studio-api-docs/apiconcepts/projectautomation/translation_memory_settings.html).
A translator is *usable* where at least half of the plain test messages get such a suggestion, and
*clearly* usable where the interval over the seeds is above one half as well.

Parts: choices (how to write with a child, on validation, one seed), reader_choices (rates for e5 as
the reader, on validation, one seed), test (children of the LSTM parent with 300, 1,000 and all
pairs, each written in several ways, and the controls), readers (e5, frozen, its states cached, with
the parent's decoder or a fresh one), languages (all pairs of other children), ensemble (three
children of one set of pairs).
"""

import time
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

from kit import metrics, sources
from kit.data import placeholders
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.experiments.translation import MESSAGES, NEAR
from kit.migrate import decoder_like
from kit.models import FeatureCache, Model, SequenceHead
from kit.models.ensemble import ensemble
from kit.models.soup import soup
from kit.sources import Source
from kit.tasks import translation
from kit.tasks.translation.judged import edits, unknown_words
from kit.tasks.translation.memory import Memory
from kit.tasks.translation.neighbours import with_neighbours
from kit.train import Recipe, fit

USABLE_EDITS = 30
"""Words to be edited of a suggestion that is worth editing, at most, in percent."""
USABLE_SHARE = 50
"""Plain messages with such a suggestion, of a usable translator, at least, in percent."""

FILE = ResultsFile(
    "useful_translation",
    f"Suggestions on {MESSAGES} messages: chrF, words to edit, words of other languages",
    keys=("part", "language", "pairs", "child", "seed", "rate"),
    parts=("way",),
)
QUICK = (
    {"part": "test", "language": "it", "pairs": 300, "child": "memory", "seed": 0},
    {"part": "test", "language": "it", "pairs": 0, "child": "untouched", "seed": 0},
)

SEEDS = 3
ALL = 100_000
"""More pairs than any child has: all of them."""
BEAMS = 4
NEIGHBOURS = {"k": 8, "temperature": 0.1, "share": 0.3}
"""Of kNN-MT, chosen by the chrF of all validation messages (part choices)."""

BEAM_CHOICES = (1, 2, 4, 8)
NEIGHBOUR_CHOICES = tuple(product((0.03, 0.1, 0.3), (0.2, 0.3, 0.4)))
"""Temperature, share: tried on validation with 4 beams."""
LIKENESS_CHOICES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""From which likeness of the nearest message on its translation is taken: tried on validation."""
LIKENESS = 0.8
"""From which the memory answers in the test; on validation every likeness lost chrF."""
READER_RATES = {"e5": (2e-3, 4e-3, 8e-3), "e5, fresh decoder": (4e-3, 8e-3, 1.6e-2)}
READER_RATE = {"e5": 4e-3, "e5, fresh decoder": 8e-3}
"""Child -> rate, chosen on validation (part reader_choices)."""


def main(arguments: list[str]) -> None:
    command = parser("useful_translation", __doc__)
    command.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
    command.add_argument("--minutes", type=float, default=float("inf"))
    options = command.parse_args(arguments)
    planned = (about for part in options.parts for about in PARTS[part]())
    rows = FILE.grow(planned, measure, minutes=options.minutes, describe=lambda _: RULE)
    summary(rows)


RULE = {
    "rule": f"usable: at least {USABLE_SHARE} % of the plain messages get a suggestion of which at "
    f"most {USABLE_EDITS} % of the words have to be edited (TER)"
}
"""Field of the file."""


def child(part: str, language: str, pairs: int, name: str, seed: int) -> dict:
    """What identifies a measurement."""
    return {"part": part, "language": language, "pairs": pairs, "child": name, "seed": seed}


def choices() -> Iterator[dict]:
    """One child, written in many ways."""
    yield child("choices", "it", 300, "full", 0)


def reader_choices() -> Iterator[dict]:
    """Rates of the decoder after e5."""
    for name, rates in READER_RATES.items():
        for rate in rates:
            yield child("reader_choices", "it", 300, name, 0) | {"rate": rate}


def test() -> Iterator[dict]:
    """Italian by pairs, 300 first; controls without training first."""
    for name in ("english", "untouched"):
        yield child("test", "it", 0, name, 0)
    for pairs in (300, 1000, ALL):
        for name in ("memory", "full"):
            for seed in range(1 if name == "memory" and pairs == ALL else SEEDS):
                yield child("test", "it", pairs, name, seed)
    for seed in range(SEEDS):
        yield child("test", "it", ALL, "from_scratch", seed)


def readers() -> Iterator[dict]:
    """e5 before the parent's decoder, and before a fresh one."""
    for pairs, seed, name in product((300, 1000), range(SEEDS), READER_RATE):
        yield child("readers", "it", pairs, name, seed)


def languages() -> Iterator[dict]:
    """All pairs of Romanian."""
    yield child("languages", "ro", ALL, "memory", 0)
    for seed in range(SEEDS):
        yield child("languages", "ro", ALL, "full", seed)


def ensembles() -> Iterator[dict]:
    """On validation: three children of the same pairs, in three orders of the examples."""
    yield child("ensemble", "it", 300, "three children", 0)


PARTS = {
    "choices": choices,
    "reader_choices": reader_choices,
    "test": test,
    "readers": readers,
    "ensemble": ensembles,
    "languages": languages,
}
"""Name -> its measurements."""
ON_VALIDATION = ("choices", "reader_choices", "ensemble")


def measure(about: dict) -> list[dict]:
    """One row for each way of writing with the child."""
    data = translation.load(about["language"])
    split = "validation" if about["part"] in ON_VALIDATION else "test"
    rows = translation.sample(data[split], MESSAGES, 0)
    size = min(about["pairs"], len(data["train"]))
    pairs = translation.sample(data["train"], size, about["seed"]) if size else []
    measured = []
    for way, answers, seconds in answered(about, pairs, rows["english"][:]):
        scores = score(answers, rows) | {"CPU seconds": round(seconds, 1)}
        measured.append(about | {"way": way, "examples": size} | scores)
    return measured


def answered(about: dict, pairs, texts: list[str]) -> Iterator[tuple[str, list[str], float]]:
    """(way of writing, answers, processor seconds of the training)."""
    name, language = about["child"], about["language"]
    if name == "english":
        yield "copied", texts, 0.0
    elif name == "memory":
        yield "looked up", Memory(pairs).translate(texts), 0.0
    elif name == "untouched":
        model = Model(parent().body, parent().head)
        yield "beams", translate(model, texts, NEAR[language]), 0.0
    elif name == "three children":
        yield from together(pairs, texts, language)
    else:
        yield from written(about, pairs, texts)


def written(about: dict, pairs, texts: list[str]) -> Iterator[tuple[str, list[str], float]]:
    """A child is trained once, and writes in several ways."""
    language, reader = about["language"], about["child"].split(",")[0]
    started = time.process_time()
    if reader == "e5":
        model, read = after_e5(about, pairs)
    else:
        model = trained(about["child"], pairs, about["seed"])
        read = parent().tokenizer
    seconds = time.process_time() - started
    examples = encode(pairs, read)

    def answers(model: Model = model, **options) -> list[str]:
        return translate(model, texts, language, read, **options)

    if about["part"] == "choices":
        for beams in BEAM_CHOICES:
            yield f"{beams} beams", answers(beams=beams), seconds
        for temperature, share in NEIGHBOUR_CHOICES:
            model_of = with_neighbours(model, examples, 8, temperature, share)
            yield f"neighbours, τ {temperature}, λ {share}", answers(model_of), seconds
        own = answers()
        for likeness in LIKENESS_CHOICES:
            yield f"memory from {likeness}", combined(pairs, texts, own, likeness), seconds
        yield "own pieces", answers(never=foreign_pieces(examples)), seconds
        return
    own = answers()
    yield "greedy", answers(beams=1), seconds
    yield "beams", own, seconds
    if about["part"] == "test" and about["child"] == "full":
        yield "memory where near", combined(pairs, texts, own, LIKENESS), seconds
        yield "own pieces", answers(never=foreign_pieces(examples)), seconds
    if about["part"] != "reader_choices":
        yield "neighbours", answers(with_neighbours(model, examples, **NEIGHBOURS)), seconds


def together(pairs, texts: list[str], language: str) -> Iterator[tuple[str, list[str], float]]:
    """Three children: each, the mean of their parameters, and their ensemble."""
    started = time.process_time()
    models = [trained("full", pairs, seed) for seed in range(3)]
    seconds = time.process_time() - started
    for number, model in enumerate(models):
        yield f"child {number}", translate(model, texts, language), seconds / 3
    yield "soup", translate(soup(models), texts, language), seconds
    yield "ensemble", translate(ensemble(models), texts, language), seconds


@cache
def parent() -> Source:
    """The shipped parent: an LSTM with attention."""
    return sources.load("translator")


@cache
def reader() -> tuple[FeatureCache, object]:
    """e5, frozen, whose states are computed once for each text; its tokenizer."""
    source = sources.e5()
    source.body.requires_grad_(False)
    return FeatureCache(source.body), source.tokenizer


def trained(strategy: str, pairs, seed: int) -> Model:
    """A child of the LSTM parent, by the task's own recipe."""
    target = translation.target(parent(), strategy, seed=seed)
    recipe = translation.recipe(len(pairs), strategy, seed=seed)
    fit(target.model, encode(pairs, parent().tokenizer), recipe, **target.training)
    return target.model


def after_e5(about: dict, pairs) -> tuple[Model, object]:
    """A decoder that is trained to attend to e5's states: the parent's, or a fresh one."""
    from kit.runtime import random_state

    body, read = reader()
    with random_state(about["seed"]):
        decoder = decoder_like(parent().body)
        if about["child"] == "e5":
            decoder.load_state_dict(parent().head.decoder.state_dict())
        head = SequenceHead(body.width, decoder)
    model = Model(body, head)
    rate = about.get("rate", READER_RATE[about["child"]])
    recipe: Recipe = translation.recipe(len(pairs), seed=about["seed"])
    groups = [{"params": list(head.parameters()), "rate": rate}]
    fit(model, encode(pairs, read), recipe, groups=groups)
    return model, read


def encode(pairs, read) -> list[dict]:
    """Examples whose English is read by the tokenizer `read`, and whose translation is the
    parent's pieces; e5 needs no tag, and reads a placeholder as {0}, {1}, ..."""
    examples = translation.encode(pairs, parent().tokenizer)
    if read is parent().tokenizer:
        return examples
    texts = [spelled(row["english"]) for row in pairs]
    ids = read.encode_many(texts, translation.LIMIT)
    return [example | {"ids": row} for example, row in zip(examples, ids, strict=True)]


def spelled(text: str) -> str:
    """A text with {0}, {1}, ... in place of its placeholders."""
    hidden, names = placeholders.hide(text)
    for i in range(len(names)):
        hidden = hidden.replace(placeholders.slot(i), f"{{{i}}}")
    return hidden


def translate(
    model: Model,
    texts: list[str],
    language: str,
    read=None,
    *,
    beams: int = BEAMS,
    never: Sequence[int] = (),
) -> list[str]:
    """Answers of a model that reads by the tokenizer `read` and writes the parent's pieces."""
    from kit.models.generate import generate

    write = parent().tokenizer
    hidden, names = zip(*(placeholders.hide(text) for text in texts), strict=True)
    if read in (None, write):
        ids = write.encode_many([translation.tag(language) + text for text in hidden], 64)
    else:
        ids = read.encode_many([spelled(text) for text in texts], translation.LIMIT)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    answers = [""] * len(ids)
    options = write.writing() | {"never": list(never)}
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        most = min(translation.LIMIT, 10 + 3 * max(len(ids[i]) for i in rows))
        given = generate(model.eval(), [ids[i] for i in rows], most, beams=beams, **options)
        for i, row in zip(rows, given, strict=True):
            answers[i] = placeholders.restore(write.decode(row), names[i]).strip()
    return answers


def combined(pairs, texts: list[str], own: list[str], likeness: float) -> list[str]:
    """The memory's translation where its message is at least so like the text, else the child's."""
    memory = Memory(pairs)
    near = memory.nearest(texts)
    known = memory.translate(texts)
    choose = zip(near, known, own, strict=True)
    return [theirs if like >= likeness else ours for (_, like), theirs, ours in choose]


def foreign_pieces(examples: list[dict]) -> list[int]:
    """The pieces that are neither in the child's pairs, on either side, nor slots."""
    write = parent().tokenizer
    slots = [placeholders.slot(i) for i in range(placeholders.SLOTS)]
    own = {i for row in examples for i in (*row["ids"], *row["y"])}
    own |= {i for slot in slots for i in write.encode(slot, special=False)}
    return [i for i in range(write.size) if i not in own]


def score(answers: list[str], rows) -> dict[str, float]:
    """chrF of all messages; of the plain ones chrF, BLEU, the mean of the words to be edited, the
    shares that are worth editing and that are right, and words of other languages, all in percent.
    """
    rows = list(rows)
    plain = [i for i, row in enumerate(rows) if not placeholders.found(row["english"])]
    answers_plain = [answers[i] for i in plain]
    rows_plain = [rows[i] for i in plain]
    own = translation.score(answers_plain, rows_plain)
    pairs = zip(answers_plain, rows_plain, strict=True)
    costs = [edits(answer, row["translation"]) for answer, row in pairs]
    scores = {
        "chrf": translation.score(answers, rows)["chrf"],
        "chrf_plain": own["chrf"],
        "bleu_plain": own["bleu"],
        "edits": sum(costs) / len(costs),
        "worth_editing": 100 * sum(cost <= USABLE_EDITS for cost in costs) / len(costs),
        "right": 100 * sum(cost == 0 for cost in costs) / len(costs),
        "plain": len(plain),
    }
    return {k: round(v, 3) for k, v in (scores | unknown_words(answers_plain, rows_plain)).items()}


def summary(rows: list[dict]) -> None:
    """Print the means over the seeds."""
    groups: dict = {}
    for row in rows:
        about = (row[k] for k in ("part", "language", "pairs", "child", "way"))
        groups.setdefault((*about, row.get("rate", 0)), []).append(row)
    for key, group in groups.items():
        means = {
            name: "{:.1f} ± {:.1f}".format(*metrics.interval([row[name] for row in group]))
            for name in ("chrf_plain", "edits", "worth_editing", "foreign", "invented")
        }
        print(*key, means)
