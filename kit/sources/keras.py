"""Keras 3: the kit's Transformer as a Keras model, which runs on PyTorch, TensorFlow or JAX; and
its files, `.keras` and `.weights.h5`, written and read.

Needs packages: `pip install "lm-transfer-kit[keras]"`. The environment variable KERAS_BACKEND says
which of the three computes, and must be set before the first import of Keras; default: torch. A
layer in Keras has the name of the kit's module, with "-" for ".": blocks-0-attention-query.

B batch, T tokens, D width, H heads, W width of a head.
"""

import io
import json
import os
import sys
import zipfile
from contextlib import ExitStack
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kit.errors import KitError, saving
from kit.files import scratch
from kit.guards import a_path, guarded
from kit.models import Transformer, TransformerConfig
from kit.models.quantized_matrix import check_expanded
from kit.models.rotary import periods
from kit.models.shapes import shapes_only

__all__ = ["attention", "build", "convert", "export", "load", "table"]

MISSING = 'Keras needs packages: pip install "lm-transfer-kit[keras]".'
ENDINGS = (".keras", ".weights.h5")

COMPUTED = ("vocabulary", "width", "layers", "heads", "intermediate_size", "block_size", "causal")
COMPUTED += ("norm_first", "norm_eps", "positions", "rotary_base", "activation", "head_size")
COMPUTED += ("token_types", "embedding_norm", "bias", "query_bias", "feed_forward_bias", "dropout")
"""Settings of a TransformerConfig that `build` computes; every other one must have its default."""
POSITIONS = ("learned", "rotary", "none")
ACTIVATIONS = ("gelu", "gelu_tanh", "relu", "silu")
INDEX = {"weight": 0, "bias": 1}
"""PyTorch's name of a tensor -> its number in a Keras layer, whose own names of the two are kernel
and bias (Dense), gamma and beta (LayerNormalization), and embeddings (Embedding)."""
ABOUT = "kit.json"
"""The file inside of a .keras file that holds the config; Keras does not read it."""
OF_TRAINING = "optimizer/"
"""Where Keras keeps the state of an optimiser, which computes nothing in the model."""
HIDDEN = -1e30
"""Score of a token that is not visible: its weight is exactly 0."""


def a_config(value: object) -> str:
    """A `TransformerConfig`."""
    if isinstance(value, TransformerConfig):
        return ""
    return f"a {type(value).__name__}, and no TransformerConfig: give source.body.config"


def a_body(value: object) -> str:
    """A Transformer, or what has one as its body."""
    body = getattr(value, "body", value)
    if isinstance(body, Transformer):
        return ""
    return f"a {type(body).__name__}, and no Transformer, nor a source or model with one"


@guarded("keras.build(source.body.config)", config=a_config)
def build(config: TransformerConfig) -> Any:
    """A Keras model with this shape and fresh values: {"ids": (B, T) int32, "mask": (B, T) bool,
    True at tokens} -> hidden states (B, T, D).

    The equations are those of `kit.models.transformer`. The hidden states of padding mean nothing.
    No layer is the kit's own: `keras.saving.load_model` reads its file where there is no kit.
    Keras checks neither ids nor lengths: a negative id is read as one from the end; other ids that
    the vocabulary lacks, and too many tokens, end in an error or, on JAX, in NaN.
    Raises KitError for a setting that is not in `COMPUTED`, and without the packages.
    """
    keras = _keras()
    _check(config)
    ops = keras.ops
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = keras.Input((None,), dtype="bool", name="mask")
    positions = ops.maximum(ops.cumsum(ops.cast(mask, "int32"), axis=1) - 1, 0)
    visible = _visible(ops, ids, mask, config.causal)
    turn = _turn(ops, positions, config) if config.positions == "rotary" else None

    def norm(x, name):
        return keras.layers.LayerNormalization(epsilon=config.norm_eps, name=name)(x)

    def dropout(x):
        return keras.layers.Dropout(config.dropout)(x) if config.dropout else x

    x = _embed(keras, config, ids, positions)  # (B, T, D)
    x = dropout(norm(x, "embed-norm") if config.embedding_norm else x)
    parts = {
        "attention": lambda x, name: attention(keras, config, x, visible, turn, name),
        "feed_forward": lambda x, name: _feed_forward(keras, config, x, name),
    }
    for i in range(config.layers):
        for kind, part in parts.items():
            name = f"blocks-{i}-{kind}"
            if config.norm_first:
                x = x + dropout(part(norm(x, f"{name}_norm"), name))
            else:
                x = norm(x + dropout(part(x, name)), f"{name}_norm")
    x = norm(x, "norm") if config.norm_first else x
    return keras.Model({"ids": ids, "mask": mask}, x, name="transformer")


