"""Experiments: one call is migrate, encode, fit and score, with controls and clear errors."""

from dataclasses import replace

import pytest
import torch
from migrations import BERT, LSTM, OTHER, TOKENS, bits, body

from kit import tasks
from kit.errors import KitError
from kit.experiment import Experiment, prepare, run, strategy_options
from kit.migrate import decoder_like, merge, migrate
from kit.models import RNN, LanguageHead, SequenceHead, Transformer
from kit.sources import Source, checkpoint
from kit.tasks.classification import ClassificationTask
from kit.train import Recipe, fit

RECIPE = Recipe(steps=3, batch_size=4, precision="fp32", keep_best=False)
WORDS = ("good film", "bad plot and bad actors", "a fine story", "terrible from start to end")
FILMS = [{"text": f"{w} {i}", "label": (i + 1) % 2, "rating": 1.5 - i} for i, w in enumerate(WORDS)]
ROWS = {
    "sentiment": FILMS,
    "topics": [{"text": w, "label": i} for i, w in enumerate(WORDS)],
    "own classes": FILMS,
    "entities": [
        {"words": ["Anna", "saw", "Paris"], "tags": [1, 0, 5]},
        {"words": ["Rain", "fell"], "tags": [0, 0]},
        {"words": ["Bob", "left", "Rome", "."], "tags": [1, 0, 5, 0]},
        {"words": ["He", "ate", "in", "Berlin"], "tags": [0, 0, 0, 5]},
    ],
    "summarization": [
        {"text": f"The bank said on day {i} that {w} rose.", "headline": f"Bank says {w}"}
        for i, w in enumerate(WORDS)
    ],
    "translation": [
        {"english": f"Open {w}", "translation": f"Apri {w}", "language": "it"} for w in WORDS
    ],
}


def source(name: str = "bert") -> Source:
    """A tiny source with a language head, of a body that has room for any text."""
    if name == "bert":
        torch.manual_seed(9)
        made = Transformer(replace(BERT, block_size=512))
    else:
        made = body(name)
    return Source(name=f"tiny {name}", body=made, tokenizer=TOKENS, head=LanguageHead.tied(made))


def task_of(name: str):
    return (
        ClassificationTask(("negative", "positive")) if name == "own classes" else tasks.task(name)
    )


@pytest.mark.parametrize("strategy", ["full", "lora", "l2_sp", "distil", "gradual", "frozen"])
@pytest.mark.parametrize("name", ROWS)
def test_prepared_and_trained_step_by_step_equals_fit(name: str, strategy: str) -> None:
    """Over every task: `steps` and `fit` of an experiment are `fit(m.model, **m.training)`."""
    task, given, rows = task_of(name), source(), ROWS[name]
    stepped, fitted = (prepare(given, strategy, task, rows, recipe=RECIPE) for _ in range(2))
    assert fitted.scores == {} and fitted.run.steps == []
    assert len(list(stepped.steps())) == 3 and len(fitted.fit().steps) == 3
    by_hand = prepare(given, strategy, task, rows, recipe=RECIPE)
    target = by_hand.target
    fit(target.model, task.encode(rows, TOKENS), RECIPE, **target.training)
    assert bits(stepped.model) == bits(fitted.model) == bits(target.model)
    scores = fitted.score(rows)
    assert scores == stepped.score(rows) and task.METRIC in scores


@pytest.mark.parametrize("strategy", ["l2_sp", "distil"])
def test_a_penalty_is_part_of_the_training(strategy: str) -> None:
    task, given = task_of("sentiment"), source()
    experiment = run(given, strategy, task, FILMS, FILMS, recipe=RECIPE, controls=())
    examples = task.encode(FILMS, TOKENS)
    with_penalty, without = (task.target(given, strategy) for _ in range(2))
    fit(with_penalty.model, examples, RECIPE, **with_penalty.training)
    fit(without.model, examples, RECIPE, groups=without.groups)
    assert bits(experiment.model) == bits(with_penalty.model) != bits(without.model)


