"""Damaged caches, other users, full disks, killed saves: one clear line, and nothing is lost."""

import ctypes
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import migrations
import numpy as np
import pytest
import torch

from kit import files, results, runtime, sources
from kit.data.cache import stored
from kit.errors import KitError
from kit.files import load_cached, save_cached, scratch, whole
from kit.prompt import server
from kit.sources import checkpoint, tensorflow
from kit.tasks.own_data.predictions import Predictions
from kit.train import Run, fit, resume
from kit.widgets.base import race
from tests.pretraining import bits, examples, model, recipe

SEED = 17
DAMAGED = 60
"""Damaged files, drawn by `SEED`, for each of two kinds: values and tables."""
ROWS = [{"text": f"row {i}", "n": i, "words": ["a", str(i)]} for i in range(50)]
VALUE = {"cpu": "fp32", "rows": [1, 2.5, None, "é"]}
KILLS = 8
LEAVE = (0, 4096, 100_000, 1_000_000)
"""Bytes that are free on the disk when a checkpoint is saved."""
STEPS = 6
"""Updates of a training whose every save fails."""
root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="mounts a small disk: needs root"
)


def test_the_page_counts_what_the_tests_try() -> None:
    import faults  # it imports this file

    assert faults.PAGE.read_text(encoding="utf-8") == faults.page(), "run python tests/faults.py"


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The content cut short, with a byte changed, with garbage, empty, or something else."""
    at = draw.randrange(len(content))
    other = bytes([content[at] ^ draw.randrange(1, 256)])
    kinds = (
        content[:at],
        content[:at] + other + content[at + 1 :],
        content[:at] + draw.randbytes(9) + content[at:],
        draw.randbytes(at),
        draw.choice([b"[]", b"{}", b"null", b'"x"', b"\xff\xfe", b"[" * 9999, b'{"sha256": 1}']),
    )
    return draw.choice(kinds)


@pytest.mark.parametrize("try_", range(DAMAGED))
def test_a_damaged_cache_is_made_again_with_a_line_that_says_so(tmp_path, try_) -> None:
    draw = random.Random(SEED + try_)
    value, table = tmp_path / "value.json", tmp_path / "tables" / "rows-1.table"
    save_cached(value, VALUE)
    assert stored(table, lambda: ROWS).to_pylist() == ROWS
    for path in (value, table):
        path.write_bytes(damaged(path.read_bytes(), draw))
    with pytest.warns(UserWarning, match=r"value.json is damaged .*: it is made again\.$"):
        assert load_cached(value) is None
    with pytest.warns(UserWarning, match=r"rows-1.table is damaged .*: it is made again\.$"):
        assert stored(table, lambda: ROWS).to_pylist() == ROWS
    save_cached(value, VALUE)
    assert load_cached(value) == VALUE  # and from now on without a line
    assert stored(table, list).to_pylist() == ROWS


def test_a_table_is_never_read_under_another_name(tmp_path) -> None:
    news, films = tmp_path / "sentiment" / "news-2.table", tmp_path / "sentiment" / "films-2.table"
    stored(news, lambda: ROWS)
    films.write_bytes(news.read_bytes())
    with pytest.warns(UserWarning, match="it is not the table sentiment/films-2"):
        assert stored(films, lambda: ROWS[:3]).to_pylist() == ROWS[:3]
    save_cached(tmp_path / "a.json", VALUE)
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    with pytest.warns(UserWarning, match=r"b.json is damaged \(it holds 'a.json'\)"):
        assert load_cached(tmp_path / "b.json") is None


@pytest.mark.parametrize("content", [b"", b"[]", b'{"cpu": 3}', b"\xff", b"{" * 50_000])
def test_precision_and_recordings_survive_their_damaged_files(
    tmp_path, monkeypatch, content: bytes
) -> None:
    monkeypatch.setenv("KIT_CACHE", str(tmp_path))
    monkeypatch.delenv("KIT_PRECISION", raising=False)
    runtime._precision.cache_clear()
    chosen = runtime.precision(torch.device("cpu"))
    path = tmp_path / "measurements" / "precision.json"
    path.write_bytes(content)
    runtime._precision.cache_clear()
    with pytest.warns(UserWarning, match="precision.json is damaged"):
        assert runtime.precision(torch.device("cpu")) in runtime.PRECISIONS
    runtime._precision.cache_clear()
    assert runtime.precision(torch.device("cpu")) in ("fp32", "bf16", chosen)
    setting = next(iter(results.load("replays")["recordings"]))
    own = race.own_recording(setting)
    own.parent.mkdir()
    own.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged"):
        shipped = results.load("replays")["recordings"][setting]
        assert race.recordings(setting) == {race.SHIPPED: shipped}


def umask_of(mode: int) -> int:
    before = os.umask(0)
    os.umask(before)
    return mode & ~before


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_files_have_the_permissions_of_the_umask(tmp_path, umask: int) -> None:
    before = os.umask(umask)
    try:
        save_cached(tmp_path / "deep" / "value.json", VALUE)
        stored(tmp_path / "deep" / "rows.table", lambda: ROWS)
        fit(model("words"), examples("words"), recipe(steps=2), folder=tmp_path / "deep" / "run")
        checkpoint.save(sources.load("rnn_encoder"), tmp_path / "deep" / "saved")
        paths = list((tmp_path / "deep").rglob("*"))
        assert len(paths) == 7
        for path in (tmp_path / "deep", *paths):
            wanted = umask_of(0o777 if path.is_dir() else 0o666)
            assert path.stat().st_mode & 0o777 == wanted, path
    finally:
        os.umask(before)


SECOND_USER = """
import os, sys, warnings
warnings.simplefilter("error")
from pathlib import Path
import platformdirs
import pyarrow.parquet
from kit import results, runtime
from kit.data.cache import stored
from kit.widgets.base import race
os.setgid(65534)  # after the imports: another user may not read this one's Python
os.setuid(65534)
folder = Path(os.environ["KIT_CACHE"])
print(runtime.precision(), len(stored(folder / "tables" / "rows-1.table", list)))
print(race.recordings("a small setting")[race.OWN]["date"])
try:
    (folder / "forbidden").touch()
