"""Two hundred plausible wrong calls: each is answered by one KitError with a remedy."""

import re

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict
from migrations import OTHER, TOKENS, source
from test_experiment import FILMS, ROWS
from test_experiment import source as reading_source

from kit import metrics, models, objectives, results, sources, tasks, widgets
from kit.data import own
from kit.errors import KitError
from kit.experiment import prepare, run
from kit.migrate import merge, migrate
from kit.models import ClassHead, Model, RNNConfig, TransformerConfig
from kit.models.generate import generate
from kit.sources import Source, checkpoint, keras, tensorflow
from kit.tasks import own_data
from kit.tasks.classification import ClassificationTask
from kit.train import Recipe, Run, fit, predict, total_loss, training_steps

PARTS = (checkpoint, keras, metrics, models, np, objectives, own, own_data, results, sources)
PARTS += (tasks, tensorflow, widgets)
DOORS = (ClassHead, ClassificationTask, Model, Recipe, RNNConfig, Source, TransformerConfig)
DOORS += (Run, fit, generate, merge, migrate, prepare, predict, run, total_loss, training_steps)
RECIPE = Recipe(steps=1, batch_size=2, precision="fp32")
WORDS = [row["text"] for row in FILMS]


def names() -> dict:
    """What a student has at hand, by the names in `WRONG`."""
    reader, writer = reading_source(), source("gpt")
    head = lambda width: ClassHead(width, 2)  # noqa: E731
    m = migrate(reader, head)
    task = ClassificationTask(("negative", "positive"))
    rows = FILMS
    examples = task.encode(rows, TOKENS)
    data = Dataset.from_list([row | {"id": str(i)} for i, row in enumerate(FILMS * 3)])
    doors = {part.__name__.rpartition(".")[2]: part for part in (*PARTS, *DOORS)}
    return doors | {
        "np": np,
        "source": reader,
        "writer": writer,
        "other": Source("other", source("bert").body, OTHER),
        "head": head,
        "m": m,
        "model": m.model,
        "task": task,
        "sentiment": tasks.task("sentiment"),
        "topics": tasks.task("topics"),
        "entities": tasks.task("entities"),
        "translation": tasks.task("translation"),
        "summarization": tasks.task("summarization"),
        "rows": rows,
        "texts": WORDS,
        "text": WORDS[0],
        "examples": examples,
        "frame": pd.DataFrame(rows),
        "data": data,
        "splits": DatasetDict(train=data, test=data),
        "tokenizer": TOKENS,
        "recipe": RECIPE,
        "writing": Model(writer.body, writer.head),
        "ids": [TOKENS.encode(WORDS[0], special=False)],
        "tags": migrate(reader, tasks.task("entities").head).model,
        "tagged": ROWS["entities"],
        "pairs": ROWS["translation"],
        "articles": ROWS["summarization"],
        "trial": prepare(reader, "full", task, rows, recipe=RECIPE),
    }


