"""Names and texts that a student gives are shown as they are: script in them is never markup."""

import dataclasses
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import ipywidgets
import numpy as np
import plotly.graph_objects as go
import pytest
from migrations import TOKENS, body, source
from torch import nn

from kit import exercises, html
from kit.data.own import Column, read
from kit.exercises.quiz import Question, _question
from kit.experiment import prepare
from kit.migrate import migrate
from kit.models import ClassHead, Model
from kit.models.generate import Beams
from kit.models.ngram import NGram
from kit.results.style import styled
from kit.sources import Source
from kit.tasks import entities, sentiment, summarization, topics, translation
from kit.tasks.classification import ClassificationTask
from kit.tasks.summarization.trace import Candidate, Trace, Word
from kit.tasks.translation.alignment import Alignment
from kit.train import Recipe, Run
from kit.train.run import table
from kit.widgets.base import health, static
from kit.widgets.base.style import strip
from kit.widgets.parameters import learning_rates_figure, validation_figure
from kit.widgets.parameters.model_summary import summary
from kit.widgets.parameters.tensor_map import TensorMap
from kit.widgets.pretraining import next_token_figure
from kit.widgets.pretraining.next_token import NextToken
from kit.widgets.sentiment.words import Words
from kit.widgets.structure import pieces_figure
from kit.widgets.summarization import headlines_figure
from kit.widgets.translation import translate, translate_figure

EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">'
SHORT = "<img src=x>"
"""What has room where a text is cut."""


class Parser(HTMLParser):
    """Collects the tags and attributes that run something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        harmful = tag in ("script", "img", "iframe", "object")
        if harmful or any(name.startswith("on") for name, _ in attributes):
            self.found.append(f"{tag} {attributes}")


def harmful(page: str) -> list[str]:
    parser = Parser()
    parser.feed(page)
    return parser.found


def shown_texts(value: object, key: str = "") -> Iterator[str]:
    """The texts of a plotly figure that it reads as markup; customdata is data for callbacks."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from shown_texts(part, name)
    elif isinstance(value, list | tuple | np.ndarray) and key != "customdata":
        for part in value:
            yield from shown_texts(part, key)
    elif isinstance(value, str):
        yield value


def pages(thing: object) -> Iterator[str]:
    """The HTML of whatever is shown: of widgets that of their parts."""
    if isinstance(thing, str):
        yield thing
    elif hasattr(thing, "to_plotly_json"):
        yield from shown_texts(thing.to_plotly_json())
    elif hasattr(thing, "children"):
        for child in thing.children:
            yield from pages(child)
    elif isinstance(thing, ipywidgets.HTML):
        yield thing.value
    elif hasattr(thing, "view"):
        yield from pages(thing.view)
    elif isinstance(thing, ipywidgets.Widget):
        yield static.static(thing)
    else:
        yield thing._repr_html_()


class EvilHead(ClassHead):
    """A student's head with a name that Python allows for a module."""

    def __init__(self, width: int, classes: int = 2) -> None:
        super().__init__(width, classes)
        self.add_module(EVIL, nn.Linear(2, 2))


def evil_source() -> Source:
    made = source("gpt")
    return dataclasses.replace(made, name=EVIL, card={"licence": EVIL, "data": EVIL})


def evil_migration():
    made = migrate(evil_source(), EvilHead, "full")
    made.strategy, made.warnings = EVIL, [EVIL]
    made.origins = [dataclasses.replace(o, note=EVIL) for o in made.origins]
    return made


def tensor_map() -> ipywidgets.VBox:
    shown = TensorMap(evil_migration(), evil_source(), others={EVIL: evil_migration})
    for origin in shown.migration.origins[-3:]:
        shown.pick(origin.name)
    return ipywidgets.VBox([shown.strategy, shown.tensor, shown.words, shown.figure, shown.values])


def experiment():
    rows = [{"text": f"{EVIL} {i}", "label": i % 2} for i in range(4)]
    task = ClassificationTask((EVIL, "other"))
    made = prepare(evil_source(), "full", task, rows, name=EVIL, recipe=Recipe(steps=1))
    made.scores, made.controls = {task.METRIC: 0.5}, {EVIL: 0.4}
    return made


def own_report():
    rows = [{"text": f"{EVIL} {i}", "label": SHORT} for i in range(3)]
    rows += [{"text": None, "label": EVIL, EVIL: EVIL}, {"text": 7, "label": "x"}]
    report = read(rows, {"text": Column("text"), "label": Column("class")})
    return dataclasses.replace(report, where=EVIL, notes=[EVIL], kinds={EVIL: 2}, division=[EVIL])


