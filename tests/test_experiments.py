"""The experiments: their list, their command lines, and results files that grow row by row."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kit import results, runtime
from kit.errors import KitError
from kit.experiments import EXPERIMENTS, __main__
from kit.experiments.results_file import DECISIVE, EARLIER, ResultsFile, check_writable, write
from kit.experiments.verify import TIMES, verify

ROOT = Path(__file__).parent.parent
GROWING = [
    name for name in EXPERIMENTS if hasattr(__main__.load(name), "FILE")
]  # row by row; the others are written at the end


def test_the_list_says_of_each_experiment_what_it_measures_how_long_and_where(capsys) -> None:
    assert __main__.main([]) == 0
    text = capsys.readouterr().out
    for name, experiment in EXPERIMENTS.items():
        assert f"{experiment.minutes} min  kit/results/data/{name}.json\n" in text
        assert experiment.what in text


def test_every_results_file_has_its_experiment() -> None:
    assert sorted(EXPERIMENTS) == results.names()
    for name in results.names():
        assert results.load(name)["command"] == f"python -m kit.experiments {name}"


def test_an_unknown_name_is_refused_with_the_list(capsys) -> None:
    assert __main__.main(["nonsense"]) == 2
    error = capsys.readouterr().err
    assert "'nonsense' is unknown" in error
    assert all(name in error for name in EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_help_is_the_docstring_with_the_options(name: str, capsys) -> None:
    with pytest.raises(SystemExit) as exit:
        __main__.main([name, "--help"])
    assert exit.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m kit.experiments {name} ")
    assert __main__.load(name).__doc__.strip() in text
    assert "--verify" in text


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_unknown_option_is_refused(name: str, capsys) -> None:
    with pytest.raises(SystemExit) as exit:
        __main__.main([name, "--nonsense"])
    assert exit.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("name", GROWING)
def test_a_results_file_is_written_as_it_was_read(name: str, tmp_path: Path, monkeypatch) -> None:
    """Every byte of it, the date and the machine apart: the layout, the order of the rows."""
    file = __main__.load(name).FILE
    recorded = file.path.read_bytes()
    monkeypatch.setattr(file, "path", tmp_path / file.path.name)
    file.path.write_bytes(recorded)
    content = json.loads(recorded)
    monkeypatch.setattr(time, "strftime", lambda _: content["date"])
    monkeypatch.setattr(runtime, "machine", lambda: content["machine"])
    file.add()
    assert file.path.read_bytes() == recorded


@pytest.mark.parametrize("name", GROWING)
def test_a_row_that_is_recorded_is_not_measured_again(name: str) -> None:
    file = __main__.load(name).FILE
    rows = file.rows()
    assert list(file.missing(map(file.key, rows))) == []
    identities = [json.dumps(file.identity(row)) for row in rows]
    assert len(set(identities)) == len(rows)
    quick = __main__.load(name).QUICK
    if not isinstance(quick, str):
        assert list(file.missing(quick)) == []


def tiny(folder: Path) -> ResultsFile:
    """A results file with measurements of two rows, in the order of their numbers."""
    return ResultsFile(
        "tiny", "numbers", ("n",), parts=("half",), order=lambda r: (-r["n"],), folder=folder
    )


def two_rows(about: dict) -> list[dict]:
    return [about | {"half": half, "value": 2 * about["n"] + half} for half in (0, 1)]


def test_a_file_grows_by_what_is_missing(tmp_path: Path, capsys) -> None:
    file = tiny(tmp_path)
    file.grow([{"n": 2}], two_rows, describe=lambda about: {"last": about["n"]})
    rows = file.grow([{"n": 1}, {"n": 2}, {"n": 3}], two_rows)
    assert [(row["n"], row["value"]) for row in rows] == [
        (3, 6), (3, 7), (2, 4), (2, 5), (1, 2), (1, 3),
    ]  # fmt: skip
    content = json.loads(file.path.read_text())
    assert list(content) == ["what", "command", "date", "machine", "last", "rows"]
    assert content["last"] == 2
    assert content["command"] == "python -m kit.experiments tiny"
    assert f"4 new rows; {file.path} has 6." in capsys.readouterr().out


def test_another_process_may_have_added_the_row(tmp_path: Path) -> None:
    file = tiny(tmp_path)

    def measure(about: dict) -> dict:
        tiny(tmp_path).add(about | {"half": 0, "value": -1}, {"n": 9, "half": 0, "value": 0})
        return about | {"half": 0, "value": 1}

    file.grow([{"n": 1}, {"n": 9}], measure)
    assert [(row["n"], row["value"]) for row in file.rows()] == [(9, 0), (1, -1)]


def test_what_another_process_measures_is_left_to_it(tmp_path: Path) -> None:
    """Two at once share the work; of one that was killed the other takes over."""
    code = (
        "import sys, time; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from test_experiments import tiny\n"
        "for about in tiny(Path(sys.argv[1])).missing([{'n': 1}, {'n': 2}]):\n"
        "    print(about, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    planned = [{"n": n} for n in (1, 2, 3)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "{'n': 1}\n"
        assert list(tiny(tmp_path).missing(planned)) == planned[1:]
        other.kill()
    assert list(tiny(tmp_path).missing(planned)) == planned
    elsewhere = tiny(tmp_path / "another_copy")
    assert all(list(elsewhere.missing([about])) for about in tiny(tmp_path).missing(planned))


def test_minutes_and_save(tmp_path: Path, capsys) -> None:
    file = tiny(tmp_path)
    file.grow([{"n": 1}], two_rows, minutes=-1)
    assert "the same command goes on" in capsys.readouterr().out
    assert len(file.grow([{"n": 1}], two_rows, save=False)) == 2
    assert not file.path.exists()


def test_a_folder_that_is_read_only_or_of_an_installed_copy_is_named(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    installed = tmp_path / "site-packages" / "kit"
    installed.mkdir(parents=True)
    check_writable(installed)
    assert "installed copy" in capsys.readouterr().out
    monkeypatch.setattr(os, "access", lambda *_: False)
    measured = []
    with pytest.raises(KitError, match="read-only: copy the course's folder"):
        tiny(tmp_path).grow([{"n": 1}], measured.append)
    assert measured == []


SLOW = """
import sys, types
from kit.experiments import EXPERIMENTS, Experiment, __main__
from kit.experiments.results_file import ResultsFile