def _embed(keras, config: TransformerConfig, ids, positions):
    """The sum of token, type and position embeddings, (B, T, D)."""

    def embedding(rows, name, numbers):
        return keras.layers.Embedding(rows, config.width, name=f"embed-{name}")(numbers)

    x = embedding(config.vocabulary, "tokens", ids)
    if config.token_types:
        x = x + embedding(config.token_types, "types", keras.ops.zeros_like(ids))
    if config.positions == "learned":
        x = x + embedding(config.block_size, "positions", positions)
    return x


def attention(keras, config: TransformerConfig, x, visible, turn, name: str):
    """softmax(Q Kᵀ / √W) V in each head, over the visible tokens."""
    ops, heads, size = keras.ops, config.heads, config.size_per_head
    bias = config.bias if config.query_bias is None else config.query_bias

    def split(part):
        y = keras.layers.Dense(heads * size, use_bias=bias, name=f"{name}-{part}")(x)
        return keras.layers.Reshape((-1, heads, size))(y)

    q, k, v = split("query"), split("key"), split("value")  # (B, T, H, W)
    if turn:
        cos, sin = turn
        q, k = (y * cos + ops.roll(y, size // 2, axis=-1) * sin for y in (q, k))
    scores = ops.einsum("bthw,bshw->bhts", q, k) / size**0.5
    weights = ops.softmax(ops.where(visible, scores, HIDDEN))
    mixed = keras.layers.Reshape((-1, heads * size))(ops.einsum("bhts,bshw->bthw", weights, v))
    return keras.layers.Dense(config.width, use_bias=config.bias, name=f"{name}-output")(mixed)


def _feed_forward(keras, config: TransformerConfig, x, name: str):
    """down(a(up x))."""
    bias = config.bias if config.feed_forward_bias is None else config.feed_forward_bias
    kind, _, form = config.activation.partition("_")
    x = keras.layers.Dense(config.intermediate_size, use_bias=bias, name=f"{name}-up")(x)
    if kind == "gelu":
        x = keras.ops.gelu(x, approximate=form == "tanh")
    else:
        x = getattr(keras.ops, kind)(x)
    return keras.layers.Dense(config.width, use_bias=bias, name=f"{name}-down")(x)


def _visible(ops, ids, mask, causal: bool):
    """Which token (last dimension) each token sees: (B, 1, 1, T), or (B, 1, T, T) if causal."""
    if not causal:
        return ops.expand_dims(mask, (1, 2))
    place = ops.cumsum(ops.ones_like(ids), axis=1)
    key, query = ops.expand_dims(place, 1), ops.expand_dims(place, 2)
    return ops.expand_dims(((key <= query) & ops.expand_dims(mask, 1)) | (key == query), 1)


def _turn(ops, positions, config: TransformerConfig):
    """cos and ± sin of rotary positions, (B, T, 1, W)."""
    tokens, _ = periods(config.size_per_head, config.rotary_base)
    angle = ops.expand_dims(ops.cast(positions, "float32"), (2, 3)) / tokens.numpy()
    cos, sin = ops.cos(angle), ops.sin(angle)
    return ops.concatenate([cos, cos], axis=-1), ops.concatenate([-sin, sin], axis=-1)


@guarded("keras.convert(source)", source=a_body)
def convert(source: Any) -> Any:
    """The Keras model of a source's body, or of a body, with its values (`build`, `table`).

    Raises KitError as `build` does, and for a body with other tensors than its config says.
    """
    body = getattr(source, "body", source)
    check_expanded(body)
    _check(body.config)
    names, tensors = table(body.config), body.state_dict()
    if {name for name, _ in names.values()} != set(tensors):
        raise KitError("this body has parts that its config lacks: merge LoRA, kit.migrate.merge.")
    if other := [name for name, t in tensors.items() if t.dtype != torch.float32]:
        raise KitError(f"{other[0]} is {tensors[other[0]].dtype}: make it float32, body.float().")
    model = build(body.config)
    for layer in model.layers:
        values = [names[f"{layer.name}/{i}"] for i in range(len(layer.weights))]
        layer.set_weights([_turned(tensors[name], turned).numpy() for name, turned in values])
    return model


@guarded("keras.table(source.body.config)", config=a_config)
def table(config: TransformerConfig) -> dict[str, tuple[str, bool]]:
    """Keras's name of each tensor -> the kit's name, and whether the tensor is turned.

    "blocks-0-attention-query/0" -> ("blocks.0.attention.query.weight", True): a Dense layer is
    y = x W + b with W (in, out), and PyTorch's is y = x Wᵀ + b with W (out, in).
    """
    with shapes_only():
        body = Transformer(config)
    names = {}
    for name in body.state_dict():
        module, _, role = name.rpartition(".")
        turned = role == "weight" and isinstance(body.get_submodule(module), nn.Linear)
        names[f"{module.replace('.', '-')}/{INDEX[role]}"] = name, turned
    return names


@guarded("keras.export(source, 'my_model.keras')", source=a_body, path=a_path)
def export(source: Any, path: str | Path) -> Path:
    """Write the body of a source as a file of Keras's: `.keras` holds model and values and is read
    by `keras.saving.load_model`, `.weights.h5` holds values alone, for `build(config)`.

    Head and tokenizer are not in the file.
    Raises KitError for another ending, if the file exists, and as `convert` does.
    """
    path = Path(path)
    if not path.name.endswith(ENDINGS):
        raise KitError(f"{path.name}: give a name that ends in .keras or in .weights.h5.")
    if path.exists():
        raise KitError(f"{path} is there already: give the name of a new file.")
    model = convert(source)
    config = asdict(getattr(source, "body", source).config)
    with saving("the model", path), scratch(path) as space:
        new = space / path.name
        if path.suffix == ".keras":
            model.save(new)
            with zipfile.ZipFile(new, "a") as file:
                file.writestr(ABOUT, json.dumps(config))
        else:
            model.save_weights(new)
        new.replace(path)
    return path


@guarded("keras.load('my_model.keras')", path=a_path)
def load(path: str | Path, config: TransformerConfig | Transformer | None = None) -> Transformer:
    """The body in a file that `export` or Keras wrote, in evaluation mode. Keras is not imported.

    config: the shape, or a body that has it. A `.keras` file that `export` wrote has its own; one
    that Keras wrote, as after a training there, and each `.weights.h5` need it.
    Raises KitError for a damaged file, and for one of another model: every tensor in it is used,
    or refused by its name; only an optimiser's state is left.
    """
    try:
        import h5py
    except ImportError as error:
        raise KitError(MISSING) from error
    path = Path(path)
    if not path.is_file() or not path.name.endswith(ENDINGS):
        raise KitError(f"{path} is no file that ends in .keras or .weights.h5: give such a one.")
    config = getattr(config, "config", config)
    if config is not None and (problem := a_config(config)):
        raise KitError(f"config is {problem}.")
    try:
        with ExitStack() as stack:
            content: Any = path
            if path.suffix == ".keras":
                content, own = _unpacked(stack.enter_context(zipfile.ZipFile(path)), path)
                config = config or own
            if config is None:
                raise KitError(
                    f"{path} holds no config of the kit: give it, "
                    f"keras.load({path.name!r}, source.body.config)."
                )
            _check(config)
            file = stack.enter_context(h5py.File(content, "r"))
            return _filled(config, _datasets(file, path), path)
    except KitError:  # it is a ValueError, and says more
        raise
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, zipfile.BadZipFile) as error:
        why = " ".join(str(error).split())[:200]
        raise KitError(f"{path} is damaged or no file of Keras 3 ({why}): fetch it again.") from (
            error
        )


def _unpacked(file: zipfile.ZipFile, path: Path) -> tuple[io.BytesIO, TransformerConfig | None]:
    """The weights of a .keras file, and the kit's config, if there is one."""
    if sum(member.file_size for member in file.infolist()) > path.stat().st_size:
        raise KitError(f"{path} is compressed, which no file of Keras's is: fetch it again.")
    own = None
    if ABOUT in file.namelist():
        own = TransformerConfig(**json.loads(file.read(ABOUT)))
    return io.BytesIO(file.read("model.weights.h5")), own


def _datasets(file: Any, path: Path) -> dict[str, Any]:
    """Keras's name of each tensor in the file -> where it is, unread. Links are not followed."""
    found: dict[str, Any] = {}

    def visit(place: str, item: Any) -> None:
        if not hasattr(item, "shape") or place.startswith(OF_TRAINING):
            return
        layer = item.parent.attrs.get("name")
        name = f"{layer}/{place.rpartition('/')[2]}"
        if layer is None or name in found or item.is_virtual or item.external:
            raise KitError(
                f"{path}: the tensor {place} has no layer's name of its own, so the file is from "
                "Keras 2 or another program: save the weights with Keras 3.10 or later."
            )
        found[name] = item

    file.visititems(visit)
    return found


def _filled(config: TransformerConfig, found: dict[str, Any], path: Path) -> Transformer:
    """The body with the values of the file, once names, shapes and types are compared."""
    if config.layers > len(found):
        raise KitError(f"{path} has {len(found)} tensors, too few for {config.layers:,} blocks.")
    names = table(config)
    lacking, unknown = sorted(names.keys() - found), sorted(found.keys() - names)
    if lacking or unknown:
        shown = [", ".join(part[:3]) + ", ..." * (len(part) > 3) for part in (lacking, unknown)]
        raise KitError(
            f"{path} is of another model: it lacks {shown[0] or 'nothing'}, and has "
            f"{shown[1] or 'nothing'} besides. Give the config of the model that it was saved from."
        )
    with shapes_only():
        body = Transformer(config)
    shapes = {name: tuple(t.shape) for name, t in body.state_dict().items()}
    for theirs, (name, turned) in names.items():
        shape, data = shapes[name][:: -1 if turned else 1], found[theirs]
        if data.shape != shape or data.dtype != "<f4":
            raise KitError(
                f"{path}: {theirs} is {data.shape} {data.dtype} and not {shape} float32: give the "
                "config of the model that it was saved from."
            )
    tensors = {n: _turned(torch.from_numpy(found[k][()]), t) for k, (n, t) in names.items()}
    body.load_state_dict(tensors, assign=True)
    return body.eval()


def _turned(tensor: Tensor, turned: bool) -> Tensor:
    """The tensor on the CPU, or its transpose, contiguous."""
    tensor = tensor.detach().cpu()
    return (tensor.T if turned else tensor).contiguous()


def _check(config: TransformerConfig) -> None:
    """Raise KitError for the first setting that `build` does not compute."""
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name not in COMPUTED and value != field.default:
            raise KitError(
                f"{field.name}={value!r}: the Keras model computes {field.name}={field.default!r} "
                "alone. Convert another source, or export this one with kit.sources.onnx."
            )
    for name, computed in (("activation", ACTIVATIONS), ("positions", POSITIONS)):
        if (value := getattr(config, name)) not in computed:
            raise KitError(
                f"{name}={value!r}: the Keras model computes {', '.join(computed)}. "
                "Convert another source, or export this one with kit.sources.onnx."
            )


def _keras() -> Any:
    """The package, with the backend that the user has chosen; default: torch."""
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "torch")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Keras imports a TensorFlow it finds
    try:
        import h5py  # noqa: F401
        import keras
    except ImportError as error:
        if error.name in ("keras", "h5py"):
            raise KitError(MISSING) from error
        raise KitError(
            f"Keras cannot begin with KERAS_BACKEND={os.environ.get('KERAS_BACKEND')} ({error}): "
            "install that package, or set KERAS_BACKEND=torch and restart the kernel."
        ) from error
    if keras.config.dtype_policy().name != "float32":
        raise KitError(
            f"Keras computes in {keras.config.dtype_policy().name}, and the kit in float32: "
            'keras.config.set_dtype_policy("float32").'
        )
    return keras