except PermissionError:
    print("may not write")
"""


@root
def test_a_second_user_reads_the_class_s_cache(monkeypatch) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folder is closed to others
        os.chmod(folder, 0o755)
        monkeypatch.setenv("KIT_CACHE", folder)
        monkeypatch.delenv("KIT_PRECISION", raising=False)
        save_cached(race.own_recording("a small setting"), {"date": "today"})
        stored(Path(folder, "tables", "rows-1.table"), lambda: ROWS)
        runtime._precision.cache_clear()
        chosen = runtime.precision(torch.device("cpu"))
        command = [sys.executable, "-c", SECOND_USER]
        home = {"HOME": folder, "OMP_NUM_THREADS": str(torch.get_num_threads())}
        told = subprocess.run(
            command, env=os.environ | home, capture_output=True, text=True, check=False
        )
    assert told.stdout.split("\n")[:3] == [f"{chosen} {len(ROWS)}", "today", "may not write"], told


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 12 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", bytes(place), b"tmpfs", 0, b"size=12m"):
        pytest.skip(f"no disk can be mounted here: {os.strerror(ctypes.get_errno())}")
    yield place
    libc.umount2(bytes(place), 2)


def fill(disk: Path, leave: int) -> None:
    """Fill the disk up to so many bytes."""
    (disk / "filler").unlink(missing_ok=True)
    space = os.statvfs(disk)
    (disk / "filler").write_bytes(b"x" * max(0, space.f_bavail * space.f_frsize - leave))


@root
def test_a_full_disk_ends_no_training_and_loses_no_checkpoint(small_disk, monkeypatch) -> None:
    monkeypatch.setattr(resume, "SECONDS", 0)
    wanted, made = model("words"), model("words")
    fit(wanted, examples("words"), recipe(steps=STEPS))
    fill(small_disk, 20_000)
    with pytest.warns(UserWarning, match=r"cannot be saved in .*No space left.*It goes on"):
        run = fit(made, examples("words"), recipe(steps=STEPS), folder=small_disk / "run")
    assert run.stopped == "budget" and run.updates == STEPS
    assert all(torch.equal(value, bits(made)[name]) for name, value in bits(wanted).items())
    assert not list((small_disk / "run").iterdir())
    (small_disk / "filler").unlink()
    source = sources.load("rnn_encoder")
    checkpoint.save(source, small_disk / "saved")
    for leave in LEAVE:
        fill(small_disk, leave)
        with pytest.raises(KitError, match=r"cannot be saved as .*No space left.*free some space"):
            checkpoint.save(source, small_disk / "saved")
        assert checkpoint.load(small_disk / "saved").name == source.name
        assert {p.name for p in small_disk.iterdir()} == {"saved", "filler", "run"}
    for name in ("value.json", "rows.table"):
        fill(small_disk, 0)
        assert len(stored(small_disk / name, lambda: ROWS)) == len(ROWS)


TABLE = [{"place": f"line {i}", "text": "a" * 50} for i in range(2000)]
WRITERS = {
    "source of Hugging Face's": lambda f: sources.export(
        replace(migrations.source("gpt"), head=None), f
    ),
    "checkpoint of TensorFlow's": lambda f: tensorflow.write(f, {"w": np.ones(50_000)}),
    "run": lambda f: Run(steps=[{"step": i} for i in range(5000)]).save(f),
    "tokenizer": lambda f: sources.load("rnn_encoder").tokenizer.save(f),
    "predictions": lambda f: Predictions(TABLE, len(TABLE)).write(f),
}
"""What else is written where the user says."""


@root
@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_is_one_message_whatever_is_written(small_disk, what: str) -> None:
    for leave in (0, 20_000):
        fill(small_disk, leave)
        before = set(small_disk.rglob("*"))
        with pytest.raises(KitError, match=r"cannot be saved as .*No space left.*free some space"):
            WRITERS[what](small_disk / "new")
        assert set(small_disk.rglob("*")) == before
    (small_disk / "filler").unlink()
    WRITERS[what](small_disk / "new")


@root
def test_a_model_is_unpacked_though_the_disk_is_full(small_disk, monkeypatch) -> None:
    """In a lesson on a disk of 50 MB, the 90 MB of SmolLM2 ended in a raw error."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    content = random.Random(SEED).randbytes(13_000_000)
    with sources._unpacked("model.gguf", content) as path:
        assert path.read_bytes() == content and not list(small_disk.iterdir())
    with sources._unpacked("model.gguf", content[:1000]) as path:
        assert path.read_bytes() == content[:1000] and path.is_relative_to(small_disk)
    assert not list(small_disk.iterdir())