WRONG = """
migrate(head, source)
migrate(source)
migrate("minilm", head)
migrate(source, ClassHead(16, 2))
migrate(source, ClassHead)
migrate(source, 2)
migrate(source, "full", head)
migrate(source, "full")
migrate(source, head, "fulll")
migrate(source, head, ["full"])
migrate(source, head, None)
migrate(source, head, seed=None)
migrate(source, head, seed="0")
migrate(source, head, seed=-1)
migrate(source, head, seed=1.5)
migrate(source, head, "full", lr=1e-4)
migrate(source, head, "lora", r=4)
migrate(source, head, "full", 0)
migrate(source.body, head)
migrate(m, head)
migrate(model, head)
migrate(source, tokenizer)
migrate(source, lambda width: ClassHead(2, width))
migrate(source, lambda width: 2)
migrate(source, lambda width: None)
migrate(source, head, "lora", rank=0)
migrate(source, head, "top_layers", layers=99)
migrate(source, head, "into")
migrate(source, head, "domain_first")
migrate(source, head, "widen", times=0)
migrate(source, head, strategy="full", targets="query")
migrate(None, head)
fit(source, examples, recipe)
fit(m, examples, recipe)
fit(m.model, recipe, examples)
fit(examples, m.model, recipe)
fit(model, examples)
fit(model)
fit(model, rows, recipe)
fit(model, texts, recipe)
fit(model, text, recipe)
fit(model, frame, recipe)
fit(model, data, recipe)
fit(model, splits, recipe)
fit(model, examples[0], recipe)
fit(model, [], recipe)
fit(model, None, recipe)
fit(model, examples, "fast")
fit(model, examples, 3)
fit(model, examples, {"epochs": 3})
fit(model, examples, Recipe)
fit(model, examples, recipe, m.groups)
fit(model, examples, recipe, groups=m.model.parameters())
fit(model, examples, recipe, groups=[{"params": list(model.parameters()), "lr": 1e-4}])
fit(model, examples, recipe, groups=[{"params": list(model.parameters())}])
fit(model, examples, recipe, groups={"params": list(model.parameters()), "rate": 1e-4})
fit(model, examples, recipe, groups=[{"params": "head", "rate": 1e-4}])
fit(model, examples, recipe, groups=list(model.parameters()))
fit(model, examples, recipe, groups="head")
fit(model, examples, recipe, groups=[])
fit(model, examples, recipe, keep=True)
fit(model, examples, recipe, folder=True)
fit(model, examples, recipe, folder=3)
fit(model, examples, recipe, folder="")
fit(model, examples, recipe, epochs=3)
fit(model, examples, recipe, score=0.5)
fit(model, examples, recipe, score=lambda model: {"accuracy": 0.5})
fit(model, examples, recipe, score=lambda model: None)
fit(model, examples, recipe, score=lambda model: "0.5")
fit(model, examples, recipe, score=lambda model: [0.5])
fit(model, examples, recipe, penalty=0.1)
fit(model, examples, recipe, watch="loss")
fit(model, examples, recipe, name=3)
fit(model, examples, recipe, **m)
fit(model, [{"ids": "a film", "y": 0}] * 4, recipe)
fit(model, [{"ids": [1, 2], "y": "positive"}] * 4, recipe)
fit(model, [{"ids": [1, 2], "label": 1}] * 4, recipe)
fit(model, [{"ids": [1, 2], "y": 7}] * 4, recipe)
fit(model, [{"ids": [1, 99999], "y": 1}] * 4, recipe)
fit(model, examples, Recipe(steps=1, batch_size=999))
fit(model, examples, Recipe(steps=1, loss="squared_error"))
fit(source.body, examples, recipe)
list(training_steps(model, examples, recipe))
Recipe()
Recipe(3)
Recipe(epochs="3")
Recipe(epochs=-1)
Recipe(epochs=3, lr=1e-4)
Recipe(epochs=3, learning_rate=1e-4)
Recipe(epochs=3, rate="1e-4")
Recipe(epochs=3, rate=-1)
Recipe(epochs=3, batch_size=0)
Recipe(epochs=3, batch_size=2.5)
Recipe(epochs=3, warmup=10)
Recipe(epochs=3, loss="accuracy")
Recipe(epochs=3, precision="fp16")
Recipe(epochs=3, seed=None)
Recipe(epochs=True)
predict(model, texts)
predict(model, text)
predict(model, rows)
predict(examples, model)
predict(source, examples)
predict(m, examples)
predict(model)
predict(model, frame)
predict(model, examples, batch_size=0)
predict(model, tokenizer, texts)
total_loss(model, texts)
total_loss(m, examples)
total_loss(model, examples, "accuracy")
total_loss(examples, model)
task.predict(model, texts)
task.predict(model, texts, tokenizer)
task.predict(tokenizer, model, texts)
task.predict(source, tokenizer, texts)
task.predict(m, tokenizer, texts)
task.predict(model, source, texts)
task.predict(model, tokenizer, frame)
task.predict(model, tokenizer, rows)
task.predict(model, tokenizer, data)
task.predict(model, tokenizer, {"text": texts})
task.predict(model, tokenizer, None)
task.predict(model, tokenizer, 3)
task.predict(model, tokenizer, [])
task.predict(model, tokenizer, [""])
task.predict(model, tokenizer, examples)
task.predict(model, other.tokenizer, texts)
task.predict(tags, tokenizer, texts)
sentiment.predict(model, other.tokenizer, texts)
sentiment.predict(model, texts)
sentiment.predict(model, tokenizer, frame)
sentiment.probability(model, text)
sentiment.probabilities(model, texts, tokenizer)
topics.predict(model, tokenizer, texts)
entities.predict(model, tokenizer, texts)
entities.predict(tags, other.tokenizer, texts)
entities.predict(tags, tokenizer, frame)
entities.predict(tags, texts, tokenizer)
translation.predict(writing, tokenizer, texts)
translation.predict(writing, tokenizer, texts, "klingon")
translation.predict(model, tokenizer, texts, "it")
summarization.predict(model, tokenizer, texts)
tasks.predict_rows("topics", model, tokenizer, rows)
tasks.predict_rows(task, model, tokenizer, texts)
tasks.predict_rows(task, model, tokenizer, tagged)
task.score(rows, ["positive"] * 4)
task.score("positive", rows)
task.score(["positive"], rows)
task.score([0, 1, 0, 1], rows)
task.score(["Positive"] * 4, rows)
task.score(["positive"] * 4, texts)
task.score(["positive"] * 4, frame)
task.score(["positive"] * 4)
task.score(["positive"] * 4, tagged)
sentiment.score(["good"] * 4, rows)
entities.score(["O"] * 4, tagged)
entities.score([["O"]] * 4, tagged)
entities.score(tagged, [["O"]] * 4)
translation.score(pairs, texts)
summarization.score("a", articles)
task.encode(tokenizer, rows)
task.encode(texts, tokenizer)
task.encode(text, tokenizer)
task.encode(frame, tokenizer)
task.encode(rows, source)
task.encode(rows)
task.encode(tagged, tokenizer)
task.encode([{"text": "a film"}], tokenizer)
entities.encode(rows, tokenizer)
translation.encode(rows, tokenizer)
task.baselines(rows)
task.baselines(texts, rows)
task.baselines(frame, frame)
task.sample(rows, 2, 0)
task.sample(splits, 2, 0)
task.sample(data, "2", 0)
task.sample(data, 999, 0)
task.sample(2, data, 0)
task.recipe(rows)
task.recipe("100")
task.recipe(0)
task.head(source)
task.head("16")
ClassificationTask("positive")
ClassificationTask(["positive"])
ClassificationTask()
tasks.task("sentimnt")
tasks.task(sentiment)
generate(source, ids)
generate(other, ids)
generate(m, ids)
generate(model, ids)
generate(writing, text)
generate(writing, texts)
generate(writing, ids[0])
generate(writing, [])
generate(writing, ids, "20")
generate(writing, ids, 0)
generate(writing, ids, 10_000)
generate(writing, ids, 5, temprature=1.0)
generate(writing, ids, 5, temperature=-1)
generate(ids, writing)
generate(Model(source.body, source.head), ids)
generate(source.body, ids)
run(source, task, "full", rows, rows)
run(source, "full", "sentiment", rows, rows)
run(source, "full", task, rows)
run(source, "full", task, texts, texts)
run(source, "full", task, frame, frame)
run(source, "full", task, rows, [])
run(source, "full", task, rows, rows, epochs=3)
run(source, "full", task, rows, rows, recipe=3)
run(source, "full", task, rows, rows, target=model)
run(source, "full", task, rows, rows, controls="from_scratch")
run(source, "full", task, splits, splits)
run("minilm", "full", task, rows, rows)
run(m, "full", task, rows, rows)
run(source, "full", task, tagged, tagged)
prepare(source, task, rows)
prepare(source, "full", ClassificationTask, rows)
trial.score(texts)
trial.score(text)
trial.fit(epochs=3)
checkpoint.save(model, "new")
checkpoint.save(m, "new")
checkpoint.save("new", source)
checkpoint.save(source)
checkpoint.save(source, None)
checkpoint.save(source, True)
checkpoint.save(trial, "new")
checkpoint.load(source)
checkpoint.load("nowhere")
sources.load(source)
sources.load(None)
sources.load("minilmm")
sources.load(["minilm"])
sources.load(3)
sources.smollm(layers="15")
own.read(rows)
own.read(frame, "text")
own.read(frame, ["text", "label"])
own.read(frame, {"text": "text"})
own.read(task.COLUMNS, frame)
own.read("nowhere.csv", task.COLUMNS)
own.read(frame, task.COLUMNS, columns={"review": "text"})
own.read(3, task.COLUMNS)
models.soup(model)
models.soup([m, m])
models.soup([])
merge(m)
merge(source)
tokenizer.encode(texts)
tokenizer.encode(None)
tokenizer.encode_many(text)
tokenizer.encode_many(frame)
tokenizer.train(text)
tokenizer.train(texts, 100)
objectives.next_token(texts)
objectives.masked(ids)
RNNConfig(vocabulary=300, width="16")
TransformerConfig(vocabulary=300, width=16)
TransformerConfig(vocabulary=300, width=15, layers=1, heads=2, intermediate_size=8, block_size=8)
metrics.accuracy([], [])
sources.export(source, None)
sources.export(model, "new")
sources.export(m, "new")
own_data.predict(texts, source)
own_data.predict(model, texts)
own_data.predict("my-model", texts)
results.table("entitiess")
results.load(3)
Run().save(None)
tokenizer.save(None)
tokenizer.decode(text)
tokenizer.decode(ids)
tensorflow.write("new", texts)
tensorflow.write("new", model)
keras.build(source)
keras.build("minilm")
keras.table(writer.body)
keras.convert(tokenizer)
keras.convert(m)
keras.export("minilm", "new.keras")
keras.export(writer, None)
keras.export(writer, "new")
keras.load(writer)
keras.load("new.keras")
keras.load("new.keras", "minilm")
keras.load()
own.read(frame, task.COLUMNS, values=["a"])
own.read(frame, task.COLUMNS, watch=3)
generate(writing, ids, 20, beams="4")
generate(writing, ids, 20, beams=10**7)
generate(writing, ids, 20, stop=3)
generate(writing, ids, 20, temperature="hot")
widgets.Words(model)
widgets.TensorMap(source)
widgets.NextToken(text)
widgets.OwnData("class")
widgets.OwnData(kinds="tags")
""".strip().splitlines()
"""Calls that a tired student types; each is wrong."""

