"""The user's own text, of any kind and size, and the hub's."""

import gzip
import json
import os
import pickle
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from kit.data.text_files import DOCUMENT_CHARACTERS, hub, own
from kit.errors import KitError

RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастлива по-своему. " * 4
FRENCH = "Longtemps, je me suis couché de bonne heure : à peine ma bougie éteinte. " * 8
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 4


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((RUSSIAN, code) for code in ("utf-8", "utf-8-sig", "utf-16", "utf-32")),
        *((RUSSIAN, code) for code in ("cp1251", "koi8-r")),
        *((FRENCH, code) for code in ("utf-8", "cp1252", "latin-1")),
        *((JAPANESE, code) for code in ("shift_jis", "euc-jp")),
        ("plain text " * 20_000 + "café", "latin-1"),
    ],
)
def test_any_encoding(tmp_path, text: str, encoding: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode(encoding))
    guessed = not encoding.startswith("utf")
    with pytest.warns(match="is not UTF-8; it is read as") if guessed else nullcontext():
        corpus = own(path)
    assert "".join(corpus["text"][:]).replace(" ", "") == text.replace(" ", "")


def test_an_encoding_can_be_named(tmp_path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(RUSSIAN.encode("utf-16-le"))
    assert own(path, encoding="utf-16-le")["text"][:] == [RUSSIAN.strip()]
    path.write_bytes(FRENCH.encode("latin-1"))
    for wrong in ("ascii", "klingon"):
        with pytest.raises(KitError, match=f"cannot be read as {wrong} .*: give its encoding="):
            own(path, encoding=wrong)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
        gzip.compress(b"hello " * 50, mtime=0),
        pickle.dumps({"a": 1}),
        bytes(range(256)) * 300,
        RUSSIAN.encode("utf-16-le"),
    ],
)
def test_binary_junk_is_named(tmp_path, content: bytes) -> None:
    (tmp_path / "fine.txt").write_text("Fine.")
    (tmp_path / "junk.txt").write_bytes(content)
    with pytest.raises(KitError, match=r"junk\.txt is no text file .*: leave it out, unpack"):
        own(tmp_path)


@pytest.mark.parametrize("stream", [False, True])
def test_a_folder_of_texts_and_lines(tmp_path, stream: bool) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.txt").write_text("  One\ntwo.\n\n")
    lines = [json.dumps({"text": "Three.", "id": 3}), "", json.dumps("Four."), '{"text": " "}']
    (tmp_path / "b.jsonl").write_text("\n".join(lines))
    (tmp_path / "c.bin").write_bytes(b"\0\0")
    (tmp_path / "d.txt").write_text("")
    corpus = own(tmp_path, split="validation", stream=stream)
    assert list(corpus) == [
        {"text": "Three.", "origin": "b.jsonl", "split": "validation"},
        {"text": "Four.", "origin": "b.jsonl", "split": "validation"},
        {"text": "One\ntwo.", "origin": "deep/a.txt", "split": "validation"},
    ]
    assert list(corpus) == list(corpus)
    assert corpus.column_names == ["text", "origin", "split"]


def test_a_long_file_is_cut_at_line_ends_and_nothing_is_lost(tmp_path) -> None:
    path = tmp_path / "novel.md"
    lines = [f"line {number} of a long novel" for number in range(4000)]
    path.write_text("\n".join(lines))
    texts = own(path)["text"][:]
    assert len(texts) == 6
    assert "\n".join(texts).split("\n") == lines
    path.write_text("x" * 5 * DOCUMENT_CHARACTERS)  # one line
    assert "".join(own(path)["text"][:]) == "x" * 5 * DOCUMENT_CHARACTERS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"there is no text in .*a\.jsonl: give files with at least one sentence"),
        ('{"text": ""}', "there is no text in"),
        ('{"text": "a"}\n{"text": ', r"line 2 of .*a\.jsonl is no JSON"),
        ('{"body": "a"}', r"line 1 of .* has no text under 'text' but the columns \['body'\]"),
        ('{"text": 3}', "has no text under 'text'"),
        ("7", "has no text under 'text' but 7: give column="),
    ],
)
def test_lines_that_are_no_text(tmp_path, content: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(KitError, match=message):
        own(path)


def test_paths_that_are_no_text(tmp_path) -> None:
    with pytest.raises(KitError, match="is not there: give a file or a folder"):
        own(tmp_path / "nothing")
    with pytest.raises(KitError, match=r"has no \.txt or \.jsonl in it"):
        own(tmp_path)
    with pytest.raises(KitError, match="there is no text in no path"):
        own([])


def test_a_hub_corpus_is_streamed(tmp_path) -> None:
    """A folder in place of the hub: `load_dataset` reads both through the same code."""
    rows = [{"body": "One."}, {"body": None}, {"body": " Two.\n"}]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    corpus = hub(str(tmp_path), column="body")
    assert [row["text"] for row in corpus] == ["One.", "Two."]
    assert corpus.column_names == ["text", "origin", "split"]
    with pytest.raises(
        KitError, match=r"no text in column 'text': give column=, one of \['body'\]"
    ):
        hub(str(tmp_path))
    with pytest.raises(KitError, match="cannot be read from the hub"):
        hub(str(tmp_path), column="body", split="test")


def run(program: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_hub_without_a_network() -> None:
    said = run(
        "from kit.data.text_files import hub\n"
        "from kit.errors import KitError\n"
        "try: hub('stanfordnlp/imdb')\n"
        "except KitError as problem: print(problem)",
        HF_HUB_OFFLINE="1",
    )
    assert said.startswith("the corpus 'stanfordnlp/imdb' cannot be read from the hub")
    assert "Connect to the network" in said


LITTLE_MEMORY = """
import resource, sys
from itertools import islice
from kit.data.corpora import windows
from kit.data.text_files import own
from kit.tokenizer import Tokenizer

def held():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmData")).split()[1])

small, large = sys.argv[1:]
tokenizer = Tokenizer.train(["the quick brown fox "] * 3, 270)
list(windows(own(small, stream=True), tokenizer, 8))  # whatever is loaded late is loaded now
limit = held() + 100_000_000
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
corpus = own(large)
print(type(corpus).__name__, sum(len(row["text"]) for row in corpus))
print(sum(len(row["ids"]) for row in islice(windows(corpus, tokenizer, 128), 2000)))
try:
    own(large, stream=False)
except MemoryError:
    print("does not fit")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits and counts a heap so")
def test_more_text_than_memory_is_streamed(tmp_path: Path) -> None:
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text("The quick brown fox jumps over the lazy dog.")
    with large.open("w") as file:
        for number in range(2100):
            file.write(f"{number} the quick brown fox jumps over the lazy dog.\n" * 2000)
    assert large.stat().st_size > 200_000_000
    kind, size, ids, *fails = run(LITTLE_MEMORY, str(small), str(large)).split(maxsplit=3)
    assert kind == "IterableDataset"
    assert int(size) > 0.999 * large.stat().st_size
    assert int(ids) == 2000 * 128
    assert fails == ["does not fit\n"]
    large.unlink()
