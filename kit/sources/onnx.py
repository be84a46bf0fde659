"""ONNX: a kit model as a file that onnxruntime runs without torch, also in 8-bit integers.

Needs packages: `pip install "lm-transfer-kit[onnx]"`. B batch, T new tokens, P past tokens, S = P +
T, L blocks, G key-value heads, W width of a head, V vocabulary.
"""

import contextlib
import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models import LanguageHead, Transformer
from kit.models.quantized_matrix import check_expanded

__all__ = ["export", "export_writer", "quantize"]

MISSING = 'ONNX needs packages: pip install "lm-transfer-kit[onnx]".'


def export(model: nn.Module, path: str | Path) -> Path:
    """Write a model as ONNX: inputs ids (B, T) int64 and mask (B, T) bool, True at tokens; output
    that of the head, or `hidden` (B, T, D) where there is none. B and T are free, T up to the
    body's `block_size`.

    model: a `Model`, or a source, whose body is a Transformer. Raises KitError for another body,
    for a head that reads more than hidden states, and without the packages.
    """
    head = model.head
    if getattr(head, "decoder", None) is not None or getattr(head, "needs_ids", False):
        raise KitError(
            f"a {type(head).__name__} writes another text: ONNX export is for encoders, taggers "
            "and, with kit.sources.onnx.export_writer, language models."
        )
    check_expanded(model.body, head)
    graph = _Reader(model)
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens")
    shapes = {"ids": {0: batch, 1: tokens}, "mask": {0: batch, 1: tokens}}
    ids = torch.zeros(2, 7, dtype=torch.long)
    mask = torch.ones(2, 7, dtype=torch.bool)
    return _write(graph, {"ids": ids, "mask": mask}, shapes, path, [graph.output])


def export_writer(model: nn.Module, path: str | Path) -> Path:
    """Write a language model with its key-value cache as ONNX.

    Inputs ids (B, T) int64, mask (B, S) bool of all tokens so far, and the cache: keys and values
    (L, B, G, P, W), with P = 0 at first. Outputs: logits (B, V) of the next token, and keys and
    values (L, B, G, S, W), the inputs of the next step. Raises KitError as `export` does, and for
    a head that is no LanguageHead.
    """
    if not isinstance(model.head, LanguageHead):
        raise KitError(
            f"a {type(model.head).__name__} predicts no next token: give a model with a "
            "LanguageHead, or take kit.sources.onnx.export."
        )
    check_expanded(model.body, model.head)
    graph = _Writer(model)
    config = model.body.config
    batch, tokens, past = (torch.export.Dim(name) for name in ("batch", "tokens", "past"))
    cache = torch.zeros(config.layers, 2, config.groups, 5, config.size_per_head)
    inputs = {
        "ids": torch.zeros(2, 3, dtype=torch.long),
        "mask": torch.ones(2, 8, dtype=torch.bool),
        "keys": cache,
        "values": cache.clone(),
    }
    auto = torch.export.Dim.DYNAMIC  # P + T is no name of its own
    shapes = {
        "ids": {0: batch, 1: tokens},
        "mask": {0: batch, 1: auto},
        "keys": {1: batch, 3: past},
        "values": {1: batch, 3: past},
    }
    return _write(graph, inputs, shapes, path, ["logits", "keys_so_far", "values_so_far"])


def quantize(path: str | Path, to: str | Path) -> Path:
    """Write an ONNX file again with its weight matrices in 8-bit integers, a quarter of the size;
    activations are rounded while it runs. Outputs change: measure by how much."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise KitError(MISSING) from error
    quantize_dynamic(str(path), str(to), weight_type=QuantType.QInt8)
    return Path(to)


class _Reader(nn.Module):
    """ids, mask -> the head's output, or hidden states."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.body, self.head = _body(model), model.head
        self.output = "hidden" if model.head is None else "logits"

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        hidden = self.body(ids, mask)
        return hidden if self.head is None else self.head(hidden, mask)


class _Writer(nn.Module):
    """ids, mask, keys and values -> logits of the next token, keys and values with the new ones."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.body, self.head = _body(model), model.head

    def forward(self, ids, mask, keys, values) -> tuple[Tensor, Tensor, Tensor]:
        cache = _Grown(keys, values)
        hidden = self.body(ids, mask, cache=cache)[:, -1:]
        new_keys, new_values = (torch.stack(parts) for parts in zip(*cache.own, strict=True))
        return self.head(hidden, None)[:, 0], new_keys, new_values


class _Grown:
    """A key-value cache that is an input and an output of a graph."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self.past, self.used = (keys, values), keys.shape[3]
        self.own: list[tuple[Tensor, Tensor]] = []

    def add(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values so far, (B, G, S, W) each."""
        news = zip(self.past, (key, value), strict=True)
        self.own.append(tuple(torch.cat((old[layer], new), 2) for old, new in news))
        return self.own[-1]


def _body(model: nn.Module) -> Transformer:
    if not isinstance(model.body, Transformer) or model.body.config.cross:
        raise KitError(
            f"a {type(model.body).__name__} is not exported to ONNX: give a model whose body is a "
            "Transformer; merge LoRA first with kit.migrate.merge."
        )
    return model.body


def _write(graph: nn.Module, inputs: dict, shapes: dict, path, outputs: list[str]) -> Path:
    """Trace the graph and write it, whole or not at all."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise KitError(MISSING) from error
    path = Path(path)
    part = path.with_name(path.name + ".part")
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    was = {module: module.training for module in graph.modules()}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of torch's exporter about itself
            logger.setLevel(logging.ERROR)  # and about torchvision, which is not needed
            program = torch.onnx.export(
                graph.eval(),
                kwargs=inputs,
                dynamic_shapes=shapes,
                input_names=list(inputs),
                output_names=outputs,
                dynamo=True,
                verbose=False,
            )
            program.save(part)
        part.replace(path)
    finally:
        logger.setLevel(level)
        for module, training in was.items():
            module.training = training
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return path