RIGHT = """
task.predict(model, tokenizer, text) == task.predict(model, tokenizer, [text])
task.predict(model, tokenizer, tuple(texts)) == task.predict(model, tokenizer, texts)
task.predict(model, tokenizer, data["text"]) == task.predict(model, tokenizer, data["text"][:])
task.predict(model, tokenizer, frame["text"]) == task.predict(model, tokenizer, texts)
task.predict(model, tokenizer, np.array(texts)) == task.predict(model, tokenizer, texts)
task.predict(model, tokenizer, iter(texts)) == task.predict(model, tokenizer, texts)
task.encode(data, tokenizer)[0] == task.encode(list(data), tokenizer)[0]
task.encode(tuple(rows), tokenizer) == examples
fit(m.model, iter(examples).__length_hint__() and examples, recipe).updates == 1
fit(m.model, lambda epoch: examples, recipe, **m.training).updates == 1
migrate(source, head, seed=np.int64(0)).strategy == "full"
migrate(source, lambda width: ClassHead(width, 2), "full", rate=1).totals == m.totals
Recipe(epochs=np.float32(3)).epochs == 3
sources.load("transformer_writer").name == "transformer_writer"
generate(writing, tuple(map(tuple, ids)), np.int64(3)) == generate(writing, ids, 3)
task.score(np.array(["positive"] * 4), rows) == task.score(["positive"] * 4, rows)
len(own.read(frame, task.COLUMNS)) == 4
generate(writer, ids, 3) == generate(writing, ids, 3)
trial.score(data)["accuracy"] >= 0
""".strip().splitlines()
"""Unusual calls that are right; each is true."""

RAW = {
    "fit(model, examples, recipe, **m)",  # Python's own, before the kit sees the call
    "TransformerConfig(vocabulary=300, width=16)",  # names what is missing
}
"""Wrong calls that end in a raw error of Python: five at most."""


@pytest.fixture(scope="module")
def at_hand() -> dict:
    return names()


def test_the_table_is_large_and_has_few_exceptions() -> None:
    assert len(WRONG) == len(set(WRONG)) >= 200
    assert len(RAW) <= 5 and set(WRONG) >= RAW


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_is_answered_with_a_remedy(call, at_hand, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError if call in RAW else KitError) as error:
        eval(call, dict(at_hand))
    message = str(error.value)
    assert re.search(r"[.:,;] ?\w|Call it like", message), message
    assert 20 < len(message) < 700, message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", RIGHT)
def test_an_unusual_call_gives_the_right_result(call: str, at_hand: dict) -> None:
    assert eval(call, dict(at_hand)) is True or bool(eval(call, dict(at_hand)))
