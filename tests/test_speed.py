"""Files of timings: a measurement for each kind of machine; llama.cpp's ids; what is left out."""

import json
import time
from pathlib import Path

import pytest

from kit import prompt, results, runtime, sources
from kit.errors import KitError
from kit.experiment import prepare
from kit.experiments import finetuning_speed, generation_speed, timing
from kit.results import speed, tables
from kit.tasks import sentiment
from kit.train.optimizer import Optimizer

NAMES = ("finetuning_speed", "pretraining_speed", "generation_speed")


def machine(processor: str, precision: str) -> dict:
    return {"processor": processor, "precision": precision, "cores": 2}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_one_measurement_for_each_kind_of_machine(name: str) -> None:
    found = results.load(name)["measurements"]
    assert len(speed.kinds(name)) == len(found) >= 1
    for measurement in found:
        assert {"date", "machine", "rows", "ratio" if name != NAMES[2] else "ratios"} <= set(
            measurement
        )
    assert results.load(name)["date"] == max(m["date"] for m in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_shows_every_kind(name: str) -> None:
    text = getattr(tables, name)()
    shown = set(results.table(name).data["machine"])
    assert shown == set(speed.kinds(name))
    assert all(text.count(kind) >= 2 for kind in shown)


def test_another_kind_is_added_and_the_same_one_replaced(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "some_speed.json"
    for processor, precision, ratio in (
        ("A", "bf16", 1.0),
        ("B", "bf16", 2.0),
        ("A", "fp32", 3.0),
        ("A", "bf16", 4.0),
    ):
        monkeypatch.setattr(runtime, "machine", lambda p=processor, q=precision: machine(p, q))
        timing.record(path, "seconds", ratio=ratio)
    content = json.loads(path.read_text())
    assert list(content) == ["what", "command", "date", "measurements"]
    assert [speed.kind(m) for m in content["measurements"]] == ["A, bf16", "B, bf16", "A, fp32"]
    assert [m["ratio"] for m in content["measurements"]] == [4.0, 2.0, 3.0]


def test_a_range_is_never_the_best_alone() -> None:
    assert speed.span([3.15, 2.1, 2.5]) == "2.10 to 3.15"
    assert speed.span([2.101, 2.099]) == "2.10"
    for name in NAMES[:2]:
        ratios = [m["ratio"] for m in speed.kinds(name).values()]
        assert f"**{speed.span(ratios)} times**" in getattr(tables, name)()


def test_the_difference_is_taken_seed_by_seed() -> None:
    scores = {"kit": (0.8, 0.9), "trainer": (0.7, 0.9)}
    rows = [
        {"who": who, "seed": seed, "accuracy": score}
        for who, values in scores.items()
        for seed, score in enumerate(values)
    ]
    mean, half = timing.difference(rows, "accuracy")
    assert (mean, half) == (0.05, pytest.approx(0.6353, abs=1e-3))  # t(.975, 1) · .0707 / √2


def test_the_kits_batches_hold_less_padding() -> None:
    source = sources.load("transformer_encoder")
    train = list(sentiment.sample(sentiment.load()["train"], 400, 0))
    share = finetuning_speed.padding(source, train)
    assert 0 <= share["kit"] < share["trainer"] < 1


def test_both_sides_have_the_same_optimizer(tmp_path: Path) -> None:
    """AdamW's settings, the tensors that decay, and the rate of each update."""
    source = sources.load("transformer_encoder")
    train = list(sentiment.sample(sentiment.load()["train"], 100, 0))
    experiment = prepare(source, "full", sentiment, train)
    model = experiment.model
    kit = Optimizer(model, experiment.target.training["groups"], decay=0.01, clip=1.0).adamw
    settings = timing.settings(str(tmp_path), max_steps=20, learning_rate=1e-3, weight_decay=0.01)
    trainer = timing.same_trainer()(model=model, args=settings, train_dataset=[{}])
    trainer.create_optimizer_and_scheduler(20)
    theirs = trainer.optimizer
    names = {p: name for name, p in model.named_parameters()}
    decays = [
        {names[p] for group in adamw.param_groups if group["weight_decay"] for p in group["params"]}
        for adamw in (kit, theirs)
    ]
    assert decays[0] == decays[1] and decays[0]
    for field in ("betas", "eps", "amsgrad", "maximize", "fused"):
        values = {group[field] for adamw in (kit, theirs) for group in adamw.param_groups}
        assert len(values) == 1, field
    assert settings.max_grad_norm == 1.0
    factor = finetuning_speed.Recipe(steps=20).factor
    for step in range(20):
        rate = trainer.lr_scheduler.get_last_lr()[0]
        assert rate == pytest.approx(1e-3 * factor(step / 20))
        theirs.step()
        trainer.lr_scheduler.step()


def test_without_llama_the_run_says_so_and_leaves_it_out(monkeypatch, capsys) -> None:
    @generation_speed.contextlib.contextmanager
    def writer():
        def write(ids: list[int], tokens: int) -> list[int]:
            time.sleep(tokens / 1000)
            return [7] * tokens

        yield write

    monkeypatch.setattr(prompt, "missing_packages", lambda: ("xllamacpp",))
    monkeypatch.setattr(generation_speed, "encoded", lambda: [1, 2])
    monkeypatch.setattr(generation_speed, "products_alone", dict)
    monkeypatch.setattr(generation_speed, "peak_memory", lambda *_: 0.5)
    writers = dict.fromkeys(generation_speed.PROGRAMS, writer)
    monkeypatch.setattr(generation_speed, "WRITERS", writers)
    measured = generation_speed.measure(2)
    assert "llama.cpp is left out: it needs the package xllamacpp" in capsys.readouterr().out
    assert set(measured["tokens per second"]) == set(generation_speed.PROGRAMS[1:])
    assert all(generation_speed.LLAMA not in pair for pair in measured["ratios"])


def test_ratios_are_taken_round_by_round() -> None:
    seconds = {generation_speed.QUANTIZED: (1.0, 2.0, 4.0), generation_speed.PEER: (2.0, 2.0, 4.4)}
    rows = [
        {"round": i, "program": name, "writing": s, "reading": s}
        for name, values in seconds.items()
        for i, s in enumerate(values)
    ]
    [(pair, found)] = generation_speed.ratios(rows, list(seconds)).items()
    assert pair == "kit, 4 and 8 bits / transformers, float32"
    assert found == {"writing": [1.1, 1.0, 2.0], "reading": [1.1, 1.0, 2.0]}


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("xllamacpp")
    with prompt.serve(context=256) as started:
        yield started


def test_llamas_ids_are_those_of_its_greedy_text(server) -> None:
    tokenizer = sources.smollm(layers=1).tokenizer
    text = "The capital of France is"
    [ids] = tokenizer.encode_many([text])
    [first, again] = prompt.llama_generate(server, [ids, ids], 16)
    pytest.importorskip("openai")
    reply = prompt.Client(server.address, server.key).ask(text, max_tokens=16)
    assert first == again and len(first) == 16
    assert tokenizer.decode(first) == reply.text
    assert prompt.llama_generate(server, [ids], 16, stop=[198]) == [first[: first.index(198)]]


def test_what_llama_cannot_do_is_refused_by_name(server) -> None:
    with pytest.raises(KitError, match=r"beams, temperature: .* no other option"):
        prompt.llama_generate(server, [[1, 2]], 4, beams=2, temperature=1.0)
    with pytest.raises(KitError, match="a prompt without a token"):
        prompt.llama_generate(server, [[1], []], 4)
    with pytest.raises(KitError, match=r"refuses a prompt of 300 tokens .* start_server\(context"):
        prompt.llama_generate(server, [[50] * 300], 4)


def test_a_stopped_server_is_named(server) -> None:
    with prompt.serve(context=64) as other:
        pass
    with pytest.raises(KitError, match="has stopped: start one"):
        prompt.llama_generate(other, [[1, 2]], 4)
