"""Checkpoints: what comes back is what was saved, and nothing else is ever read or run."""

import json
import os
import pickle
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from test_heads import BODIES, HEADS, V, batch, model_of

from kit.errors import KitError
from kit.models import (
    CopyHead,
    LanguageHead,
    Model,
    SequenceHead,
    Transformer,
    TransformerConfig,
)
from kit.sources import Source
from kit.sources.builtin import load_builtin
from kit.sources.checkpoint import FORMAT, JSON, RENAMED, TENSORS, load, save
from kit.tokenizer import Tokenizer

TOKENS = Tokenizer.train(Path(__file__).read_text(encoding="utf-8").splitlines() * 2, size=V)
CARD = {"data": "this file", "licence": "MIT", "seed": 0, "scores": {"bits per byte": 1.5}}


def source_of(body: str, head: str) -> Source:
    model = model_of(body, head)
    return Source("école", model.body, TOKENS, model.head, CARD)


@pytest.fixture
def saved(tmp_path) -> Path:
    return save(source_of("lstm", "tied language"), tmp_path / "it")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("head", HEADS)
def test_what_comes_back_is_what_was_saved(body, head, tmp_path):
    source = source_of(body, head)
    again = load(save(source, tmp_path / "it"))
    assert (again.name, again.card, again.body.config) == ("école", CARD, source.body.config)
    assert again.tokenizer.encode("<s> école") == TOKENS.encode("<s> école")
    before, after = Model(source.body, source.head), Model(again.body, again.head).eval()
    assert torch.equal(after(**batch(head)), before(**batch(head)))
    assert len(list(after.parameters())) == len(list(before.parameters()))  # ties are kept


def test_a_body_alone(tmp_path):
    source = source_of("bert", "rating")
    source.head = None
    again = load(save(source, tmp_path / "it"))
    assert again.head is None
    read = batch("rating")
    assert torch.equal(again.body.eval()(**read), source.body(**read))


def test_a_tied_tensor_is_written_once_and_half_takes_half(saved, tmp_path):
    source = source_of("lstm", "tied language")
    numbers = sum(p.numel() for p in source.body.parameters())
    half = save(source, tmp_path / "half", half=True)
    assert 4 * numbers < (saved / TENSORS).stat().st_size < 4 * numbers + 3000
    assert 2 * numbers < (half / TENSORS).stat().st_size < 2 * numbers + 3000
    for (name, p), q in zip(
        source.body.named_parameters(), load(half).body.parameters(), strict=True
    ):
        assert q.dtype == torch.float32, name
        torch.testing.assert_close(q, p, rtol=1e-3, atol=1e-6)


def in_format_1(described: object) -> object:
    """A description of a body or head with the field names that format 1 had."""
    if not isinstance(described, dict):
        return described
    old = {new: old for old, new in RENAMED.items()}
    return {old.get(name, name): in_format_1(value) for name, value in described.items()}


@pytest.mark.parametrize("head", ["tied language", "sequence", "copy"])
def test_format_1_is_read_with_its_old_field_names(head, tmp_path):
    body, decoder = (
        Transformer(
            TransformerConfig(
                vocabulary=V, width=8, layers=1, heads=2, head_size=6, intermediate_size=20,
                block_size=40, norm_eps=1e-3, causal=cross, cross=cross,
            )
        ).eval()
        for cross in (False, True)
    )  # fmt: skip
    heads = {"tied language": lambda: LanguageHead.tied(body)}
    heads |= {"sequence": lambda: SequenceHead(8, decoder), "copy": lambda: CopyHead(8, decoder)}
    folder = save(Source("old", body, TOKENS, heads[head](), CARD), tmp_path / "it")
    about = json.loads((folder / JSON).read_text(encoding="utf-8"))
    about |= {"format": 1, "body": in_format_1(about["body"]), "head": in_format_1(about["head"])}
    text = json.dumps(about)
    assert all(f'"{old}"' in text for old in RENAMED)
    assert not any(f'"{new}"' in text for new in RENAMED.values())
    (folder / JSON).write_text(text, encoding="utf-8")
    again = load(folder)
    assert again.body.config == body.config
    if head != "tied language":
        assert again.head.decoder.config == decoder.config
    ids = torch.tensor([[5, 6, 7]])
    assert torch.equal(again.body.eval()(ids), body(ids))


@pytest.mark.parametrize(
    ("name", "intermediate_size", "block_size"),
    [("transformer_encoder", 768, 512), ("transformer_writer", 640, 256)],
)
def test_the_shipped_transformers_have_the_right_shape(name, intermediate_size, block_size):
    config = load_builtin(name).body.config
    assert (config.intermediate_size, config.block_size) == (intermediate_size, block_size)
    assert (config.norm_eps, config.head_size) == (1e-5, None)


