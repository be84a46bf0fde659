"""The tokenizer of a Marian folder: source.spm, target.spm and vocab.json, without SentencePiece.

Each .spm file is a Unigram model (Kudo 2018, arXiv:1804.10959) of one language, in protocol
buffers; vocab.json gives the pieces of both their ids. So there are two tokenizers with the same
ids: one reads texts, the other one, its `target_side`, the texts that the model shall write. A
piece of the other language stands with `HIDDEN` before it, which no text has: it is decoded, and
found in a text only where its letters are unknown, as in `transformers`.
Source: sentencepiece_model.proto of SentencePiece.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Pipeline

from kit.errors import KitError
from kit.tokenizer import HIDDEN, Tokenizer

__all__ = ["FILES", "SentencePieces", "marian_tokenizer", "read_pieces"]

FILES = ("source.spm", "target.spm", "vocab.json")
OTHER = "\ufdd1"
"""What a text gets in place of `HIDDEN`: another code point that stands for no character."""
NORMAL, UNKNOWN, CONTROL, UNUSED = 1, 2, 3, 5
"""Types of pieces."""
UNIGRAM = 1
REMEDY = "give a folder with a tokenizer.json, which the tokenizers library writes."


@dataclass(frozen=True)
class SentencePieces:
    """The content of an .spm file."""

    pieces: dict[str, tuple[float, int]]
    """Piece -> its score, log p, and its type."""
    charsmap: bytes
    """How characters are normalised; empty for not at all."""


def marian_tokenizer(folder: Path, **special: str | None) -> Tokenizer:
    """The tokenizer of a Marian folder; KitError where its files have what cannot be converted
    exactly, naming it."""
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise KitError(f"{folder} lacks {', '.join(missing)}: fetch its files again, or {REMEDY}")
    ids = _vocabulary(folder / FILES[2])
    source, target = (_tokenizer(read_pieces(folder / name), ids, special) for name in FILES[:2])
    source.target_side = target
    return source


def _vocabulary(path: Path) -> dict[str, int]:
    """Piece -> id of a vocab.json."""
    try:
        ids = json.loads(path.read_text(encoding="utf-8"))
        dense = sorted(ids.values()) == list(range(len(ids)))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise KitError(f"{path} is no vocabulary ({error}): fetch it again.") from error
    if not dense or not {"</s>", "<unk>"} <= ids.keys():
        raise KitError(
            f"{path} does not number its pieces 0, 1, 2, ..., or lacks </s> or <unk>: fetch it "
            f"again, or {REMEDY}"
        )
    return ids


def read_pieces(path: Path) -> SentencePieces:
    """The pieces of an .spm file; KitError for one that is not whole, and for settings that
    `tokenizers` does not have."""
    pieces: dict[str, tuple[float, int]] = {}
    settings: dict[str, object] = {"model_type": UNIGRAM, "add_dummy_prefix": 1}
    settings |= {"remove_extra_whitespaces": 1, "escape_whitespaces": 1, "suffix": 0, "bytes": 0}
    names = {(2, 3): "model_type", (2, 24): "suffix", (2, 35): "bytes", (3, 2): "charsmap"}
    names |= {(3, 3): "add_dummy_prefix", (3, 4): "remove_extra_whitespaces"}
    names |= {(3, 5): "escape_whitespaces"}
    try:
        for number, part in _fields(path.read_bytes()):
            if number == 1:
                piece = dict(_fields(part))
                [score] = struct.unpack("<f", piece.get(2, bytes(4)))
                pieces[piece[1].decode()] = score, piece.get(3, NORMAL)
            elif number in (2, 3):
                given = {names.get((number, inner)): value for inner, value in _fields(part)}
                settings |= {name: value for name, value in given.items() if name}
    except (OSError, ValueError, IndexError, KeyError, struct.error, AttributeError) as error:
        raise KitError(
            f"{path} is no whole SentencePiece file ({error}): fetch it again."
        ) from error
    charsmap = settings.pop("charsmap", b"")
    _check(path, pieces, settings)
    return SentencePieces(pieces, charsmap)


def _check(path: Path, pieces: dict, settings: dict) -> None:
    """Raise KitError, with its name, for what cannot be converted exactly."""
    wanted = {"model_type": UNIGRAM, "suffix": 0, "bytes": 0}
    wanted |= dict.fromkeys(("add_dummy_prefix", "remove_extra_whitespaces"), 1)
    wanted["escape_whitespaces"] = 1
    names = {"suffix": "treat_whitespace_as_suffix", "bytes": "byte_fallback"}
    for name, value in wanted.items():
        if settings[name] != value:
            raise KitError(
                f"{path} has {names.get(name, name)}={settings[name]}, and only {value} can be "
                f"converted exactly: {REMEDY}"
            )
    for piece, (_, kind) in pieces.items():
        if kind not in (NORMAL, UNKNOWN, CONTROL, UNUSED) or "▁" in piece[1:].lstrip("▁"):
            raise KitError(
                f"{path} has the piece {piece!r} (type {kind}), of which tokenizers has no exact "
                f"counterpart: {REMEDY}"
            )
    if not any(kind == NORMAL for _, kind in pieces.values()):
        raise KitError(f"{path} has no pieces: fetch it again.")


def _fields(content: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and value of each field of a message: bytes, or a whole number."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(content, place)
        else:
            size, place = _varint(content, place) if kind == 2 else ({1: 8, 5: 4}[kind], place)
            value, place = content[place : place + size], place + size
            if place > len(content):
                raise ValueError("it ends early")
        yield key >> 3, value


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        shift, place = shift + 7, place + 1
        if byte < 128:
            return value, place


def _tokenizer(model: SentencePieces, ids: dict[str, int], special: dict) -> Tokenizer:
    """The tokenizer of one language, with the ids of both."""
    normal = {piece: score for piece, (score, kind) in model.pieces.items() if kind == NORMAL}
    entries = [
        (piece, normal[piece]) if piece in normal else (HIDDEN + piece, 0.0)
        for piece in sorted(ids, key=ids.__getitem__)
    ]
    alone = [piece for piece in ids if piece in ("</s>", "<unk>", "<pad>") or _is_language(piece)]
    for piece in alone:
        entries[ids[piece]] = piece, 0.0
    absent = [(piece, score) for piece, score in normal.items() if piece not in ids]
    if absent:
        special = special | {"unknown_from": absent[0][0]}
    pipeline = Pipeline(models.Unigram([*entries, *absent], ids["<unk>"]))
    steps = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
    pipeline.normalizer = normalizers.Sequence(
        [normalizers.Replace(HIDDEN, OTHER), *steps]
        + [normalizers.Replace(Regex(p), r) for p, r in (("^ +| +$", ""), (" {2,}", " "))]
    )
    pipeline.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    pipeline.decoder = decoders.Sequence(
        [decoders.Replace(HIDDEN, ""), decoders.Metaspace(prepend_scheme="always")]
    )
    languages = [piece for piece in alone if _is_language(piece)]
    pipeline.add_special_tokens([piece for piece in alone if piece not in languages])
    pipeline.add_tokens([AddedToken(piece, normalized=False) for piece in languages])
    pipeline.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A $B </s>", special_tokens=[("</s>", ids["</s>"])]
    )
    return Tokenizer(pipeline, **special)


def _is_language(piece: str) -> bool:
    """Whether it names a target language, as >>fra<< does at the beginning of a text."""
    return piece.startswith(">>") and piece.endswith("<<") and len(piece) > 4
