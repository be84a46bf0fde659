"""Keras 3: the same hidden states as the kit's, on each backend; its files, back to the bit.

What needs Keras is skipped where the extra [keras] is not installed, TensorFlow and JAX likewise.
"""

import importlib.util
import os
import subprocess
import sys
import zipfile
from dataclasses import MISSING, fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as draw

from kit import results, sources
from kit.errors import KitError
from kit.experiments import frameworks
from kit.experiments.frameworks_process import FRAMEWORKS
from kit.migrate import migrate
from kit.models import RNN, RNNConfig, Transformer, TransformerConfig
from kit.sources import keras as kit_keras

# Of NumPy about Keras, when it saves on torch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ROOT = Path(__file__).parent.parent
SHAPE = {"vocabulary": 40, "width": 24, "layers": 2, "heads": 4, "intermediate_size": 30}
SHAPE |= {"block_size": 32}
NAMES = ("transformer_encoder", "transformer_writer", "minilm")
REFUSED = {
    "cross": True,
    "norm": "rms",
    "first_norm": False,
    "post_norm": True,
    "norm_bias": False,
    "relative_buckets": 8,
    "relative_distance": 64,
    "rotary_size": 2,
    "rotary_scaling": (("factor", 2.0), ("rope_type", "linear")),
    "local_rotary_base": 100.0,
    "attention_types": ("full", "nope"),
    "window": 4,
    "query_norm": True,
    "query_scalar": 9.0,
    "softcap": 30.0,
    "parallel": True,
    "kv_heads": 2,
    "embedding_size": 8,
    "embedding_bits": 4,
    "embedding_scale": 2.0,
}
"""Setting that the Keras model does not compute -> a value of it."""
NEEDED = {"first_norm": {"norm_first": True}, "post_norm": {"norm_first": True}}
NEEDED |= {"parallel": {"norm_first": True}}
SWITCHES = {
    name: draw.booleans() for name in ("causal", "norm_first", "embedding_norm", "bias")
} | {
    "norm_eps": draw.sampled_from([1e-12, 1e-5, 1e-2]),
    "positions": draw.sampled_from(["learned", "rotary", "none"]),
    "rotary_base": draw.sampled_from([100.0, 10000.0]),
    "activation": draw.sampled_from(kit_keras.ACTIVATIONS),
    "head_size": draw.sampled_from([None, 2, 10]),
    "token_types": draw.integers(0, 2),
    "query_bias": draw.sampled_from([None, True, False]),
    "feed_forward_bias": draw.sampled_from([None, True, False]),
    "dropout": draw.sampled_from([0.0, 0.1]),
    "layers": draw.integers(1, 2),
}


@pytest.fixture(scope="module")
def keras():
    if not all(map(importlib.util.find_spec, ("keras", "h5py"))):
        pytest.skip("the extra [keras] is not installed")
    return kit_keras._keras()  # not importorskip: the backend is chosen before the import


def tiny(**switches) -> Transformer:
    """A body whose values are far from those of a fresh one."""
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**{**SHAPE, **switches}))
    for parameter in body.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return body.eval()


def batch(vocabulary: int):
    """No padding; padding on the right, on the left, between tokens; nothing but padding."""
    place = torch.arange(9)
    rows = [place >= 0, place < 6, place >= 4, (place % 3 > 0) & (place < 7), place < 0]
    mask = torch.stack(rows)
    ids = torch.randint(0, vocabulary, mask.shape, generator=torch.Generator().manual_seed(1))
    return ids, mask


@torch.inference_mode()
def difference(body: Transformer, model, ids, mask) -> float:
    """Largest difference of the hidden states at the tokens, as a share of the largest one."""
    expected = body(ids, mask)[mask].numpy()
    outputs = model({"ids": ids.numpy(), "mask": mask.numpy()}).detach().numpy()[mask.numpy()]
    assert np.isfinite(outputs).all()
    return float(np.abs(outputs - expected).max() / max(1, np.abs(expected).max()))


def equal(body: Transformer, other: Transformer) -> bool:
    mine, theirs = body.state_dict(), other.state_dict()
    same = all(torch.equal(mine[name], theirs[name]) for name in mine)
    return list(mine) == list(theirs) and same and body.config == other.config


