"""The results files as tables: the numbers are the rows', and the pages are as written."""

import re
import subprocess
import sys

import pytest

from kit import metrics, results
from kit.errors import KitError
from kit.experiments.useful_translation import NEIGHBOURS
from kit.results import (
    domains,
    entities,
    freeze,
    large_source_entities,
    large_source_summaries,
    see_it_work,
    strategies,
    summaries,
    translation,
    useful_translation,
)
from kit.results.style import score_text, styled

TABLES = [name for name in results.names() if name != "replays"]


@pytest.mark.parametrize("name", TABLES)
def test_each_results_file_has_a_table(name: str) -> None:
    table = results.table(name)
    frame, page = table.data, table.to_html()
    assert len(frame) and "<table" in page and results.load(name)["date"] in page
    for cell in frame.to_numpy().ravel():
        assert "nan" not in cell and "± 0.0" not in cell, cell
        for number in re.findall(r"[-+]?\d+\.\d+(?= ±)", cell):
            assert len(number.partition(".")[2]) == 1


def test_an_unknown_file_and_one_without_a_table_are_refused() -> None:
    with pytest.raises(KitError, match="nothing was recorded as 'see_it'"):
        results.table("see_it")
    with pytest.raises(KitError, match="no table"):
        results.table("replays")


def test_a_cell_is_the_mean_of_its_rows() -> None:
    rows = results.load("see_it_work")["rows"]
    scores = [r["accuracy"] for r in rows if (r["labels"], r["strategy"]) == (400, "full")]
    mean, half = metrics.interval(scores)
    frame = see_it_work.table().data
    assert len(scores) == 5
    [cell] = frame[frame["labels"] == "400"]["with MiniLM"]
    assert cell == f"{100 * mean:.1f} ± {100 * half:.1f}"


def test_a_gain_is_taken_seed_by_seed() -> None:
    scores = freeze.by_seed()
    one, full = scores["frozen"], scores["full"]
    by_hand = metrics.interval([one[seed] - full[seed] for seed in one])
    frame = freeze.table().data
    [cell] = frame[frame["trained"] == "frozen"]["gain over full"]
    assert cell == score_text(by_hand, sign=True)
    assert strategies.gains("minilm", 100)["lora"] == metrics.gain(
        strategies.by_seed()["minilm", 100, "lora"], strategies.by_seed()["minilm", 100, "full"]
    )


def test_a_gain_whose_interval_holds_zero_is_grey() -> None:
    rows = [("sure", (0.05, 0.02)), ("not", (0.05, 0.06)), ("lost", (-0.05, 0.02))]
    table = styled(rows, ["what", "gain"], gains=["gain"])
    page = table.to_html()
    assert list(table.data["gain"]) == ["+5.0 ± 2.0", "+5.0 ± 6.0", "-5.0 ± 2.0"]
    [grey] = re.findall(r"#T_\w+_row(\d)_col1 \{\s*color: #8C8C8C", page)
    assert grey == "1"


@pytest.mark.parametrize(
    ("score", "text"),
    [((0.795, 0.009), "79.5 ± 0.9"), ((0.717, 0.0), "71.7"), ((0.883, float("nan")), "88.3")],
)
def test_no_interval_where_there_is_none(score, text) -> None:
    assert score_text(score) == text and score_text(None) == ""


def test_other_tables_of_the_lessons() -> None:
    assert len(domains.table("minilm").data) and len(domains.table(value="pearson").data)
    assert len(entities.gains_table().data) == 9
    assert len(summaries.gains_table().data) and len(summaries.table("minilm").data)
    invented = summaries.table("minilm", value="invented").data
    assert re.fullmatch(r"0\.\d\d ± 0\.\d\d", invented.iloc[0, -1])  # one decimal would be 0.0
    assert set(large_source_entities.gains()) >= {large_source_entities.MINILM}
    keys = {"scratch": tuple(translation.key("it", 300, s) for s in ("full", "from_scratch"))}
    [row] = translation.gains_table(keys).data.to_numpy()
    assert row[1] == "+8.6 ± 5.5"
    for source in ("rnn_encoder", "transformer_encoder", "minilm"):
        frame = strategies.table(source, 400).data
        assert set(frame["family"]) == {"parameter", "structure", "mixed"}


def test_headlines_of_the_larger_source_stand_beside_the_same_controls() -> None:
    rows = results.load("large_source_summaries")["rows"]
    controls = results.load("summaries")["controls"]
    tested = [row for row in rows if "gains" in row]
    for row in tested:
        for name, measures in row["gains"].items():
            for measure, (mean, low, high) in measures.items():
                more = row[measure] - controls[name][measure]
                assert abs(more - mean) < 2e-4, "the same articles"
                assert low < mean < high
    found = large_source_summaries.summary()
    assert {large_source_summaries.SMALL, large_source_summaries.FEW} <= {name for name, _ in found}
    shown = large_source_summaries.table().data
    assert len(shown) == len(found) + 4
    trained = [row for row in rows if row["part"] == "lora"]
    chosen = max((row for row in rows if row["part"] == "settings"), key=lambda row: row["rouge1"])
    assert all(row[k] == chosen[k] for row in trained for k in ("tokens", "rate", "epochs"))


def test_useful_translation_was_chosen_on_validation_and_compared_seed_by_seed() -> None:
    rows = results.load("useful_translation")["rows"]
    tried = [row for row in rows if row["part"] == "choices"]
    best = max(tried, key=lambda row: row["chrf"])["way"]
    assert best == f"neighbours, τ {NEIGHBOURS['temperature']}, λ {NEIGHBOURS['share']}"
    four, eight, greedy = (
        next(row["chrf_plain"] for row in tried if row["way"] == f"{n} beams") for n in (4, 8, 1)
    )
    assert greedy < eight < four
    ways = [useful_translation.key(300, "full", way) for way in ("greedy", "neighbours")]
    mean, half = useful_translation.gain(ways[1], ways[0])
    found = useful_translation.summary()
    assert mean == pytest.approx(found[ways[1]][0] - found[ways[0]][0])
    assert half >= 0 and len(useful_translation.table().data) >= 7


def test_the_pages_are_as_the_command_writes_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kit.results", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_widget_is_imported_to_compute_a_number() -> None:
    program = "import sys, kit.results as r; [r.table(n) for n in r.names() if n != 'replays']; "
    program += "print([m for m in sys.modules if m.startswith('kit.widgets') or m == 'ipywidgets'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