def test_loading_leaves_the_random_numbers_alone(saved):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load(saved)
    assert torch.equal(torch.rand(3), expected)


def test_a_role_that_was_named_stays(tmp_path):
    source = source_of("gru", "rating")
    source.tokenizer = Tokenizer.load(TOKENS.to_json().encode(), eos="<mask>")
    assert load(save(source, tmp_path / "it")).tokenizer.eos == TOKENS.mask


def test_saving_again_replaces_and_leaves_nothing_behind(saved):
    save(source_of("gru", "rating"), saved)
    assert load(saved).body.config.cell == "gru"
    assert [p.name for p in saved.parent.iterdir()] == ["it"]


def test_a_save_that_fails_leaves_what_was_there(saved):
    source = source_of("gru", "rating")
    source.card = {"score": object()}
    with pytest.raises(TypeError):
        save(source, saved)
    assert load(saved).body.config.cell == "lstm"
    assert [p.name for p in saved.parent.iterdir()] == ["it"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(KitError, match="is no checkpoint"):
        save(source_of("gru", "rating"), tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_tokens_that_do_not_fit_are_not_saved(tmp_path):
    source = source_of("gru", "rating")
    source.tokenizer = Tokenizer.train(
        Path(__file__).read_text(encoding="utf-8").splitlines(), V + 1
    )
    with pytest.raises(KitError, match="does not fit a model"):
        save(source, tmp_path / "it")


class Harmful:
    """What a pickle can do: run a program when it is read."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(bytes(content))


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes))


def swap(folder, content):
    (folder / TENSORS).write_bytes(content)
    edit(folder / JSON, sha256=sha256(content).hexdigest())


def torch_file() -> bytes:
    torch.save({"w": Harmful()}, "w.pt")
    return Path("w.pt").read_bytes()


RNN_OF_10 = {"class": "RNN", "config": {"vocabulary": 10, "width": 4}}
DAMAGE = {
    "tensors cut short": (lambda f: cut(f / TENSORS), "cut short, or changed"),
    "one bit": (lambda f: flip(f / TENSORS), "cut short, or changed"),
    "json cut short": (lambda f: cut(f / JSON), "source.json is cut short"),
    "json of something else": (lambda f: (f / JSON).write_text("[]"), "no checkpoint"),
    "no tensors": (lambda f: (f / TENSORS).unlink(), "tensors.safetensors is not there"),
    "no json": (lambda f: (f / JSON).unlink(), "source.json is not there"),
    "a pickle": (lambda f: swap(f, pickle.dumps(Harmful())), "a pickle, which can run"),
    "a torch file": (lambda f: swap(f, torch_file()), "a pickle, which can run"),
    "no safetensors": (lambda f: swap(f, b"weights"), "is no safetensors file"),
    "newer": (lambda f: edit(f / JSON, format=FORMAT + 1), "newer than 2: update the kit"),
    "another class": (
        lambda f: edit(f / JSON, body={"class": "os.mkdir", "config": {"path": "harm"}}),
        "cannot hold a 'os.mkdir'",
    ),
    "another shape": (lambda f: edit(f / JSON, body=RNN_OF_10), "does not describe its tensors"),
    "an unknown switch": (
        lambda f: edit(f / JSON, body={"class": "RNN", "config": {"depth": 3}}),
        "does not describe its tensors.*depth",
    ),
    "a tie to nothing": (
        lambda f: edit(f / JSON, shared={"head.forward": "body.embedding.weight"}),
        "does not describe its tensors",
    ),
    "no head": (lambda f: edit(f / JSON, head=None), "does not describe its tensors"),
    "no name": (lambda f: edit(f / JSON, special={"eos": 3}), "does not describe"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_refused_and_never_run(damage, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    act, says = DAMAGE[damage]
    act(saved)
    with pytest.raises(KitError, match=says):
        load(saved)
    assert not Path("harm").exists()


def test_a_weights_file_alone_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(KitError, match="never read"):
        load(tmp_path)
    with pytest.raises(KitError, match="a checkpoint is a folder"):
        load(tmp_path / "pytorch_model.bin")


def test_a_body_with_parts_that_its_config_does_not_tell_of_is_refused(tmp_path):
    body = Transformer(
        TransformerConfig(
            vocabulary=300, width=8, layers=1, heads=2, intermediate_size=8, block_size=8
        )
    )
    body.blocks[0].extra = torch.nn.Linear(8, 8)
    with pytest.raises(KitError, match=r"2 in all.*merge LoRA"):
        save(Source("adapted", body, Tokenizer.train(["some text"], size=260)), tmp_path / "to")
    assert not (tmp_path / "to").exists()