def measure(about):
    import torch
    from kit.models import ClassHead, Model, VectorHead, RNN, RNNConfig
    from kit.train import Recipe, fit
    if about["n"] == 2 and "stop" in sys.argv:
        # `fit` itself would catch a KeyboardInterrupt and keep the half-trained model.
        model = Model(RNN(RNNConfig(vocabulary=9, width=4, layers=1)), ClassHead(4, 2))
        print("training", flush=True)
        fit(model, [{"ids": [1, 2], "y": 0}, {"ids": [3], "y": 1}], Recipe(seconds=60))
    return about | {"value": about["n"]}

tiny = types.ModuleType("kit.experiments.tiny")
tiny.FILE = ResultsFile("tiny", "numbers", ("n",), folder=__import__("pathlib").Path(sys.argv[1]))
tiny.main = lambda _: tiny.FILE.grow([{"n": n} for n in (1, 2, 3)], measure)
sys.modules[tiny.__name__] = tiny
EXPERIMENTS["tiny"] = Experiment("numbers", 1)
sys.exit(__main__.main(["tiny"]))
"""


def test_ctrl_c_within_a_row_keeps_the_others_and_the_same_command_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, "stop"], cwd=ROOT, stdout=pipe, stderr=pipe, text=True
    ) as process:
        for line in process.stdout:
            if line == "training\n":
                time.sleep(1)
                process.send_signal(signal.SIGINT)
        error = process.stderr.read()
    assert process.returncode == 130, error
    path = tmp_path / "tiny.json"
    assert f"Stopped. The measurement in progress is lost. Kept: 1 recorded rows in {path}" in error
    assert json.loads(path.read_text())["rows"] == [{"n": 1, "value": 1}]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert [row["value"] for row in json.loads(path.read_text())["rows"]] == [1, 2, 3]


def test_write_keeps_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    write(path, "seconds", rows=[1], ratio=1.0)
    write(path, "seconds", ratio=2.0, rows=[2])
    content = json.loads(path.read_text())
    assert list(content) == ["what", "command", "date", "machine", "rows", "ratio"]
    assert (content["rows"], content["ratio"]) == ([2], 2.0)


def test_the_quickest_row_comes_out_the_same(data, capsys) -> None:
    module = __main__.load("strategies")
    quick = [{"source": "rnn_encoder", "labels": 100, "strategy": "narrow", "seed": 0}]
    assert quick[0] in module.QUICK
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "QUICK", quick)
        status = verify("strategies", module)
    text = capsys.readouterr().out
    assert status == 0, text
    assert "accuracy" in text
    assert "trained                  equal: 842690" in text
    assert "strategies: all rows agree." in text


def test_verify_finds_a_row_that_differs(data, monkeypatch, capsys) -> None:
    module = __main__.load("builtin_sources")
    about = module.QUICK[0]
    monkeypatch.setattr(module, "QUICK", [about])
    monkeypatch.setattr(module, "measure", lambda about: about | {"accuracy": 0.9})
    assert verify("builtin_sources", module) == 1
    assert "now 0.9: DIFFERENT" in capsys.readouterr().out
    monkeypatch.setattr(module, "QUICK", "It is slow.")
    assert verify("builtin_sources", module) == 2


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_can_be_verified_or_says_why_not(name: str, monkeypatch, capsys) -> None:
    module = __main__.load(name)
    if isinstance(module.QUICK, str):
        assert __main__.main([name, "--verify"]) == 2
        assert capsys.readouterr().out == f"{name}: nothing to verify. {module.QUICK}\n"
        return
    inspect.signature(module.measure).bind({})  # verify gives it nothing else
    content = results.load(name)
    assert module.FILE.name == name and content["machine"].keys() >= set(DECISIVE)
    fields = {field for row in content["rows"] for field in row}
    assert {field for field in fields if "second" in field or "memory" in field} <= set(TIMES)

    def remember(about: dict) -> list[dict]:
        """The recorded rows of a measurement, in place of a new measurement."""
        rows = [row for row in content["rows"] if about.items() <= row.items()]
        assert rows, f"{about} is not recorded"
        return rows

    monkeypatch.setattr(module, "measure", remember)
    assert __main__.main([name, "--verify"]) == 0
    assert capsys.readouterr().out.endswith(f"{name}: all rows agree.\n")


def on(monkeypatch, **machine) -> None:
    """From here on this machine is another one."""
    here = runtime.machine() | machine
    monkeypatch.setattr(runtime, "machine", lambda: here)


def test_a_row_says_so_if_it_is_not_from_the_machine_that_the_head_names(
    tmp_path: Path, monkeypatch
) -> None:
    file = ResultsFile("several", "machines", ("n",), folder=tmp_path)
    for n, processor in enumerate(("first", "first", "second", "first", "third")):
        on(monkeypatch, processor=processor)
        file.add({"n": n})
    content = file.content()
    assert content["machine"]["processor"] == "third"
    names = [machine["processor"] for machine in content[f"{EARLIER}s"]]
    assert names == ["first", "second"]
    assert [row.get(EARLIER) for row in content["rows"]] == [0, 0, 1, 0, None]
    on(monkeypatch, processor="fourth")
    file.remove({"n": 2})
    assert [row[EARLIER] for row in file.rows()] == [0, 0, 0, 2]


def test_verify_is_exact_for_rows_of_this_machine_alone(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    file = ResultsFile("several", "machines", ("n",), folder=tmp_path)
    for n, processor in enumerate(("old", "new")):
        on(monkeypatch, processor=processor)
        file.add({"n": n, "accuracy": 0.8})
    module = __main__.load("freeze")
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "FILE", file)
    monkeypatch.setattr(module, "QUICK", [{"n": 0}, {"n": 1}])
    monkeypatch.setattr(module, "measure", lambda about: about | {"accuracy": 0.801})
    assert verify("several", module) == 1
    text = capsys.readouterr().out
    assert "Recorded earlier, with another processor 'old' (here 'new'):" in text
    assert "now 0.801: within 0.008" in text and "now 0.801: DIFFERENT" in text
    assert "1 numbers are DIFFERENT" in text


def test_a_copy_for_students_has_the_experiments(tmp_path: Path) -> None:
    subprocess.run(["make", "-s", "student", f"FOLDER={tmp_path}"], cwd=ROOT, check=True)
    modules = {path.stem for path in (tmp_path / "kit" / "experiments").glob("*.py")}
    assert set(EXPERIMENTS) <= modules
    data = {path.stem for path in (tmp_path / "kit" / "results" / "data").glob("*.json")}
    assert set(EXPERIMENTS) <= data
