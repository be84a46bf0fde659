"""Encoder-decoders of Hugging Face: the same logits and the same texts as `transformers`, in and
out again; each setting used or refused; trained by `fit`."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import encoder_decoders
import families
import pytest
import torch
from safetensors.torch import load_file, save_file

from kit import sources
from kit.errors import KitError
from kit.migrate import STRATEGIES, merge, migrate
from kit.migrate.meaning import OF_PAIRS
from kit.models.generate import generate
from kit.sources import checkpoint
from kit.sources.encoder_decoder_maps import PAIRS
from kit.tasks import summarization, translation
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit

CASES = [(kind, i) for kind, drawn in encoder_decoders.DRAWN.items() for i in range(len(drawn))]
PARTS = ("body", "head")
TEXTS = ["one two three", "A sentence, and another one."]
ROWS = [
    {"english": a, "translation": b, "language": "it", "text": a, "headline": b, "id": str(i)}
    for i, (a, b) in enumerate([("one two", "uno due"), ("the sea", "il mare"), ("a cat", "gatto")])
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS * 2, 265)


@pytest.fixture
def read(tmp_path, tokenizer):
    """Model of `transformers` and the source that is read from its folder."""

    def make(kind: str, number: int = 0):
        model = encoder_decoders.drawn(kind, number)
        model.save_pretrained(tmp_path / "in")
        tokenizer.save(tmp_path / "in" / "tokenizer.json")
        return model, sources.load(tmp_path / "in")

    return make


def tensors(source) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}": tensor.detach().clone()
        for part in PARTS
        for name, tensor in getattr(source, part).state_dict().items()
    }


def same(one, two) -> bool:
    a, b = tensors(one), tensors(two)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_every_pair_is_drawn() -> None:
    assert encoder_decoders.DRAWN.keys() == PAIRS.keys()


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_a_pair_in_and_out(kind: str, number: int, read, tmp_path) -> None:
    model, source = read(kind, number)
    assert encoder_decoders.difference(model, source) <= families.TOLERANCE
    assert source.card["family"] == kind
    out = sources.export(source, tmp_path / "out")
    again = encoder_decoders.from_folder(model, out)
    assert encoder_decoders.difference(again, source) <= families.TOLERANCE
    checkpoint.save(source, tmp_path / "kit")
    for other in (sources.load(out), checkpoint.load(tmp_path / "kit")):
        assert same(source, other)
        assert encoder_decoders.difference(model, other) <= families.TOLERANCE
        assert other.tokenizer.writing() == source.tokenizer.writing()
        tied = [
            s.body.embed.tokens.weight is s.head.decoder.embed.tokens.weight
            for s in (source, other)
        ]
        assert tied[0] == tied[1]


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_the_same_texts_are_generated(kind: str, number: int, read) -> None:
    """With the cache; prompts of unequal length; with the tokens that are forced or forbidden."""
    model, source = read(kind, number)
    for _ in range(3):
        ids, mask, _ = encoder_decoders.batch()
        theirs = model.generate(
            input_ids=ids,
            attention_mask=mask.long(),
            num_beams=1,
            do_sample=False,
            use_cache=(kind, number) != ("t5", 3),  # fails there with more layers in the decoder
            max_new_tokens=14,
        )
        prompts = [row[seen].tolist() for row, seen in zip(ids, mask, strict=True)]
        writing = source.tokenizer.writing()
        forced = 1 if model.generation_config.forced_eos_token_id is not None else 0
        ours = generate(source, prompts, 14 - forced - len(writing["start"]) + 1, **writing)
        for row, written in zip(theirs.tolist(), ours, strict=True):
            first = len(writing["start"])
            assert row[:first] == writing["start"]
            rest = row[first:]
            assert written == (rest[: rest.index(2)] if 2 in rest else rest)


def other(name: str, value: object) -> object:
    """Another value of a setting."""
    if name.endswith("_token_id"):
        return 7
    if name in ("id2label", "label2id"):
        return {"0": "good"} if name == "id2label" else {"good": 0}
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2 or (0.5 if isinstance(value, float) else 1)
    return "relu" if isinstance(value, str) else 7


CHANGED = {kind: {"activation_function", "scale_embedding", "dropout"} for kind in PAIRS}
CHANGED["t5"] = {"layer_norm_epsilon", "scale_decoder_outputs", "relative_attention_max_distance"}
"""Settings that change the logits, and are compared with another value."""


@pytest.mark.parametrize("kind", PAIRS)
def test_each_setting_is_used_as_transformers_does_or_refused(kind, read, tmp_path) -> None:
    model, _ = read(kind)
    settings = json.loads((tmp_path / "in" / "config.json").read_text())
    more = dict.fromkeys(PAIRS[kind].must | PAIRS[kind].same) | {"relative_attention": None}
    refused, compared = set(), set()
    for name in sorted({*settings, *more} - {"model_type", "architectures", "dtype"}):
        changed = settings | {name: other(name, settings.get(name, PAIRS[kind].must.get(name)))}
        if changed == settings:
            continue
        (tmp_path / "in" / "config.json").write_text(json.dumps(changed))
        try:
            ours = sources.load(tmp_path / "in")
        except KitError:
            refused.add(name)
            continue
        try:
            theirs = encoder_decoders.from_folder(model, tmp_path / "in")
        except (RuntimeError, ValueError, TypeError):
            continue
        assert encoder_decoders.difference(theirs, ours) <= families.TOLERANCE, name
        compared.add(name)
    assert {"is_decoder", "vocab_size", "relative_attention"} <= refused
    assert {"eos_token_id"} | CHANGED[kind] <= compared


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("strategy", ["full", "lora"])
@pytest.mark.parametrize("task", [translation, summarization])
def test_exactly_what_is_trained_moves(kind: str, strategy: str, task, read) -> None:
    _, source = read(kind)
    before = tensors(source)
    target = task.target(source, strategy, rate=1e-2)
    rows = task.encode(ROWS, source.tokenizer)
    start = {name: p.detach().clone() for name, p in target.model.named_parameters()}
    fit(target.model, rows, Recipe(steps=10, batch_size=3), **target.training)
    moved = {n for n, p in target.model.named_parameters() if not torch.equal(p, start[n])}
    assert moved == {origin.name for origin in target.origins if origin.rate}
    if strategy == "lora":
        assert all("lora_" in name for name in moved)
        assert any(name.startswith("head.decoder") for name in moved)
        merge(target.model)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tensors(source).items())
    language = {"language": "it"} if task is translation else {}
    assert len(task.predict(target.model, source.tokenizer, ["one", "two"], **language)) == 2
    made = replace(source, body=target.model.body, head=target.model.head)
    assert isinstance(made.tokenizer.decoder_start, int)


def test_a_pickle_is_read_where_there_is_nothing_else(read, tmp_path) -> None:
    """With the names of the tied table that older files have, and never a program."""
    model, source = read("marian")
    folder = tmp_path / "in"
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    assert same(source, sources.load(folder))

    class Bad:
        def __reduce__(self):
            return Path.touch, (tmp_path / "it ran",)

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"shared.weight": Bad()}))
    with pytest.raises(KitError, match="read safely"):
        sources.load(folder)
    assert not (tmp_path / "it ran").exists()
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(KitError, match=r"no \*.safetensors"):
        sources.load(folder)


def test_other_fixed_positions_are_refused(read, tmp_path) -> None:
    model, _ = read("marian")
    (tmp_path / "in" / "model.safetensors").unlink()
    state = model.state_dict()
    state["model.encoder.embed_positions.weight"] = torch.randn(40, model.config.d_model)
    torch.save(state, tmp_path / "in" / "pytorch_model.bin")
    with pytest.raises(KitError, match="not the sines and cosines"):
        sources.load(tmp_path / "in")


@pytest.mark.parametrize("change", ["less", "more", "bias", "table"])
def test_tensors_that_do_not_fit_are_refused(change: str, read, tmp_path) -> None:
    read("bart")
    path = tmp_path / "in" / "model.safetensors"
    state = load_file(path)
    bias, rest = state.pop("final_logits_bias"), dict(state)
    del rest["model.decoder.layers.0.encoder_attn.k_proj.bias"]
    state = {
        "less": rest,
        "more": state | {"model.encoder.layer_norm.weight": torch.ones(24)},
        "bias": state | {"final_logits_bias": bias[:, 1:].contiguous()},
        "table": {k: v for k, v in state.items() if "shared" not in k and "embed_tokens" not in k},
    }[change]
    save_file(state, path)
    with pytest.raises(KitError, match=r"does not fit|do not belong"):
        sources.load(tmp_path / "in")
    loaded = change in ("less", "more") and sources.load(tmp_path / "in", strict=False)
    assert not loaded or len(loaded.card["problems"]) == 1


@pytest.mark.parametrize("kind", ["marian", "t5"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_keeps_the_law_or_is_refused(kind: str, strategy: str, read) -> None:
    _, source = read(kind)
    body = type(source.body)(source.body.config)
    options = {"into": {"target": body}, "domain_first": {"adapt": lambda body: None}}
    options["move_vocabulary"] = {"old": source.tokenizer, "new": source.tokenizer}
    try:
        target = migrate(source, None, strategy, **options.get(strategy, {}))
    except KitError as error:
        assert strategy in (*OF_PAIRS, "bias_only", "quantized_lora"), error
        return
    assert strategy not in OF_PAIRS
    start = {name: p.detach().clone() for name, p in target.model.named_parameters()}
    rows = translation.encode(ROWS, source.tokenizer)
    fit(target.model, rows, Recipe(steps=10, batch_size=3), **target.training)
    moved = {n for n, p in target.model.named_parameters() if not torch.equal(p, start[n])}
    assert moved == {origin.name for origin in target.origins if origin.rate}


@pytest.mark.parametrize("kind", PAIRS)
@torch.no_grad()
def test_padding_may_be_anywhere(kind: str, read) -> None:
    """Also on the left, where `transformers` counts it: each text as if it stood alone."""
    _, source = read(kind)
    ids, mask, target = encoder_decoders.batch()
    padded = source.head(source.body(ids, mask), mask, target)
    left = source.head(source.body(ids.flip(1), mask.flip(1)), mask.flip(1), target)
    for i, row in enumerate(ids):
        alone = row[mask[i]][None]
        one = source.head(source.body(alone), torch.ones_like(alone).bool(), target[i : i + 1])[0]
        torch.testing.assert_close(padded[i], one, atol=1e-4, rtol=1e-4)
        flipped = alone.flip(1)
        one = source.head(source.body(flipped), torch.ones_like(alone).bool(), target[i : i + 1])
        torch.testing.assert_close(left[i], one[0], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_attention_weights_of_relative_positions_are_those_that_are_used(read) -> None:
    _, source = read("t5")
    ids, mask, _ = encoder_decoders.batch()
    hidden, weights = source.body(ids, mask, explain=True)
    torch.testing.assert_close(hidden, source.body(ids, mask))
    torch.testing.assert_close(weights[0].sum(-1), torch.ones_like(weights[0][..., 0]))
    assert weights[0][~mask[:, None, None].expand_as(weights[0])].eq(0).all()


def test_a_small_one_learns_its_pairs(read) -> None:
    _, source = read("marian")
    target = translation.target(source, "full", rate=5e-3)
    rows = translation.encode(ROWS, source.tokenizer)
    fit(target.model, rows, Recipe(steps=120, batch_size=3), **target.training)
    answers = translation.predict(
        target.model, source.tokenizer, [row["english"] for row in ROWS], language="it"
    )
    assert answers == [row["translation"] for row in ROWS]


REFUSED = {
    "forced_eos_token_id": (5, "another token"),
    "eos_token_id": ([2, 3], "with one token"),
    "decoder_start_token_id": (290, "none of the tokenizer's"),
    "num_hidden_layers": (9, "the same thing"),
    "bad_words_ids": ([[5, 6]], "one token at most"),
    "force_bos_token_to_be_generated": (True, "no longer reads"),
    "tie_word_embeddings": ("yes", "true or false"),
    "scale_embedding": (3, "true or false"),
    "normalize_before": (True, "only False"),
    "extra_pos_embeddings": (0, "only 2"),
    "activation_function": ("quick_gelu", "the kit knows"),
}
REFUSED_T5 = {
    "feed_forward_proj": ("odd-gelu", "with or without gated-"),
    "dense_act_fn": ("gelu", "feed_forward_proj says 'relu'"),
    "is_gated_act": (True, "feed_forward_proj says False"),
    "scale_decoder_outputs": (3, "true or false"),
    "relative_attention_max_distance": (3, "give more than 4"),
    "num_layers": ("two", "a whole number"),
}


@pytest.mark.parametrize("name", REFUSED | REFUSED_T5)
def test_what_is_not_read_is_refused_by_name(name: str, read, tmp_path) -> None:
    read(*(("bart", 2) if name in REFUSED else ("t5", 0)))
    value, message = (REFUSED | REFUSED_T5)[name]
    for file in ("config.json", "generation_config.json"):
        path = tmp_path / "in" / file
        fields = json.loads(path.read_text())
        if file == "config.json" or name in fields:
            path.write_text(json.dumps(fields | {name: value}))
    with pytest.raises(KitError, match=message):
        sources.load(tmp_path / "in")


def test_how_transformers_would_search_is_on_the_card(read, tmp_path) -> None:
    read("bart")
    path = tmp_path / "in" / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_beams": 4, "min_length": 0}))
    assert sources.load(tmp_path / "in").card["generation"] == {"num_beams": 4}