@settings(max_examples=25, deadline=None, derandomize=True)
@given(draw.fixed_dictionaries(SWITCHES))
def test_any_config_that_is_computed_gives_the_same_hidden_states(keras, switches) -> None:
    body = tiny(**switches)
    model = kit_keras.convert(body)
    assert difference(body, model, *batch(40)) <= 1e-5
    assert difference(body, model, torch.tensor([[3]]), torch.tensor([[True]])) <= 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_each_source_gives_its_hidden_states_and_comes_back(keras, name, tmp_path, data) -> None:
    source = sources.load(name)
    path = kit_keras.export(source, tmp_path / "model.keras")
    again = keras.saving.load_model(path)
    with torch.inference_mode():
        expected = source.body(*batch(source.body.config.vocabulary))
    assert difference(source.body, again, *batch(source.body.config.vocabulary)) <= 1e-5
    assert expected.abs().max() > 0.1
    random = torch.random.get_rng_state()
    body = kit_keras.load(path)
    assert torch.equal(random, torch.random.get_rng_state())
    assert equal(source.body, body) and not body.training
    with torch.inference_mode():
        assert torch.equal(body(*batch(source.body.config.vocabulary)), expected)


@pytest.mark.parametrize("ending", kit_keras.ENDINGS)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(switches=draw.fixed_dictionaries(SWITCHES))
def test_there_and_back_is_the_identity(keras, ending, switches, tmp_path_factory) -> None:
    body = tiny(**switches)
    path = kit_keras.export(body, tmp_path_factory.mktemp("back") / f"model{ending}")
    assert equal(body, kit_keras.load(path, body))
    if ending == ".keras":
        assert equal(body, kit_keras.load(path))
    else:
        model = kit_keras.build(body.config)
        model.load_weights(path)
        assert difference(body, model, *batch(40)) <= 1e-5
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_keras_has_trained_comes_back_without_the_optimiser(keras, tmp_path) -> None:
    body = tiny(causal=True, norm_first=True)
    model = kit_keras.convert(body)
    ids, mask = (tensor.numpy() for tensor in batch(40))
    model.compile("adam", "mse")
    model.fit({"ids": ids, "mask": mask}, np.zeros((*ids.shape, 24), np.float32), verbose=0)
    model.save(tmp_path / "trained.keras")
    with pytest.raises(KitError, match=r"holds no config of the kit: give it, keras\.load"):
        kit_keras.load(tmp_path / "trained.keras")
    trained = kit_keras.load(tmp_path / "trained.keras", body.config)
    assert not torch.equal(trained.embedding.weight, body.embedding.weight)
    assert difference(trained, model, *batch(40)) <= 1e-5


def test_load_does_not_import_keras(keras, tmp_path) -> None:
    path = kit_keras.export(tiny(), tmp_path / "model.keras")
    told = (
        "import sys; from kit.sources import keras; "
        f"print(type(keras.load({str(path)!r})).__name__, 'keras' in sys.modules)"
    )
    told = subprocess.check_output([sys.executable, "-c", told], cwd=ROOT, text=True)
    assert told == "Transformer False\n"


