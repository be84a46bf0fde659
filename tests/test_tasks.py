"""One contract: every task, from every kind of source, by every kind of strategy."""

import inspect
import math
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser

import pytest
import torch
from migrations import BERT, GRU, TOKENS

from kit import tasks
from kit.errors import KitError
from kit.migrate import migrate
from kit.models import RNN, Model, Transformer
from kit.sources import Source
from kit.tasks import TASKS, Task, bootstrap, inputs, predict_rows, task
from kit.train import fit

SOURCES = {"RNN": (RNN, GRU), "Transformer": (Transformer, replace(BERT, block_size=512))}
STRATEGIES = ("from_scratch", "full", "frozen", "adapter", "lora")
PARTS = [name for name in vars(Task) if not name.startswith("_")] + ["METRIC", "COLUMNS"]
BAD = {
    "empty": "",
    "blank": " \n\t",
    "ten thousand words": "fine " * 10_000,
    "one long word": "a" * 50_000,
    "emoji": "🎬🍿 👍🏽👍🏽 🇺🇦",
    "right to left": "فيلم رائع שלום עולם",
    "Chinese": "这部电影太好看了",
    "controls": "\x00\x01\x1b[31m \ufffd\u200b",
    "binary": b"\x89PNG\r\n\x1a\n",
    "half a character": "good \ud83d film",
    "a number": 7,
    "nothing": None,
    "no list": [],
}


@pytest.fixture(scope="module")
def loaded(archives):
    """name -> its data, read once."""
    found = {}
    return lambda name: found.setdefault(name, task(name).load())


def source(kind: str) -> Source:
    """A tiny source of one kind, with fresh values."""
    torch.manual_seed(0)
    made, config = SOURCES[kind]
    return Source(name=f"tiny {kind}", body=made(config), tokenizer=TOKENS)


def parts_of(name: str, kind: str, strategy: str = "full"):
    """The task, a tiny source, and a target made from it."""
    made, given = task(name), source(kind)
    head = partial(made.head, tokenizer=given.tokenizer)
    return made, given, migrate(given, head, strategy)


def required_options(name: str) -> dict:
    """The options of the task's `predict` that have no default: its rows decide them."""
    made = task(name)
    return made.predict_options([{"language": "it"}]) if hasattr(made, "predict_options") else {}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_all_parts_with_their_names(name: str) -> None:
    made = task(name)
    assert not [part for part in PARTS if not hasattr(made, part)]
    for part in PARTS:
        if callable(ours := getattr(made, part)):
            wanted = list(inspect.signature(getattr(Task, part)).parameters)[1:]
            given = inspect.signature(ours).parameters
            assert list(given)[: len(wanted)] == wanted or part in ("recipe", "head"), part
            more = [p for p in list(given.values())[len(wanted) :] if p.default is p.empty]
            needed = [p.name for p in more if p.kind is not p.VAR_KEYWORD]
            assert needed == (list(required_options(name)) if part == "predict" else []), part
    assert set(made.__all__) >= set(PARTS)


@pytest.mark.parametrize("name", TASKS)
def test_data_has_the_columns(name: str, loaded) -> None:
    data, made = loaded(name), task(name)
    assert list(data) == ["train", "validation", "test"]
    ids = [set(rows["id"][:]) for rows in data.values()]
    assert not ids[0] & ids[1] and not ids[0] & ids[2] and not ids[1] & ids[2]
    for rows in data.values():
        assert {"id", *made.COLUMNS} <= set(rows.column_names)
    few, more = (made.sample(data["train"], n, seed=3)["id"][:] for n in (10, 25))
    assert few == more[:10] and len(set(more)) == 25
    assert made.sample(data["train"], 10, seed=4)["id"][:] != few


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("name", TASKS)
def test_any_source_any_strategy(name: str, kind: str, strategy: str, loaded) -> None:
    made, given, target = parts_of(name, kind, strategy)
    rows = made.sample(loaded(name)["train"], 16, seed=0)
    examples = made.encode(rows, given.tokenizer)
    recipe = replace(made.recipe(16, strategy), steps=3, epochs=None, seconds=None)
    before = [p.detach().clone() for p in target.model.parameters()]
    run = fit(target.model, examples, recipe, groups=target.groups, penalty=target.penalty)
    after = list(target.model.parameters())
    assert len(run.steps) == 3 and math.isfinite(run.steps[-1]["loss"])
    assert any(not torch.equal(p, q) for p, q in zip(before, after, strict=True))
    test = loaded(name)["test"].select(range(6))
    answers = predict_rows(made, target.model, given.tokenizer, test)
    assert len(answers) == 6
    found = made.score(answers, test)
    assert all(math.isfinite(value) for value in found.values()) and made.METRIC in found
    low, high = bootstrap(made, answers, test, draws=20)
    assert low <= high and min(0, low) <= found[made.METRIC]
    page = made.show(inputs(made, test)[0], answers[0])
    assert page.startswith("<") and well_formed(page)


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("name", TASKS)
def test_any_input_gets_an_answer_or_an_error_that_helps(name: str, kind: str, text) -> None:
    made, given, target = parts_of(name, kind)
    try:
        answers = made.predict(target.model, given.tokenizer, [text], **required_options(name))
    except KitError as error:
        assert ":" in str(error) and len(str(error)) < 500
        assert text in ("", " \n\t", b"\x89PNG\r\n\x1a\n", 7, None, []) or "\ud83d" in text
        return
    assert len(answers) == 1
    assert well_formed(made.show(text[:200], answers[0]))


