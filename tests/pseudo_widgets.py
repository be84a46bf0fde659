"""The widgets and the figures of the lessons, made as there, with the smallest sources."""

from collections.abc import Callable
from functools import cache, partial

__all__ = ["CHAPTERS"]


@cache
def films():
    from kit.tasks import sentiment

    return sentiment.load()


@cache
def source(name: str):
    from kit import sources

    return sources.load(name)


@cache
def curves() -> dict:
    from kit.audit.learning_curves import Curve
    from kit.results import learning_curves

    return {
        task: {name: Curve.from_scores(name, scores) for name, scores in own.items()}
        for task, own in learning_curves.recorded().items()
    }


@cache
def target(strategy: str = "full"):
    from kit.migrate import migrate
    from kit.tasks import sentiment

    return migrate(source("rnn_encoder"), sentiment.head, strategy)


def tensor_map():
    """The map as it is once it is displayed."""
    from kit.widgets import TensorMap

    atlas = TensorMap(target(), source("rnn_encoder"))
    atlas._build()
    return atlas


def widgets() -> dict[str, Callable]:
    """Widgets that need no data."""
    import numpy as np

    from kit import widgets as w
    from kit.audit.transferability import Estimate
    from kit.models.ngram import NGram
    from kit.results import learning_curves, transferability

    writer = source("transformer_writer")
    ngram = NGram(np.arange(400) % 50, writer.tokenizer.size, order=3)
    estimates = [Estimate(**fields) for fields in transferability.estimates()]
    money = {"label_cost": 0.10, "point_value": 50, "labels": 400}
    recorded = {"scores": learning_curves.SCORES, "units": learning_curves.UNITS}
    reading = {"Transformer": writer, "LSTM": source("rnn_writer")}
    vocabulary = {"train": [["the", "cat"]], "test": [["the", "axolotl"]]}
    groups = {"a": [f"a{i}" for i in range(20)], "b": [f"b{i}" for i in range(20)]}
    length = {"a model": lambda texts: [0.5 + 0.01 * len(text) for text in texts]}
    return {
        "Health": w.Health,
        "Strip": lambda: w.Strip("migrate"),
        "LossCurves": w.LossCurves,
        "Reading": lambda: w.Reading(reading, "The government said it would"),
        "NextToken": lambda: w.NextToken({"a": writer, "b": ngram}, writer.tokenizer, "The film"),
        "TensorMap": tensor_map,
        "summary": lambda: w.summary(target().model),
        "summary of a writer": lambda: w.summary(writer.body),
        "LabelExchange": lambda: w.LabelExchange(curves(), learning_curves.PAIRS, **recorded),
        "WhenToStop": lambda: w.WhenToStop(curves()["films"], **money),
        "SourceScatter": lambda: w.SourceScatter(
            estimates, transferability.tuned(), measures=transferability.TASKS
        ),
        "VocabularyLookup": lambda: w.VocabularyLookup({"the": 1, "axolotl": 7}, vocabulary),
        "Counterfactuals": lambda: w.Counterfactuals(
            length, {"means": ("We saw {name}.", groups, "mean")}
        ),
        "OwnData": w.OwnData,
    }


def lessons() -> dict[str, Callable]:
    """Widgets on the lessons' data."""
    from kit import results
    from kit import widgets as w
    from kit.models import Model
    from kit.results import see_it_work
    from kit.tasks import entities, sentiment

    small, rows = source("rnn_encoder"), [*films()["train"].select(range(300))]
    texts = films()["validation"]["text"][:40]
    judge = sentiment.from_words(target().model, small.tokenizer, texts)
    parent = source("translator")
    translator = (Model(parent.body, parent.head), "it")
    return {
        "Descent": lambda: w.Descent(rows, ("and", "bad")),
        "SideBySide": lambda: w.SideBySide(small, films(), see_it_work.summary(), labels=50),
        "LabelCurves": lambda: w.LabelCurves(small, films(), results.load("see_it_work")),
        "Freeze": lambda: w.Freeze(source("transformer_encoder"), films(), results.load("freeze")),
        "Grow": lambda: w.Grow({"rnn_encoder": partial(source, "rnn_encoder")}, texts, texts[:4]),
        "Strategies": lambda: w.Strategies(films(), results.load("strategies")),
        "Words": lambda: w.Words({"full": judge}, small.tokenizer),
        "TaggingRace": lambda: w.TaggingRace(small, entities.load(), sentences=100),
        "TranslationRace": lambda: w.TranslationRace(parent, results.load("translation")),
        "Translate": lambda: w.Translate(parent.tokenizer, {"parent": translator}),
    }


def figures() -> dict[str, Callable]:
    """The lessons' figures of recorded results, and their drawings."""
    import numpy as np

    from kit import results
    from kit.results import bias, entities, learning_curves
    from kit.tasks import sentiment
    from kit.widgets.bias import occupations_figure
    from kit.widgets.entities import attention_mask_figure, entity_matrix_figure
    from kit.widgets.labels import learning_curves_figure
    from kit.widgets.parameters import learning_rates_figure, validation_figure, zip_figure
    from kit.widgets.pretraining import objectives_figure
    from kit.widgets.reading import task_heads_figure
    from kit.widgets.sentiment import domains_figure, large_source_figure
    from kit.widgets.structure import shrink_figure, split_unit_figure
    from kit.widgets.summarization import headline_curves_figure
    from kit.widgets.translation import translation_curves_figure as translation

    def rows(name: str) -> list[dict]:
        return results.load(name)["rows"]

    panels = {
        task: [
            (kind, curves()[task][name])
            for kind, name in zip(("full", "from_scratch"), pair, strict=True)
        ]
        for task, pair in learning_curves.PAIRS.items()
    }
    shapes = [(name, tuple(p.shape)) for name, p in source("rnn_encoder").body.named_parameters()]
    ways = {way: target(way) for way in ("full", "layer_wise")}
    units = np.ones((4, 3)), np.ones((2, 4)), np.ones(3)
    return {
        "occupations": lambda: occupations_figure.figure(bias.occupations("smollm"), "SmolLM2"),
        "attention": lambda: attention_mask_figure.figure(
            rows("large_source_entities"), rows("entities"), 0.9
        ),
        "entities": lambda: entity_matrix_figure.matrix(entities.summary()),
        "curves": lambda: learning_curves_figure.figure(
            panels, learning_curves.SCORES, learning_curves.UNITS
        ),
        "rates": lambda: learning_rates_figure.figure(ways, sentiment.recipe(100)),
        "validation": lambda: validation_figure.figure({"a": (0.6, 0.7)}),
        "zip": lambda: zip_figure.drawing(shapes, shapes[1:]),
        "objectives": lambda: objectives_figure.figure(results.load("pretraining_objectives")),
        "tasks": lambda: task_heads_figure.drawing(source("rnn_encoder"), "A wonderful film."),
        "domains": lambda: domains_figure.figure(rows("domains"), "rnn_encoder"),
        "large": lambda: large_source_figure.figure(rows("large_source"), rows("see_it_work")),
        "shrink": lambda: shrink_figure.figure(results.load("structure")),
        "split": lambda: split_unit_figure.drawing(*units),
        "headlines": lambda: headline_curves_figure.figure(results.load("summaries")),
        "translation": lambda: translation.curves(rows("translation")),
        "kin": lambda: translation.kin(rows("translation"), "chrf"),
    }


CHAPTERS = (widgets, lessons, figures)
