"""Sizes before tensors: what a small file claims is compared with the file at once."""

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from migrations import TOKENS, source
from test_gguf import gguf_file
from test_sources import changed, made, tokenizer  # noqa: F401 (fixtures)

from kit import sources
from kit.data.own import Column, read
from kit.errors import KitError
from kit.models import RNNConfig, TransformerConfig
from kit.runtime import peak_memory
from kit.sources import checkpoint, gguf_header

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # transformers' own

SECONDS, MEGABYTES = 2.0, 100
"""The most that a refusal may take on a loaded machine; it takes a few hundredths of a second."""
MANY = (10_000_000, 10**30)


def refused(load: Callable[[], object], match: str) -> None:
    """The call raises one KitError, quickly and in little memory."""
    memory, began = peak_memory(), time.perf_counter()
    with pytest.raises(KitError, match=match) as error:
        load()
    assert len(str(error.value)) < 900
    assert time.perf_counter() - began < SECONDS
    assert peak_memory() - memory < MEGABYTES


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return checkpoint.save(source("gpt"), tmp_path / "it")


def claim(folder: Path, part: str = "body", **sizes) -> None:
    path = folder / checkpoint.JSON
    about = json.loads(path.read_text(encoding="utf-8"))
    about[part]["config"] |= sizes
    path.write_text(json.dumps(about), encoding="utf-8")


@pytest.mark.parametrize("n", MANY)
@pytest.mark.parametrize("size", ["layers", "vocabulary", "intermediate_size", "block_size"])
def test_a_checkpoint_that_claims_more_than_it_has(size: str, n: int, saved: Path) -> None:
    claim(saved, **{size: n})
    refused(lambda: checkpoint.load(saved), "does not describe its tensors|whole number")


def test_a_head_and_a_width_that_claim_more(saved: Path) -> None:
    claim(saved, "head", vocabulary=5_000_000)
    refused(lambda: checkpoint.load(saved), "does not describe its tensors")
    claim(saved, width=10**8, heads=1)
    refused(lambda: checkpoint.load(saved), "does not describe its tensors")


@pytest.mark.parametrize("value", [-1, 0, 2.5, "2", True, [2], float("nan")])
def test_a_size_that_is_none(value: object, saved: Path) -> None:
    claim(saved, layers=value)
    with pytest.raises(KitError, match=r"layers=.*whole number|does not describe"):
        checkpoint.load(saved)
    with pytest.raises(KitError, match=r"layers=.*whole number"):
        RNNConfig(vocabulary=10, width=4, layers=value)
    shape = {"vocabulary": 9, "width": 8, "heads": 2, "intermediate_size": 8, "block_size": 8}
    with pytest.raises(KitError, match=r"layers=.*whole number"):
        TransformerConfig(layers=value, **shape)


def deep(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000)


def digits(path: Path) -> None:
    path.write_text('{"format": 2, "sha256": ' + "9" * 5000 + "}")


@pytest.mark.parametrize("damage", [deep, digits])
def test_json_that_python_cannot_read(damage, saved: Path, changed) -> None:  # noqa: F811
    damage(saved / checkpoint.JSON)
    refused(lambda: sources.load(saved), "no checkpoint")
    folder = changed()
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        damage(folder / name)
        refused(lambda: sources.load(folder), rf"{name} (cannot be read|holds|is no)")


@pytest.mark.parametrize("n", MANY)
@pytest.mark.parametrize("size", ["num_hidden_layers", "vocab_size", "intermediate_size"])
def test_a_config_json_that_claims_more(size: str, n: int, changed) -> None:  # noqa: F811
    folder = changed(**{size: n})
    refused(lambda: sources.load(folder), "layers|does not fit|whole number|GB of memory")


@pytest.mark.parametrize("value", ["24", 2.5, -3, [24], None])
def test_a_config_json_with_a_size_that_is_none(value: object, changed) -> None:  # noqa: F811
    folder = changed(hidden_size=value)
    with pytest.raises(KitError, match=r"hidden_size=.*whole number"):
        sources.load(folder)


def test_a_folder_without_weights_says_what_was_looked_for(tmp_path: Path) -> None:
    refused(lambda: sources.load(tmp_path), "neither source.json.*nor config.json.*nothing")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    refused(lambda: sources.load(tmp_path), "no tokenizer.json")
    TOKENS.save(tmp_path / "tokenizer.json")
    refused(lambda: sources.load(tmp_path), r"no \*.safetensors")


def patched(path: Path, key: bytes, kind: str, value: int, after: int = 4) -> None:
    """Overwrite the number of a field; after: bytes between its key and the number."""
    content = bytearray(path.read_bytes())
    struct.pack_into(kind, content, content.index(key) + len(key) + after, value)
    path.write_bytes(content)


def test_a_gguf_header_that_claims_more(tmp_path: Path) -> None:
    path = tmp_path / "small.gguf"
    for damage in (
        lambda: patched(path, b"llama.block_count", "<I", 10_000_000),
        lambda: patched(path, b"llama.feed_forward_length", "<I", 2**30),
        lambda: patched(path, b"tokenizer.ggml.tokens", "<Q", 2**40, after=8),
        lambda: patched(path, b"tokenizer.ggml.token_type", "<Q", 2**40, after=8),
        lambda: patched(path, b"tokenizer.ggml.token_type", "<Q", 3_000_000, after=8),
        lambda: patched(path, b"GGUF", "<Q", 2**50),  # tensors
        lambda: patched(path, b"GGUF", "<Q", 2**50, after=12),  # fields
    ):
        gguf_file(path)
        damage()
        refused(lambda: sources.load(path), "no whole GGUF|does not fit|layers, and|GB of memory")


def test_a_gguf_header_that_is_not_understood(tmp_path: Path) -> None:
    path = tmp_path / "odd.gguf"
    field = struct.pack("<Q", 1) + b"k" + struct.pack("<II", 4, 7)
    for content, says in {
        b"": "no header",
        b"GGML" + bytes(30): "does not begin with GGUF",
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0): "big-endian",
        b"GGUF" + struct.pack("<IQQ", 1, 0, 0): "version is 1",
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + 2 * field: "field 'k' twice",
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + field[:-2]: "more than it holds",
    }.items():
        path.write_bytes(content)
        refused(lambda: sources.load(path), f"no whole GGUF file .*{says}")
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + field)
    assert gguf_header.read(path) == ({"k": 7}, [])


WANTS = {"text": Column("text"), "label": Column("class", ("no", "yes"))}
LONG = "9" * 5000


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv"])
def test_a_number_of_5000_digits_is_one_bad_row(name: str, tmp_path: Path) -> None:
    labels = ["1", LONG, "0", f"{LONG}.0", "1"]
    rows = [f'{{"text": "a film", "label": {label}}}' for label in labels]
    text = {
        "rows.jsonl": "\n".join(rows),
        "rows.json": "[\n" + ",\n".join(rows) + "\n]",
        "rows.csv": "text,label\n" + "".join(f"a film,{label}\n" for label in labels),
    }
    (tmp_path / name).write_text(text[name])
    report = read(tmp_path / name, WANTS)
    assert (len(report.good), len(report.bad)) == (3, 2)
    number = read(tmp_path / name, {"label": Column("number")})
    assert (len(number.good), len(number.bad)) == (3, 2)


def test_a_row_of_json_within_json_is_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"text": "a film", "label": 1}\n'
    for depth in (900, 3_000, 100_000):
        path.write_text(good + '{"a":' * depth + "1" + "}" * depth + "\n" + good)
        report = read(path, WANTS)
        assert (len(report.good), len(report.bad)) == (2, 1)
