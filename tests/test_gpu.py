"""The GPU's measurements: at a tiny size on a CPU they run, and nothing is recorded."""

import json
import math
import subprocess
import sys
import time

import pytest
import torch

from kit import results
from kit.experiments import gpu
from kit.experiments.gpu_common import SIZES, TINY, operations_per_token, utilization
from kit.experiments.plain_gpt import PlainGPT
from kit.models import Transformer, TransformerConfig

POPEN = subprocess.Popen
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.mark.parametrize(("part", "program"), gpu.MEASUREMENTS)
def test_each_measurement_gives_its_rows(part: str, program: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = list(gpu.measure(part, program, tiny=True))
    identities = [(row["seed"], row.get("way")) for row in rows]
    assert rows and len(set(identities)) == len(rows)
    for row in rows:
        assert (row["part"], row["program"]) == (part, program)
        json.dumps(row)
        if part == "parity":
            assert row["loss, fp32"] == pytest.approx(row["loss, bf16"], rel=1e-2)
        else:
            assert row["tokens per second"] > 0 and row["seconds"] > 0


def test_all_sizes_have_a_tiny_one_and_are_the_known_models() -> None:
    assert SIZES.keys() == TINY.keys() == {part for part, _ in gpu.MEASUREMENTS}
    with torch.device("meta"):
        bodies = {k: Transformer(TransformerConfig(**s.body)) for k, s in SIZES.items()}
    parameters = {k: sum(p.numel() for p in body.parameters()) for k, body in bodies.items()}
    assert parameters["pretraining"] == 124_439_808  # GPT-2 small
    assert parameters["smollm"] == 134_515_008  # SmolLM2-135M
    assert parameters["minilm"] == 22_565_376  # all-MiniLM-L6-v2, without its pooler


def test_plain_torch_computes_the_mean_loss_of_a_causal_model() -> None:
    torch.manual_seed(0)
    model = PlainGPT(50, 16, 2, 2, 8)
    ids = torch.randint(0, 50, (3, 8))
    with torch.no_grad():
        assert float(model(ids, ids)) == pytest.approx(math.log(64), rel=0.05)
        changed = ids.clone()
        changed[:, -1] = 0
        first = torch.full_like(ids, -100)
        first[:, :4] = ids[:, :4]
        assert model(ids, first).equal(model(changed, first))  # no token sees later ones


def test_utilization_is_operations_over_those_of_the_data_sheet(monkeypatch) -> None:
    size = SIZES["pretraining"]
    assert utilization(size, 1e5)["MFU"] is None  # no card
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA H100 80GB HBM3")
    found = utilization(size, 1e5)
    assert operations_per_token(size.body, 1024) == 6 * (12 * 12 * 768**2 + 50257 * 768) + (
        6 * 12 * 768 * 1024
    )
    assert found["MFU"] == pytest.approx(
        1e5 * operations_per_token(size.body, 1024) / 989.4e12, abs=1e-4
    )
    assert found["MFU as nanoGPT counts"] > found["MFU"]


def test_on_a_machine_without_a_gpu_nothing_is_recorded(monkeypatch, capsys) -> None:
    before = gpu.FILE.path.read_bytes()
    monkeypatch.setattr(gpu, "run", lambda *args: args[-1]({"seed": 0}) or "")
    gpu.main(["--only", "parity"])
    assert "nothing is recorded" in capsys.readouterr().out
    assert gpu.FILE.path.read_bytes() == before


def fake(code: str, monkeypatch):
    """A process that runs this code, in place of a measurement."""
    command = [sys.executable, "-c", code]
    monkeypatch.setattr(subprocess, "Popen", lambda _, **options: POPEN(command, **options))


def test_rows_are_kept_as_they_come_and_the_deadline_holds(monkeypatch, capsys) -> None:
    fake("import time; print('row {\"seed\": 0}', flush=True); time.sleep(60)", monkeypatch)
    rows, began = [], time.monotonic()
    message = gpu.run("parity", "kit", 4.0, True, rows.append)
    assert time.monotonic() - began < 20
    assert rows == [{"seed": 0}] and "deadline of 4 s" in message


def test_a_measurement_that_fails_is_recorded_and_the_others_go_on(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(gpu.FILE, "path", tmp_path / "gpu.json")
    monkeypatch.setattr(gpu, "machine", lambda: {"card": "H"})
    fake("print('row {\"seed\": 0}'); raise ValueError('too large')", monkeypatch)
    gpu.FILE.add({"card": "H", "part": "minilm", "program": "kit", "seed": 7})
    planned = [("minilm", "kit"), ("smollm", "kit")]
    failures = gpu.run_all(planned, 60, tiny=False)
    assert list(failures) == planned and set(failures.values()) == {"ValueError: too large"}
    content = json.loads(gpu.FILE.path.read_text())
    assert content["failed"] == dict.fromkeys(
        ("minilm, kit, H", "smollm, kit, H"), "ValueError: too large"
    )
    assert [row["seed"] for row in content["rows"]] == [0, 0]  # the earlier row is replaced
    fake("print('row {\"seed\": 0}')", monkeypatch)
    assert not gpu.run_all(planned[:1], 60, tiny=False)
    assert list(json.loads(gpu.FILE.path.read_text())["failed"]) == ["smollm, kit, H"]
    assert "gpu" in results.names()


def test_the_table_says_where_no_gpu_was_and_compares_on_one_card(monkeypatch) -> None:
    from kit.results import gpu as table

    content = {"rows": [], "command": "c", "date": "d"}
    monkeypatch.setattr(results, "load", lambda _: content)
    assert table.NONE in table.markdown() and table.NONE in table.table().to_html()
    speeds = {("H", "kit"): 110, ("H", "plain"): 100, ("A", "plain"): 10}
    rows = [
        {"card": card, "part": "pretraining", "program": program, "tokens per second": speed}
        for (card, program), speed in speeds.items()
    ]
    assert table.ratios([row | {"way": ""} for row in rows]) == {
        "plain torch in pretraining (H)": pytest.approx(1.1)
    }
