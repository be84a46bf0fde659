"""Examples that no process holds whole: shares, batches, resuming, what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from kit.errors import KitError
from kit.tasks import sentiment
from kit.train import Run, Stream, fit, resume, training_steps
from kit.train.batches import stream
from kit.train.launch import lines_of
from tests import streams
from tests.pretraining import examples, model, recipe


class Killed(Exception):
    pass


def kill(run: Run) -> None:
    if len(run.steps) == 3:
        raise Killed


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> list[dict]:
    """What each of two processes says; one of their trainings was begun by one process."""
    folder = tmp_path_factory.mktemp("streams")
    made = recipe(steps=6, batch_size=streams.ROWS)
    seconds, resume.SECONDS = resume.SECONDS, 0
    try:
        with pytest.raises(Killed):
            fit(model("words"), Stream(streams.Parts()), made, watch=kill, folder=folder / "kept")
    finally:
        resume.SECONDS = seconds
    assert list(lines_of(["-m", "tests.streams", folder], 2)) == []
    return [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in range(2)]


def test_each_process_reads_its_share_and_all_have_the_same_model(two) -> None:
    one, other = (said["small batches"] for said in two)
    for mine in (one, other):
        assert {len(part) for part in mine["read"]} == {streams.ROWS // 2}
    for first, second in zip(one["read"], other["read"], strict=True):
        assert sorted(first + second) == list(range(streams.ROWS)), "each example once"
    assert len(one["read"]) == 10, "parts of 4 updates"
    assert one["values"] == other["values"] and one["losses"] == other["losses"]
    assert one["losses"][-1] < one["losses"][0]


@pytest.mark.parametrize("way", ["whole parts", "resumed"])
def test_an_update_on_a_whole_part_is_that_of_one_process(two, way: str) -> None:
    """Then nothing depends on who reads which example; also where one process began."""
    alone = streams.trained(streams.ROWS, 6, streams.Parts())
    np.testing.assert_allclose(two[0][way]["losses"], alone["losses"], rtol=2e-6)
    # Of the three parts that were done, the first is looked at again.
    assert len(two[0][way]["read"]) == (6 if way == "whole parts" else 4)


def test_uneven_shares_are_refused_by_all(two) -> None:
    for said in two:
        refused = said["uneven"]["refused"]
        assert "63 for all 2" in refused and "give each process as many" in refused


def test_another_stream_is_not_taken_for_the_first(tmp_path: Path) -> None:
    made = recipe(steps=4, batch_size=8)
    fit(model("words"), Stream(streams.Parts()), made, folder=tmp_path)

    def other(n: int, process: int, processes: int) -> list[dict]:
        rows = streams.Parts()(n, process, processes)
        return [*rows[1:], {name: (ids + 1) % 1500 for name, ids in rows[0].items()}]

    with pytest.raises(KitError, match="its data is 64 examples"):
        fit(model("words"), Stream(other), made, folder=tmp_path)


def test_what_cannot_be_streamed_is_refused() -> None:
    rows = examples("words")

    def shrinking(n: int, *_) -> list[dict]:
        return rows[: 32 - n]

    with pytest.raises(KitError, match="part 1 has 31 examples, and part 0 32"):
        fit(model("words"), Stream(shrinking), recipe(steps=9, batch_size=8))
    with pytest.raises(KitError, match="no examples"):
        fit(model("words"), Stream(lambda *_: []), recipe(steps=9))
    with pytest.raises(KitError, match="batch_size=20"):
        fit(model("words"), Stream(lambda *_: rows[:20]), recipe(steps=9, batch_size=32))
    with pytest.raises(KitError, match="ids"):
        fit(model("words"), Stream(lambda *_: [{"text": "a"}]), recipe(steps=9))


def test_batches_of_a_part_have_each_example_once() -> None:
    rows = examples("words")[:60]
    source = Stream(lambda n, *_: [row | {"part": n} for row in rows])
    batches = stream(source, source.share(0), 8, seed=0)
    for n in range(3):
        part = [next(batches) for _ in range(8)]
        assert [step for step, *_ in part] == list(range(8 * n + 1, 8 * n + 9))
        assert part[-1][1] == n + 1
        seen = [id(row["ids"]) for _, _, batch in part for row in batch]
        assert sorted(seen) == sorted(id(row["ids"]) for row in rows)
        assert {row["part"] for _, _, batch in part for row in batch} == {n}
    later = stream(source, source.share(0), 8, seed=0, done=11)
    assert next(later)[0] == 12


def test_the_loop_holds_one_part_at_a_time() -> None:
    parts = streams.Parts()
    steps = training_steps(
        model("words"), Stream(parts), recipe(steps=20, batch_size=16), run=Run()
    )
    for count, _ in enumerate(steps, 1):
        assert len(parts.read) <= -(-count // 4)


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch) -> None:
    page = (Path(__file__).parent.parent / "docs" / "SCALING.md").read_text("utf-8")
    code = page.split("## Data that no process holds")[1].split("```python")[1].split("```")[0]
    assert "1024" in code and "10_000" in code
    code = code.replace("1024", "32").replace("10_000", "5")
    (tmp_path / "text").mkdir()
    texts = " ".join(sentiment.load()["train"]["text"][:900])
    for n in range(3):
        (tmp_path / "text" / f"{n:05}.txt").write_text(texts[n * 20_000 :][:20_000], "utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code, names)
    assert len(names["part"](0, 0, 2)) == len(names["part"](2, 1, 2)) == 16