def test_every_setting_is_computed_or_refused_by_its_name(tmp_path) -> None:
    defaults = {field.name: field.default for field in fields(TransformerConfig)}
    assert set(kit_keras.COMPUTED) | set(REFUSED) == set(defaults)
    assert not set(kit_keras.COMPUTED) & set(REFUSED)
    assert {name for name in defaults if defaults[name] is MISSING} <= set(kit_keras.COMPUTED)
    for name, value in REFUSED.items():
        switches = {**NEEDED.get(name, {}), name: value}
        if name == "attention_types":
            switches["layers"] = 2
        config = TransformerConfig(**{**SHAPE, **switches})
        with pytest.raises(KitError, match=f"^{name}=.*Convert another source"):
            kit_keras._check(config)
    for kind in ("swiglu", "geglu", "geglu_tanh", "reglu"):
        with pytest.raises(KitError, match=f"activation='{kind}'.*Convert another source"):
            kit_keras._check(TransformerConfig(**SHAPE, activation=kind))
    for kind in ("relative", "sinusoidal"):
        with pytest.raises(KitError, match=f"positions='{kind}'.*Convert another source"):
            kit_keras._check(TransformerConfig(**SHAPE, positions=kind))
    with pytest.raises(KitError, match="softcap=30"):
        kit_keras.export(tiny(softcap=30.0), tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_every_setting_that_is_computed_is_tried() -> None:
    assert set(kit_keras.COMPUTED) == set(SHAPE) | set(SWITCHES)


def test_other_bodies_are_refused(keras, tmp_path) -> None:
    lora = migrate(sources.load("transformer_encoder"), None, "lora").model
    for body, says in (
        (RNN(RNNConfig(vocabulary=9, width=4)), "a RNN, and no Transformer"),
        (tiny().double(), r"is torch.float64: make it float32, body.float\(\)"),
        (lora, "merge LoRA, kit.migrate.merge"),
    ):
        with pytest.raises(KitError, match=says):
            kit_keras.export(body, tmp_path / "model.keras")
    with pytest.raises(KitError, match=r"a name that ends in \.keras or in \.weights\.h5"):
        kit_keras.export(tiny(), tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_stays(keras, tmp_path) -> None:
    path = tmp_path / "model.keras"
    path.write_text("mine")
    with pytest.raises(KitError, match="is there already: give the name of a new file"):
        kit_keras.export(tiny(), path)
    assert path.read_text() == "mine"
    with pytest.raises(KitError, match=r"cannot be saved as .*free some space there"):
        kit_keras.export(tiny(), path / "model.keras")


@pytest.mark.parametrize("ending", kit_keras.ENDINGS)
def test_a_file_of_another_model_is_refused_by_its_tensors(keras, ending, tmp_path) -> None:
    body = tiny()
    path = kit_keras.export(body, tmp_path / f"model{ending}")
    for change, says in (
        ({"layers": 3}, "lacks blocks-2-attention-key/0"),
        ({"layers": 1}, "has blocks-1-attention-key/0"),
        ({"token_types": 2}, "lacks embed-types/0, and has nothing besides"),
        ({"intermediate_size": 31}, r"up/0 is \(24, 30\) float32 and not \(24, 31\)"),
        ({"layers": 10**6}, "too few for 1,000,000 blocks"),
        ({"softcap": 3.0}, "softcap=3.0"),
    ):
        with pytest.raises(KitError, match=says):
            kit_keras.load(path, replace(body.config, **change))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="other")])
    other = tmp_path / f"other{ending}"
    (model.save if ending == ".keras" else model.save_weights)(other)
    with pytest.raises(KitError, match=r"of another model|too few for 2 blocks"):
        kit_keras.load(other, body)


def test_files_from_elsewhere_are_refused_with_the_reason(keras, tmp_path) -> None:
    import h5py

    config = tiny().config
    path = kit_keras.export(tiny(), tmp_path / "model.weights.h5")
    with pytest.raises(KitError, match="holds no config of the kit"):
        kit_keras.load(path)
    with pytest.raises(KitError, match="config is a dict, and no TransformerConfig"):
        kit_keras.load(path, {})
    with h5py.File(tmp_path / "old.weights.h5", "w") as file:
        file["dense/dense/kernel:0"] = np.ones((2, 2))
    with pytest.raises(KitError, match="from Keras 2 or another program"):
        kit_keras.load(tmp_path / "old.weights.h5", config)
    with h5py.File(path, "a") as file:
        del file["layers/dense_3/vars/1"]
        file["layers/dense_3/vars/1"] = h5py.ExternalLink("old.weights.h5", "dense/dense/kernel:0")
    with pytest.raises(KitError, match="lacks blocks-0-attention-output/1"):
        kit_keras.load(path, config)
    with pytest.raises(KitError, match="is no file that ends in"):
        kit_keras.load(tmp_path / "none.keras")
    packed = tmp_path / "packed.keras"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model.weights.h5", bytes(10**6))
    with pytest.raises(KitError, match="is compressed, which no file of Keras's is"):
        kit_keras.load(packed)