@pytest.mark.parametrize("body_name", ["bert", "lstm"])
@pytest.mark.parametrize("name", ROWS)
def test_a_run_scores_the_target_beside_its_controls(name: str, body_name: str) -> None:
    task, given, rows = task_of(name), source(body_name), ROWS[name]
    seen: list[str] = []
    experiment = run(
        given,
        "full",
        task,
        rows,
        iter(rows),
        recipe=RECIPE,
        name="my run",
        watch=lambda r: seen.append(r.name),
    )
    baselines = task.baselines(rows, rows)
    assert list(experiment.controls) == ["before training", "from_scratch", *baselines]
    assert {k: experiment.controls[k] for k in baselines} == baselines
    assert seen == ["my run"] * 3 + ["from_scratch"] * 3
    assert experiment.scores == experiment.score(rows)
    before = prepare(given, "full", task, rows).score(rows)[task.METRIC]
    assert experiment.controls["before training"] == before
    alone = prepare(given, "from_scratch", task, rows, recipe=RECIPE)
    alone.fit()
    assert experiment.controls["from_scratch"] == alone.score(rows)[task.METRIC]


def test_the_same_seed_gives_the_same_bits() -> None:
    task, given = task_of("topics"), source()
    recipes = [task.recipe(4, "full", seed=seed, source=given) for seed in (3, 3, 4)]
    made = []
    for seed, recipe in zip((3, 3, 4), recipes, strict=True):
        made.append(prepare(given, "full", task, ROWS["topics"], seed=seed))
        assert made[-1].recipe == recipe
        made[-1].recipe = replace(recipe, epochs=None, steps=2, precision="fp32")
        made[-1].fit()
    assert bits(made[0].model) == bits(made[1].model) != bits(made[2].model)


def test_a_control_has_the_recipe_of_its_own_strategy() -> None:
    task, given = task_of("topics"), source()
    runs = {}
    rows = ROWS["topics"] * 100  # few passes
    run(given, "frozen", task, rows[:40], rows[:4], watch=lambda r: runs.update({r.name: r}))
    for name in ("frozen", "from_scratch"):
        assert runs[name].settings["epochs"] == task.recipe(40, name).epochs
    assert runs["frozen"].settings["epochs"] > runs["from_scratch"].settings["epochs"]


def test_a_control_that_is_the_strategy_is_trained_once() -> None:
    experiment = run(
        source(), "from_scratch", task_of("topics"), ROWS["topics"], ROWS["topics"], recipe=RECIPE
    )
    assert "from_scratch" not in experiment.controls and experiment.scores


@pytest.mark.parametrize("name", ROWS)
def test_without_rows_the_score_is_that_before_training(name: str) -> None:
    task, rows = task_of(name), ROWS[name]
    experiment = run(source(), "full", task, [], rows)
    assert experiment.recipe is None and experiment.examples == [] and experiment.run.steps == []
    assert experiment.scores[task.METRIC] == experiment.controls["before training"]
    assert list(experiment.steps()) == [] and experiment.fit().steps == []
    assert "0 labelled rows" in repr(experiment)


def test_a_moved_vocabulary_changes_what_is_read() -> None:
    options = {"old": TOKENS, "new": OTHER}
    for name in ("topics", "entities", "own classes", "summarization"):
        task, rows = task_of(name), ROWS[name]
        experiment = run(source(), "move_vocabulary", task, rows, rows, recipe=RECIPE, **options)
        assert experiment.tokenizer is OTHER
        assert experiment.examples == task.encode(rows, OTHER) != task.encode(rows, TOKENS)
        assert experiment.source("moved").tokenizer is OTHER


def test_a_target_that_is_given_is_trained_as_it_is() -> None:
    task, given, rows = task_of("topics"), source(), ROWS["topics"]
    target = migrate(given, task.head, "lora", rank=2)
    experiment = run(given, "lora", task, rows, rows, target=target, recipe=RECIPE, controls=())
    own = run(given, "lora", task, rows, rows, rank=2, recipe=RECIPE, controls=())
    assert experiment.target is target and bits(target.model) == bits(own.model)
    with pytest.raises(KitError, match="rank: these options decide how a target is made"):
        prepare(given, "lora", task, rows, target=target, rank=2)
    with pytest.raises(KitError, match="target is a Transformer, not a migration"):
        prepare(given, "into", task, rows, target=given.body)