@root
def test_a_large_temporary_folder_is_in_memory_where_the_disk_has_no_room(
    small_disk, tmp_path, monkeypatch
) -> None:
    """The lessons' bridges to transformers write MiniLM, 91 MB, for it."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(files, "IN_MEMORY", memory)
    for size, place in ((1000, small_disk), (1e8, memory), (1e18, small_disk)):
        with files.temporary_folder(size) as folder:
            assert Path(folder).parent == place
    assert not list(memory.iterdir())
    left = memory / f".lm-transfer-kit.part-{files._host()}-{ended()}-0"
    left.mkdir()
    files.sweep(tmp_path / "cache")
    assert not left.exists()


@root
def test_the_local_server_has_its_model_though_the_disk_is_full(small_disk, monkeypatch) -> None:
    """The model is 98 MB: it is in memory where the cache has no room."""
    if not files.IN_MEMORY.is_dir() or shutil.disk_usage(files.IN_MEMORY).free < 1e8:
        pytest.skip(f"{files.IN_MEMORY} has no room for 98 MB")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    monkeypatch.setattr(server, "cache_dir", lambda: small_disk)
    monkeypatch.setattr(server, "IN_MEMORY", [])
    path = server._smollm_file()
    assert path.is_relative_to(files.IN_MEMORY) and server._sha256(path) == server.SHA256
    assert server._smollm_file() == path, "the second start finds it"
    assert not [p for p in small_disk.rglob("*") if p.is_file()]
    server.IN_MEMORY.pop().cleanup()
    assert not path.exists()


KILLED = """
import os, signal, sys, threading, time
from kit import sources
from kit.files import save_cached, temporary_folder
from kit.sources import checkpoint
from pathlib import Path
source, folder = sources.load("rnn_encoder"), Path(sys.argv[1])
def kill(delay):
    time.sleep(delay)
    os.kill(os.getpid(), signal.SIGKILL)
space = temporary_folder()
threading.Thread(target=kill, args=(float(sys.argv[2]),), daemon=True).start()
while True:
    checkpoint.save(source, folder / "saved", half=True)
    save_cached(folder / "value.json", ["x"] * 20_000)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_what_killed_saves_leave_is_swept_and_loses_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    source, draw = sources.load("rnn_encoder"), random.Random(SEED)
    checkpoint.save(source, tmp_path / "saved", half=True)
    for _ in range(KILLS):
        delay = str(draw.uniform(0, 0.4))
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), delay], check=False)
        again = checkpoint.load(tmp_path / "saved")
        pairs = zip(source.body.parameters(), again.body.parameters(), strict=True)
        assert all(torch.allclose(a, b, atol=1e-2) for a, b in pairs)
    # Each has swept what the one before it had left.
    assert len(list(tmp_path.glob("**/.*.part-*"))) <= 3
    files.sweep(tmp_path)
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")}
    # The cache that torch's compiler begins there when it is first imported is not the kit's.
    left = {path for path in left if "torchinductor" not in path}
    saved = {"saved", "saved/source.json", "saved/tensors.safetensors"}
    assert left - {"value.json"} == saved | {"temporary"}


def ended() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_a_save_that_was_killed_between_its_two_moves_is_finished(tmp_path, monkeypatch) -> None:
    source, folder = sources.load("rnn_encoder"), tmp_path / "saved"
    checkpoint.save(source, folder)
    part = tmp_path / f".saved.part-{files._host()}-{ended()}-0a"
    part.mkdir()
    checkpoint.save(source, part / "new")
    os.replace(folder, part / "old")
    assert checkpoint.load(folder).name == source.name and folder.is_dir()
    checkpoint.save(source, folder)
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]


def test_what_is_being_written_now_is_not_swept(tmp_path) -> None:
    path = tmp_path / "value.json"
    other = tmp_path / ".value.json.part-elsewhere-1-0a"
    other.touch()
    with whole(path) as mine, scratch(path) as folder:
        save_cached(path, VALUE)
        assert mine.exists() and folder.exists() and other.exists()
        mine.write_text("{}")
    assert {p.name for p in tmp_path.iterdir()} == {path.name, other.name}
    os.utime(other, (0, 0))  # a machine of long ago
    save_cached(path, VALUE)
    assert {p.name for p in tmp_path.iterdir()} == {path.name}
    assert json.loads(path.read_text())["value"] == VALUE


def test_a_cache_that_cannot_be_written_is_used_without() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(stored(Path("/sys/kernel/kit/rows.table"), lambda: ROWS)) == len(ROWS)
