"""Matrices in 4 to 8 bits: the numbers of `gguf`, products and gradients of the expanded matrix,
and training by LoRA beside it."""

import copy

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, quants

from kit import sources
from kit.errors import KitError
from kit.migrate import merge, migrate
from kit.models import LanguageHead, Model, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.models.quantized_matrix import (
    KINDS,
    QuantizedMatrix,
    dense,
    expand_matrices,
    matrices,
    packed_is_faster,
    quantize,
)
from kit.sources import Source, checkpoint
from kit.tasks import sentiment
from kit.train import Recipe, fit

ROUNDED = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
K_KINDS = ("Q4_K", "Q5_K", "Q6_K")
EXACT = {"rtol": 1e-5, "atol": 1e-5}


def matrix(kind: str, rows: int = 48, columns: int = 256) -> QuantizedMatrix:
    """Random blocks, whose scales are small finite numbers."""
    draw = np.random.default_rng(0)
    if kind in ROUNDED:
        return quantize(torch.from_numpy(draw.normal(size=(rows, columns)).astype("f4")), kind)
    size, block = KINDS[kind].size, KINDS[kind].block
    blocks = draw.integers(0, 256, (rows, columns // block, size), dtype=np.uint8)
    scale = np.frombuffer(np.array([0.01, 0.02], "<f2").tobytes(), np.uint8)
    if kind == "Q6_K":
        blocks[..., -2:] = scale[:2]
    else:
        blocks[..., :4] = scale
    return QuantizedMatrix(torch.from_numpy(blocks.reshape(rows, -1)), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_gguf(kind: str) -> None:
    given = matrix(kind)
    theirs = quants.dequantize(given.blocks.numpy(), GGMLQuantizationType[kind])
    assert GGMLQuantizationType[kind] == KINDS[kind].number
    assert torch.equal(given.expand(), torch.from_numpy(theirs))
    rows = torch.tensor([[3, 0], [47, 3]])
    assert torch.equal(given.expand(rows), given.expand()[rows])
    assert given.is_finite() and given.shape == theirs.shape


@pytest.mark.parametrize("kind", KINDS)
def test_a_product_and_its_gradient_are_those_of_the_expanded_matrix(kind, monkeypatch) -> None:
    given = matrix(kind)
    monkeypatch.setattr("kit.models.quantized_matrix.AT_ONCE", 10 * 256)  # five parts
    W = given.expand().double()
    x = torch.randn(3, 5, 256, requires_grad=True)
    y = given.product(x)
    slope = torch.randn_like(y)
    y.backward(slope)
    most = float((x.detach().double().abs() @ W.abs().T).max())  # a sum of 256 rounded products
    torch.testing.assert_close(y.double(), x.double() @ W.T, rtol=1e-5, atol=1e-6 * most)
    torch.testing.assert_close(x.grad.double(), slope.double() @ W, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
@pytest.mark.parametrize("rows", [1, 4])
def test_few_rows_by_the_kernel_for_4_bits(kind: str, rows: int) -> None:
    if not packed_is_faster():
        pytest.skip("torch has no kernel for 4 bits that is faster here")
    given = matrix(kind)
    x = torch.randn(rows, 256, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        y, exact = given.product(x), x @ given.expand().T
    error = (y - exact).norm() / exact.norm()
    assert 0 < error < 0.006  # bfloat16 has 8 bits
    with torch.inference_mode():
        five = given.product(x[:1].expand(5, -1))
    assert torch.allclose(five, exact[:1].expand(5, -1), **EXACT)


def test_what_is_no_matrix_of_blocks_is_refused() -> None:
    with pytest.raises(KitError, match="kind='Q3_K' is unknown: give one of Q4_0"):
        QuantizedMatrix(torch.zeros(2, 110, dtype=torch.uint8), "Q3_K")
    with pytest.raises(KitError, match="no matrix in Q4_1: give bytes"):
        QuantizedMatrix(torch.zeros(2, 18, dtype=torch.uint8), "Q4_1")
    with pytest.raises(KitError, match=r"shape \(4, 40\) cannot be stored in 'Q4_1'"):
        quantize(torch.zeros(4, 40))
    with pytest.raises(KitError, match="does not round to Q6_K"):
        quantize(torch.zeros(4, 256), "Q6_K")
    broken = matrix("Q4_1")
    broken.blocks[0, :2] = torch.tensor([0, 0x7E], dtype=torch.uint8)  # nan
    assert not broken.is_finite()


# A whole model.

LLAMA = TransformerConfig(
    vocabulary=300,
    width=64,
    layers=2,
    heads=4,
    kv_heads=2,
    intermediate_size=96,
    block_size=64,
    causal=True,
    norm_first=True,
    embedding_norm=False,
    norm="rms",
    positions="rotary",
    activation="swiglu",
    bias=False,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Source, Source]:
    """A small Llama in 4 bits with a word table in 8, and the same in float32, read from a file
    that the kit writes and the `gguf` package rounds."""
    from migrations import TOKENS

    torch.manual_seed(0)
    body = Transformer(LLAMA)
    with torch.no_grad():
        for p in body.parameters():
            p.mul_(4)
    made = Source("tiny", body.eval(), TOKENS, LanguageHead.tied(body).eval())
    whole = tmp_path_factory.mktemp("gguf") / "whole.gguf"
    path = whole.with_name("tiny.gguf")
    sources.export(made, whole)
    round_file(whole, path)
    return sources.load(path, quantized=True), sources.load(path)


def round_file(whole, path) -> None:
    """The same GGUF file with its matrices in Q4_1 and its word table in Q8_0."""
    import gguf

    read = gguf.GGUFReader(whole)
    write = gguf.GGUFWriter(path, "llama")
    for field in read.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        more = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        write.add_key_value(field.name, field.contents(), kind, sub_type=more)
    for tensor in read.tensors:
        values = np.asarray(tensor.data, "f4")
        kind = GGMLQuantizationType.F32
        if values.ndim == 2:
            kind = GGMLQuantizationType["Q8_0" if "embd" in tensor.name else "Q4_1"]
            values = quants.quantize(values, kind)
        write.add_tensor(tensor.name, values, raw_dtype=kind)
    write.write_header_to_file()
    write.write_kv_data_to_file()
    write.write_tensors_to_file()
    write.close()


IDS = torch.tensor([[5, 9, 33, 270, 4, 8, 100]])
MASK = torch.ones_like(IDS, dtype=torch.bool)


def logits(source_or_model) -> torch.Tensor:
    model = Model(source_or_model.body, source_or_model.head).eval()
    with torch.inference_mode():
        return model(IDS, MASK)


def test_a_quantized_source_answers_as_the_expanded_one(pair) -> None:
    quantized, expanded = pair
    kinds = {name: m.kind for name, m in matrices(quantized.body).items()}
    assert len(kinds) == 15 and kinds["embed.tokens.weight"] == "Q8_0"
    assert set(kinds.values()) == {"Q4_1", "Q8_0"}
    assert quantized.head.weight is quantized.body.embedding.weight  # tied
    assert torch.allclose(logits(quantized), logits(expanded), **EXACT)
    assert "320 parameters and 80,640 in 4 to 8 bits" in repr(quantized)
    twin = copy.deepcopy(quantized.body)
    blocks = [m.blocks.data_ptr() for m in matrices(twin).values()]
    assert blocks == [m.blocks.data_ptr() for m in matrices(quantized.body).values()]


def test_it_writes_what_the_expanded_one_writes(pair) -> None:
    written = [
        generate(Model(given.body, given.head), [IDS[0].tolist()], 5, beams=2) for given in pair
    ]
    assert written[0] == written[1]


def train(given: Source, strategy: str, **options):
    made = migrate(given, None, strategy, seed=3, rank=4, alpha=8.0, **options)
    rows = [{"ids": [5, 9, 33, 7], "y": [9, 33, 7, 2]}, {"ids": [8, 4], "y": [4, 2]}]
    recipe = Recipe(steps=10, batch_size=2, precision="fp32", seed=1)
    run = fit(made.model, rows, recipe, **made.training)
    return made, [step["loss"] for step in run.steps]


def totals_of_lora(rank: int) -> int:
    """The numbers of A and B in all linear layers: rank times rows and columns of each."""
    D, keys, inner = LLAMA.width, 32, LLAMA.intermediate_size
    return 2 * rank * (2 * (D + D) + 2 * (D + keys) + 3 * (D + inner))


def test_quantized_lora_is_lora_on_the_expanded_source(pair) -> None:
    quantized, expanded = pair
    every = ("query", "key", "value", "output", "up", "gate", "down")
    one, losses = train(quantized, "quantized_lora")
    other, theirs = train(expanded, "lora", targets=every)
    assert losses == pytest.approx(theirs, rel=1e-4) and losses[-1] < losses[0]
    assert torch.allclose(logits(one.model), logits(other.model), rtol=1e-3, atol=1e-3)
    assert (
        one.totals == other.totals
        and one.totals["trained"] == 14 * 4 * (64 + 64) - 4 * 4 * 32 + 6 * 4 * 32
    )
    before = logits(one.model)
    merged = merge(one.model)
    assert torch.allclose(logits(merged), before, rtol=1e-4, atol=1e-4)


def test_a_float_source_is_rounded_and_says_so() -> None:
    given = sources.load("transformer_encoder")
    made = migrate(given, sentiment.head, "quantized_lora")
    kept = [o for o in made.origins if o.done == "rounded"]
    assert len(kept) == len(matrices(made.model)) > 10
    assert any("were rounded to Q4_1" in warning for warning in made.warnings)
    assert any("are not trained" in warning for warning in made.warnings)
    assert not matrices(given.body), "the source is not changed"


def test_a_head_that_comes_along_is_frozen_unless_asked_for(pair) -> None:
    made = migrate(pair[1], None, "lora", rank=2)
    assert not made.model.head.weight.requires_grad
    made = migrate(pair[1], None, "lora", rank=2, train_head=True)
    assert made.model.head.weight.requires_grad
    assert migrate(pair[1], sentiment.head, "lora").model.head.linear.weight.requires_grad


@pytest.mark.parametrize("strategy", ["full", "top_layers", "narrow", "gradual", "distil"])
def test_what_would_train_or_reshape_them_is_refused(pair, strategy: str) -> None:
    with pytest.raises(KitError, match=f"{strategy}: the matrices .* in 4 to 8 bits"):
        migrate(pair[0], sentiment.head, strategy)


@pytest.mark.parametrize("strategy", ["frozen", "adapter", "prefix_tuning", "prompt_tuning"])
def test_what_adds_to_them_trains(pair, strategy: str) -> None:
    made = migrate(pair[0], sentiment.head, strategy)
    rows = [{"ids": [5, 9, 33, 7], "y": 1}, {"ids": [8, 4], "y": 0}]
    before = {m: m.blocks.clone() for m in matrices(made.model).values()}
    run = fit(made.model, rows, Recipe(steps=5, batch_size=2, precision="fp32"), **made.training)
    assert run.steps[-1]["loss"] < run.steps[0]["loss"]
    assert all(torch.equal(m.blocks, blocks) for m, blocks in before.items())
    moved = [n for n, p in made.model.named_parameters() if p.grad is not None or p.requires_grad]
    assert set(moved) == {o.name for o in made.origins if o.rate}


def test_they_are_not_written_as_they_are_and_can_be_expanded(pair, tmp_path) -> None:
    given = copy.deepcopy(pair[0])
    for write in (checkpoint.save, sources.export):
        with pytest.raises(KitError, match="expand them in place"):
            write(given, tmp_path / "out")
    expand_matrices(given.body, given.head)
    assert not matrices(given.body) and given.head.weight is given.body.embedding.weight
    assert torch.allclose(logits(given), logits(pair[1]), **EXACT)
    again = checkpoint.load(checkpoint.save(given, tmp_path / "out"))
    assert torch.equal(logits(again), logits(given))
    assert torch.equal(dense(pair[0].body.embedding.weight), given.body.embedding.weight)


def test_quantized_is_refused_where_nothing_is_stored_so() -> None:
    with pytest.raises(KitError, match="'minilm' is not stored in few bits"):
        sources.load("minilm", quantized=True)
    with pytest.raises(KitError, match="and this source is a RNN: take 'lora'"):
        migrate(sources.load("rnn_encoder"), sentiment.head, "quantized_lora")