@pytest.mark.parametrize("name", ROWS)
def test_a_misspelt_option_is_named(name: str) -> None:
    for strategy, wrong in (("lora", "rnak"), ("full", "rnak"), ("domain_first", "rnak")):
        with pytest.raises(KitError, match=rf"{strategy} has no option 'rnak': choose from .*rate"):
            prepare(source(), strategy, task_of(name), ROWS[name], **{wrong: 4})
    with pytest.raises(KitError, match="move_vocabulary needs old, new: give old="):
        prepare(source(), "move_vocabulary", task_of(name), ROWS[name])
    with pytest.raises(KitError, match="'fulll' is unknown"):
        prepare(source(), "fulll", task_of(name), ROWS[name])


def test_a_task_names_its_own_options_too() -> None:
    with pytest.raises(KitError, match=r"'txts': choose from .*texts, loss"):
        prepare(source(), "full", task_of("sentiment"), FILMS, txts=WORDS)
    with pytest.raises(KitError, match="lora has no option 'txts'"):
        task_of("sentiment").target(source(), "lora", txts=WORDS)


def test_a_control_is_checked_before_the_training() -> None:
    steps = []
    for control, says in (("into", "needs target"), ("scratch", "'scratch' is unknown")):
        with pytest.raises(KitError, match=says):
            run(
                source(),
                "full",
                task_of("topics"),
                ROWS["topics"],
                ROWS["topics"],
                controls=(control,),
                watch=steps.append,
            )
    reader = task_of("summarization").retokenized(source(), OTHER)
    writer = Source("writer", Transformer(replace(BERT, causal=True, vocabulary=OTHER.size)), OTHER)
    rows = ROWS["summarization"]
    with pytest.raises(KitError, match="from_scratch cannot rebuild tiny bert"):
        run(
            reader, "mixed", task_of("summarization"), rows, rows, writer=writer, watch=steps.append
        )
    with pytest.raises(KitError, match="no test rows"):
        run(source(), "full", task_of("topics"), ROWS["topics"], [], watch=steps.append)
    assert not steps


def test_rows_of_one_class_and_headlines_without_a_word_of_the_text() -> None:
    rows = [row for row in FILMS if row["label"] == 1]
    assert list(task_of("sentiment").baselines(rows, FILMS)) == ["majority"]
    rows = [{"text": "The bank rose.", "headline": "Film opens"}]
    with pytest.raises(KitError, match="1 articles teach no keywords"):
        task_of("summarization").baselines(rows, rows)


def test_options_of_the_task_reach_head_examples_recipe_and_controls() -> None:
    task = task_of("sentiment")
    steps = []
    experiment = run(
        source(), "full", task, FILMS, FILMS, loss="squared_error", texts=WORDS, watch=steps.append
    )
    assert experiment.recipe.loss == "squared_error"
    assert [e["y"] for e in experiment.examples] == [row["rating"] for row in FILMS]
    assert {r.settings["loss"] for r in steps} == {"squared_error"}
    assert "pearson" in experiment.scores
    scratch = task.target(source(), "from_scratch", loss="squared_error", texts=WORDS)
    other = prepare(source(), "from_scratch", task, FILMS, loss="squared_error", texts=WORDS)
    assert bits(scratch.model) == bits(other.model)


@pytest.mark.parametrize("strategy", ["scratch", "parameter", "structure", "mixed", "warm_start"])
def test_a_summariser_has_two_sources(strategy: str) -> None:
    task, rows = task_of("summarization"), ROWS["summarization"]
    writer = Source("tiny writer", Transformer(replace(BERT, causal=True, block_size=512)), TOKENS)
    experiment = run(source(), strategy, task, rows, rows, writer=writer, recipe=RECIPE)
    assert experiment.examples and "lead" in experiment.controls
    target = task.target(source(), strategy, writer=writer)
    given = prepare(source(), strategy, task, rows, target=target, recipe=RECIPE)
    given.fit()
    assert bits(given.model) == bits(experiment.model)
    assert given.target.strategy in ("from_scratch", "full", "grow_encoder", "warm_start")
    with pytest.raises(KitError, match="give the second source by its name: writer="):
        task.target(source(), writer)