@pytest.mark.parametrize("name", TASKS)
def test_what_stands_in_a_text_is_shown_and_never_run(name: str) -> None:
    made, given, target = parts_of(name, "Transformer")
    text = "<script>alert(1)</script> a film & <b>more"
    [answer] = made.predict(target.model, given.tokenizer, [text], **required_options(name))
    assert "<script" not in made.show(text, answer)


CLASSIFIERS = [name for name in TASKS if "label" in task(name).COLUMNS]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_baselines_are_measured_by_the_metric_of_the_task(name: str, loaded) -> None:
    made, data = task(name), loaded(name)
    rows, test = data["train"].select(range(60)), data["test"].select(range(0, 60, 2))
    labels = rows["label"][:]
    majority = made.CLASSES[max(sorted(set(labels)), key=labels.count)]
    wanted = made.score([majority] * len(test), test)[made.METRIC]
    assert made.baselines(rows, test)["majority"] == pytest.approx(wanted)


def test_the_baselines_have_the_metric_that_is_asked_for() -> None:
    rows = [{"text": "good film", "label": 1}] * 9 + [{"text": "bad film", "label": 0}]
    made = partial(tasks.classification.baselines, rows, rows)
    assert made()["majority"] == 0.9 and made("f1")["majority"] == pytest.approx(0.9 / 1.9)
    assert made("f1")["tfidf"] == 1
    with pytest.raises(KitError, match="metric='bleu' is unknown: give one of accuracy, f1"):
        made("bleu")


@pytest.mark.parametrize("name", TASKS)
def test_baselines_cost_nothing(name: str, loaded) -> None:
    made, data = task(name), loaded(name)
    found = made.baselines(made.sample(data["train"], 60, seed=0), data["test"].select(range(30)))
    assert found and all(0 <= value <= 100 for value in found.values())


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(KitError, match=f"task 'sums' is unknown: choose one of {TASKS[0]}, "):
        task("sums")


def test_an_answer_for_each_row_and_the_best_score_is_one() -> None:
    made = tasks.task("topics")
    rows = [{"label": i % 5} for i in range(20)]
    right = [made.CLASSES[row["label"]] for row in rows]
    assert made.score(right, rows) == {"accuracy": 1, "f1": 1}
    assert bootstrap(made, right, rows) == (1, 1)
    assert made.score([right[0]] * 20, rows)["accuracy"] == 0.2
    with pytest.raises(KitError, match="19 answers cannot be scored against 20 rows"):
        made.score(right[1:], rows)
    given = source("Transformer")
    three = Model(given.body, made.head(given.body.width, classes=3))
    with pytest.raises(KitError, match=r"5 names .* do not suit"):
        made.predict(three, TOKENS, "Shares fell.")
    assert made.predict(three, TOKENS, "Shares fell.", ["a", "b", "c"])[0] in "abc"


class Tags(HTMLParser):
    """Counts what is opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in ("br", "hr", "img", "wbr", "input", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def well_formed(page: str) -> bool:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return not (tags.open or tags.wrong)
