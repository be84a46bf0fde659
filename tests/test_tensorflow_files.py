"""TensorFlow checkpoints are read and written without TensorFlow."""

import os
import struct
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kit.data import archives
from kit.errors import KitError
from kit.sources import tensorflow

FOLDER = "neuroner/trained_models/conll_2003_en/"
KINDS = ["f4", "f8", "i4", "u1", "i2", "i1", "i8", "b1", "u2", "f2", "u4", "u8"]
SHAPES = arrays.array_shapes(min_dims=0, min_side=0, max_side=5)


@pytest.fixture(scope="module")
def published(tmp_path_factory, data) -> Path:
    """The checkpoint that TensorFlow 1 wrote for NeuroNER, as a folder."""
    folder = tmp_path_factory.mktemp("neuroner")
    for member in archives.members("conll", f"{FOLDER}model.ckpt.*"):
        (folder / Path(member).name).write_bytes(archives.read("conll", member))
    return folder


def test_a_checkpoint_of_2017_is_read_whole(published: Path) -> None:
    tensors = tensorflow.read(published)
    assert len(tensors) == 24 and sum(t.nbytes for t in tensors.values()) == 12_325_916
    assert tensors["token_embedding/token_embedding_weights"].shape == (28984, 100)
    assert tensors["crf/transitions"].shape == (19, 19)
    assert tensors["global_step"] == 561_640
    assert all(numpy.isfinite(t).all() for t in tensors.values())
    [step] = tensorflow.read(published / "model.ckpt", ["global_step"]).values()
    assert step.shape == () and step.dtype == numpy.int32


def test_what_is_written_is_read_again_and_by_another_name(published: Path, tmp_path: Path) -> None:
    tensors = tensorflow.read(published)
    tensorflow.write(tmp_path / "variables/variables", tensors)  # as in a SavedModel
    again = tensorflow.read(tmp_path)
    assert list(again) == sorted(tensors)
    for name, values in tensors.items():
        numpy.testing.assert_array_equal(values, again[name])
    files = [tmp_path / "variables/variables.data-00000-of-00001", published / "model.ckpt.index"]
    assert files[0].stat().st_size == 12_325_916 and not list(tmp_path.rglob("*.part"))


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=300),
        st.sampled_from(KINDS).flatmap(
            lambda kind: arrays.arrays(
                kind, arrays.array_shapes(min_dims=0, min_side=0, max_side=5)
            )
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_tensors_come_back(tmp_path_factory, tensors) -> None:
    tensors = {k: v for k, v in tensors.items() if k.isprintable()} or {"a": numpy.ones(3)}
    path = tmp_path_factory.mktemp("any") / "model"
    tensorflow.write(path, tensors)
    again = tensorflow.read(path)
    assert set(again) == set(tensors)
    for name, values in tensors.items():
        assert again[name].dtype == values.dtype
        numpy.testing.assert_array_equal(again[name], values)


def test_tensorflow_reads_what_the_kit_writes(published: Path, tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow", reason="the extra [tensorflow] is not installed")
    tensors = tensorflow.read(published)
    tensorflow.write(tmp_path / "model", tensors)
    reader = tf.train.load_checkpoint(str(tmp_path / "model"))
    assert set(reader.get_variable_to_shape_map()) == set(tensors)
    for name, values in tensors.items():
        numpy.testing.assert_array_equal(reader.get_tensor(name), values)


def test_the_checksum_is_the_published_one() -> None:
    assert tensorflow.crc32c(b"123456789") == 0xE3069283  # RFC 3720, appendix B.4
    assert tensorflow.crc32c(bytes(32)) == 0x8A9136AA
    for size in (0, 1, 127, 128, 129, 1000, 70_001):
        content = os.urandom(size)
        assert tensorflow.crc32c(content) == tensorflow._one_by_one(content)


@pytest.mark.parametrize("place", [10, -60, -1])
def test_a_damaged_table_is_refused(published: Path, tmp_path: Path, place: int) -> None:
    copy(published, tmp_path)
    damage(tmp_path / "model.ckpt.index", place)
    with pytest.raises(KitError, match=r"damaged|no TensorFlow table"):
        tensorflow.read(tmp_path)


def test_a_damaged_number_is_refused_by_its_tensor(published: Path, tmp_path: Path) -> None:
    copy(published, tmp_path)
    entry = tensorflow.entries(tmp_path)["crf/transitions"]
    damage(tmp_path / "model.ckpt.data-00000-of-00001", entry.offset + 7)
    with pytest.raises(KitError, match="checksum of crf/transitions is wrong"):
        tensorflow.read(tmp_path)
    assert tensorflow.read(tmp_path, ["global_step"])


def test_an_incomplete_checkpoint_says_what_is_missing(published: Path, tmp_path: Path) -> None:
    copy(published, tmp_path)
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1000])
    with pytest.raises(KitError, match=r"too short for .*: the checkpoint is incomplete"):
        tensorflow.read(tmp_path)
    data.unlink()
    with pytest.raises(KitError, match=r"data-00000-of-00001 is missing"):
        tensorflow.read(tmp_path)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="is no TensorFlow checkpoint"):
        tensorflow.read(tmp_path / "nothing")
    with pytest.raises(KitError, match="holds none"):
        tensorflow.read(tmp_path)
    for name in "ab":
        tensorflow.write(tmp_path / name, {"w": numpy.ones(2)})
    with pytest.raises(KitError, match=r"holds a\.index, b\.index: name one"):
        tensorflow.read(tmp_path)
    with pytest.raises(KitError, match="has no tensor 'v': it has w"):
        tensorflow.read(tmp_path / "a", ["v"])
    with pytest.raises(KitError, match="at least one tensor"):
        tensorflow.write(tmp_path / "c", {})
    with pytest.raises(KitError, match="no type for complex64"):
        tensorflow.write(tmp_path / "c", {"w": numpy.ones(2, numpy.complex64)})


def test_partitions_strings_and_bfloat16(tmp_path: Path, monkeypatch) -> None:
    """The kinds of entries that the kit itself never writes."""
    path = tmp_path / "m"
    monkeypatch.setitem(tensorflow.DTYPES, 14, "<V2")  # written as its two bytes
    halves = numpy.frombuffer(struct.pack("<3H", 0x3F80, 0xC000, 0x3EC0), "<V2")
    tensorflow.write(path, {"half": halves})
    monkeypatch.undo()
    numpy.testing.assert_array_equal(tensorflow.read(path)["half"], [1.0, -2.0, 0.375])

    rows = {"": b"\x08\x01", "part": tensorflow._field(1, 1) + tensorflow._field(7, b"\x0a\x00")}
    Path(f"{path}.index").write_bytes(tensorflow._write_table(rows))
    with pytest.raises(KitError, match="part is a partitioned variable"):
        tensorflow.read(path)

    rows = {"": b"\x08\x01", "graph": tensorflow._field(1, tensorflow.STRING)}
    Path(f"{path}.index").write_bytes(tensorflow._write_table(rows))
    assert tensorflow.read(path) == {}
    with pytest.raises(KitError, match="graph has TensorFlow's type 7"):
        tensorflow.read(path, ["graph"])


def copy(folder: Path, to: Path) -> None:
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())


def damage(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