def evil_trace() -> Trace:
    words = [Word(text=EVIL, copied=0.5, places=(0,), invented=True)]
    candidates = [Candidate(text=EVIL, score=-1.0, words=words, ids=[5])]
    steps = [Beams(alive=[(-1.0, [5])], over=[]), Beams(alive=[], over=[(-1.0, [5])])]
    return Trace([EVIL], EVIL, steps, {5: EVIL}, candidates)


def class_of(name: str) -> nn.Module:
    return type(name, (ClassHead,), {})(16, 2)


def words_widget() -> Words:
    model = Model(body("bert"), ClassHead(16, 2))
    return Words({EVIL: model}, TOKENS, f"a {SHORT} film {EVIL}")


def next_token() -> NextToken:
    ngram = NGram(np.array(TOKENS.encode("a film " * 20)), TOKENS.size, 2)
    shown = NextToken({EVIL: ngram}, TOKENS, EVIL)
    shown.written[EVIL] = next_token_figure.pages(EVIL, EVIL)
    shown._show_written()
    return shown


SCENE = next_token_figure.Scene([EVIL], [1.0], 0.0, 1.0, [EVIL], None, "blind")
PLACES: dict[str, Callable[[], object]] = {
    "note": lambda: html.note(EVIL, "error"),
    "card": lambda: html.card(EVIL, EVIL),
    "table": lambda: html.table((EVIL, "b"), [(EVIL, EVIL)], title=EVIL),
    "bold": lambda: html.bold(EVIL),
    "migration": evil_migration,
    "experiment": experiment,
    "own data": own_report,
    "entities": lambda: entities.show(EVIL, ["B-" + SHORT] * 9),
    "entities of words": lambda: entities.show([EVIL, "b"], ["B-PER", "O"]),
    "sentiment": lambda: sentiment.show(EVIL, "positive"),
    "topics": lambda: topics.show(EVIL, EVIL),
    "own classes": lambda: ClassificationTask((EVIL, "b")).show(EVIL, EVIL),
    "translation": lambda: translation.show(EVIL + " {name}", EVIL + " {<img>}"),
    "summarization": lambda: summarization.show(EVIL, EVIL),
    "a wrong answer": lambda: exercises.check("04.2", (EVIL,)),
    "an answer of a strange kind": lambda: exercises.check("04.1", EVIL),
    "verdict": lambda: exercises.wrong(EVIL),
    "hints": lambda: exercises.Hints((EVIL, EVIL)),
    "quiz": lambda: _question(1, Question(EVIL, (EVIL, "b"), 0, (EVIL, EVIL)), 1),
    "model summary": lambda: summary(Model(body("bert"), class_of(SHORT + "Head"))),
    "tensor map": tensor_map,
    "learning rates": lambda: learning_rates_figure.figure(
        {EVIL: evil_migration()}, Recipe(steps=1)
    ),
    "validation": lambda: validation_figure.figure({EVIL: (0.5, 0.7)}),
    "words": words_widget,
    "next token": next_token,
    "next token's figure": lambda: next_token_figure.figure(SCENE),
    "pieces": lambda: pieces_figure.picture([pieces_figure.Piece(EVIL, "other", (EVIL,))]),
    "legend of pieces": lambda: pieces_figure.legend({EVIL: {"copied": 1}}),
    "translations": lambda: translate.answers({EVIL: (EVIL, EVIL)}),
    "alignment": lambda: translate_figure.page(Alignment([EVIL], [EVIL], np.ones((1, 1)))),
    "headlines": lambda: headlines_figure.page({EVIL: evil_trace()}, EVIL),
    "beams": lambda: headlines_figure.tree(evil_trace(), 2),
    "health": lambda: health.table({EVIL: EVIL}, alive=True),
    "strip": lambda: strip(EVIL),
    "a control": lambda: static.static(ipywidgets.Text(value=EVIL, description=EVIL)),
    "results": lambda: styled([(EVIL, (0.5, 0.1))], (EVIL, "b"), caption=EVIL),
    "runs": lambda: table([Run(name=EVIL, results={EVIL: 1})]),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_a_student_names_is_no_markup(name: str) -> None:
    shown = list(pages(PLACES[name]()))
    assert shown
    assert [found for page in shown for found in harmful(page)] == []


def test_the_test_itself_finds_markup() -> None:
    assert len(harmful(EVIL)) == 2
    figure = go.Figure(layout={"annotations": [{"text": EVIL}]})
    assert any(map(harmful, pages(figure)))
    assert any(map(harmful, pages(ipywidgets.VBox([ipywidgets.HTML(EVIL)]))))