def test_a_summariser_without_a_writer_has_a_fresh_decoder_or_says_what_it_needs() -> None:
    task, rows = task_of("summarization"), ROWS["summarization"]
    with pytest.raises(KitError, match="give writer=source"):
        prepare(source(), "mixed", task, rows)
    assert prepare(source(), "full", task, rows).model.head.decoder.config.vocabulary == TOKENS.size


def test_a_translator_is_migrated_with_its_decoder() -> None:
    task, rows = task_of("translation"), ROWS["translation"]
    made = source().body
    parent = Source("tiny parent", made, TOKENS, SequenceHead(made.width, decoder_like(made)))
    experiment = run(parent, "full", task, rows, rows, recipe=RECIPE)
    assert experiment.target.totals["fresh"] == 0 and "from_scratch" in experiment.controls
    with pytest.raises(KitError, match="languages \\['de', 'it'\\]"):
        experiment.score([*rows, rows[0] | {"language": "de"}])
    with pytest.raises(KitError, match="decoder writes 300 tokens and the tokenizer has 320"):
        prepare(parent, "move_vocabulary", task, rows, old=TOKENS, new=OTHER)


@pytest.mark.parametrize("strategy", ["full", "frozen", "l2_sp", "choose_layers"])
def test_the_trained_model_is_saved_as_a_source(strategy: str, tmp_path) -> None:
    task, rows = task_of("topics"), ROWS["topics"]
    experiment = run(source(), strategy, task, rows, rows, recipe=RECIPE)
    made = experiment.source("topics of mine", licence="CC0")
    assert made.card["strategy"] == strategy and made.card["scores"] == experiment.scores
    assert made.card["from"] == "tiny bert" and made.card["recipe"]["steps"] == 3
    again = checkpoint.load(checkpoint.save(made, tmp_path / "made"))
    assert bits(again.body) == bits(made.body) and again.card == made.card
    assert migrate(again, None, "full").totals["fresh"] == 0


@pytest.mark.parametrize("strategy", ["lora", "adapter", "prefix_tuning", "prompt_tuning"])
def test_added_parts_are_refused_and_lora_merged(strategy: str, tmp_path) -> None:
    experiment = prepare(source(), strategy, task_of("topics"), ROWS["topics"], recipe=RECIPE)
    experiment.fit()
    with pytest.raises(
        KitError, match="cannot be saved" if strategy == "prompt_tuning" else "merge"
    ):
        checkpoint.save(experiment.source("mine"), tmp_path / "made")
    if strategy == "lora":
        merge(experiment.model)
        saved = checkpoint.load(checkpoint.save(experiment.source("mine"), tmp_path / "made"))
        assert bits(saved.body) == bits(experiment.model.body)


def test_the_page_shows_scores_and_the_migration() -> None:
    experiment = prepare(
        source(), "lora", task_of("topics"), ROWS["topics"], recipe=RECIPE, name="<b>"
    )
    assert "<table" in experiment._repr_html_() and "trained" in experiment._repr_html_()
    assert "accuracy" not in experiment._repr_html_()
    experiment = run(
        source(),
        "lora",
        task_of("topics"),
        ROWS["topics"],
        ROWS["topics"],
        recipe=RECIPE,
        name="<b>",
    )
    page = experiment._repr_html_()
    assert "<b> " not in page and "&lt;b&gt;" in page and "accuracy" in page
    value = f"{experiment.scores['accuracy']:.3f}"
    assert value in page and "before training" in page and "from_scratch" in page
    assert value in repr(experiment) and "4 labelled rows" in repr(experiment)
    assert isinstance(experiment, Experiment)


def test_options_that_texts_can_give(monkeypatch) -> None:
    monkeypatch.setattr("kit.experiment.VOCABULARY", 280)
    head = task_of("topics").head
    for strategy in ("narrow", "distil", "move_vocabulary", "full"):
        given = source("lstm") if strategy == "distil" else source()
        if strategy == "distil":
            given = Source("one layer", RNN(replace(LSTM, layers=1)), TOKENS)
        options = strategy_options(given, strategy, [*WORDS] * 20, head=head)
        assert migrate(given, head, strategy, **options).totals["parameters"]
    assert strategy_options(source(), "full", WORDS, head=head) == {}
    for strategy, says in (("domain_first", "adapt="), ("into", "target=")):
        with pytest.raises(KitError, match=says):
            strategy_options(source(), strategy, WORDS, head=head)