@pytest.mark.parametrize("ending", kit_keras.ENDINGS)
def test_a_damaged_file_is_refused(keras, ending, tmp_path) -> None:
    """Cut anywhere, it is refused. A flipped bit is found in `.keras`, which has checksums."""
    body = tiny(layers=1)
    path = kit_keras.export(body, tmp_path / f"model{ending}")
    content = path.read_bytes()
    places = np.random.default_rng(0).integers(0, len(content), 40)
    for place in places:
        path.write_bytes(content[:place])
        with pytest.raises(KitError):
            kit_keras.load(path, body.config)
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        try:
            other = kit_keras.load(path, body.config)
        except KitError:
            continue
        assert ending == ".weights.h5" or equal(body, other), place


def test_a_missing_package_names_the_extra(monkeypatch, tmp_path) -> None:
    for package in ("keras", "h5py"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(KitError, match=r"pip install \"lm-transfer-kit\[keras\]\""):
                kit_keras.build(tiny().config)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "h5py", None)
        with pytest.raises(KitError, match=r"pip install \"lm-transfer-kit\[keras\]\""):
            kit_keras.load(tmp_path / "model.keras")


def test_another_precision_of_keras_is_refused(keras) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        with pytest.raises(KitError, match=r'set_dtype_policy\("float32"\)'):
            kit_keras.build(tiny().config)
    finally:
        keras.config.set_dtype_policy("float32")


ELSEWHERE = """
import sys
sys.path.append("tests")
import numpy as np, torch
from kit.sources import keras as kit_keras
from test_keras import batch, equal, tiny

body = tiny(causal=True, norm_first=True, positions="rotary")
path = kit_keras.export(body, sys.argv[1] + "/model.keras")
import keras
ids, mask = batch(40)
model = keras.saving.load_model(path)
outputs = keras.ops.convert_to_numpy(model({"ids": ids.numpy(), "mask": mask.numpy()}))
expected = body(ids, mask).detach().numpy()
assert np.abs(outputs - expected)[mask.numpy()].max() <= 1e-5 * np.abs(expected).max()
assert equal(body, kit_keras.load(path))
print(keras.backend.backend())
"""


def another_process(code: str, *arguments: str, backend: str | None):
    known = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    known |= {"KERAS_BACKEND": backend} if backend else {}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True)


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
def test_each_backend_gives_the_same(keras, backend, tmp_path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    chosen = None if backend == "torch" else backend  # the default
    told = another_process(ELSEWHERE, str(tmp_path), backend=chosen)
    assert told.returncode == 0, told.stderr
    assert told.stdout == f"{backend}\n"


def test_a_backend_that_is_not_there_is_named(keras) -> None:
    told = (
        "import sys; sys.modules['jax'] = None\n"
        "from kit.models import TransformerConfig\n"
        "from kit.sources import keras\n"
        f"try: keras.build(TransformerConfig(**{SHAPE}))\n"
        "except ValueError as error: print(error)"
    )
    said = another_process(told, backend="jax").stdout
    assert "Keras cannot begin with KERAS_BACKEND=jax" in said and "KERAS_BACKEND=torch" in said


def test_what_is_recorded_is_equal_on_every_framework() -> None:
    rows = results.load("frameworks")["rows"]
    models = [row for row in rows if row["part"] == "model"]
    assert {row["framework"] for row in models} == set(FRAMEWORKS)
    for row in models:
        assert row["largest difference"] <= 1e-5 < 1 < row["largest number"]
        assert row["saved there, same bits here"] == row["tensors"]
    [row] = [row for row in rows if row["part"] == "checkpoint"]
    assert row["read there, same bits"] == row["read here, same bits"] == row["tensors"]


def test_the_experiment_measures_torch_again(keras, data) -> None:
    about = {"part": "model", "framework": "torch", "source": "transformer_encoder"}
    row = frameworks.measure(about)
    assert row["largest difference"] <= 1e-5
    assert row["saved there, same bits here"] == row["tensors"] == 38
    assert row["versions"].keys() == {"keras", "torch"}
