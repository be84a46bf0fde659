"""BERT as Google published it: a folder with a TensorFlow checkpoint, bert_config.json and
vocab.txt, read and written without TensorFlow.

What computes such a file is modeling.py of github.com/google-research/bert (Devlin et al. 2019,
arxiv.org/abs/1810.04805). A dense layer there is y = x W + b with W (in, out), where PyTorch has
y = x Wᵀ + b with W (out, in): each matrix is turned.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tokenizers
import torch
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor

from kit.errors import KitError, saving
from kit.files import scratch
from kit.guards import a_path, a_source, guarded
from kit.sources import tensorflow
from kit.sources.build import build_source
from kit.sources.checkpoint import Source
from kit.sources.huggingface import fits, outward
from kit.sources.weight_maps import FAMILIES
from kit.tokenizer import Tokenizer

__all__ = [
    "SETTINGS",
    "VOCABULARY",
    "export",
    "google_name",
    "google_tensors",
    "load",
    "read_vocabulary",
]

SETTINGS, VOCABULARY, CHECKPOINT = "bert_config.json", "vocab.txt", "bert_model.ckpt"

OF_TRAINING = re.compile(r".*/(adam|lamb)_[mv]|.*/Adam(_1)?|.*beta[12]_power|global_step")
"""Tensors of an optimiser, which compute nothing in the model."""
LONGEST_WORD = 200
"""Letters; a longer word is [UNK] (tokenization.py of the same repository)."""


@guarded("tensorflow_bert.load('uncased_L-2_H-128_A-2')", folder=a_path)
def load(folder: str | Path, lowercase: bool | None = None) -> Source:
    """The BERT in a folder of Google's, with the outputs of Google's own code.

    There "gelu" is the form with tanh, x (1 + tanh(√(2/π) (x + .044715 x³))) / 2; in the files of
    `transformers` the same word is x Φ(x), and outputs differ a little.
    lowercase: whether texts are lowercased; default: where no word of vocab.txt has a capital.
    Raises KitError for a missing or damaged file and for tensors that do not fit.
    """
    folder = Path(folder)
    settings = _settings(folder / SETTINGS)
    tokenizer = read_vocabulary(folder / VOCABULARY, lowercase)
    checkpoint = _checkpoint(folder)
    tensors: dict[str, Callable[[], Tensor]] = {}
    left = []
    for theirs in tensorflow.entries(checkpoint):
        if OF_TRAINING.fullmatch(theirs):
            left.append(theirs)
        else:
            tensors[_modern(theirs)] = partial(_tensor, checkpoint, theirs)
    source = build_source(str(folder), settings, tensors, tokenizer)
    lowercase = bool(json.loads(tokenizer.to_json())["normalizer"]["lowercase"])
    source.card |= {"format": "TensorFlow, Google's BERT", "lowercase": lowercase}
    source.card["left"] = source.card["left"] + left
    return source


@guarded("tensorflow_bert.read_vocabulary('vocab.txt')", path=a_path)
def read_vocabulary(path: str | Path, lowercase: bool | None = None) -> Tokenizer:
    """Google's tokenizer with the words of a vocab.txt: the number of a line is the id of its word.

    It cleans a text and splits it at spaces and punctuation, then each word into its longest
    pieces. lowercase: as in `load`. Raises KitError for a file that cannot be read, a word that
    stands there twice, and one without [UNK], [CLS] and [SEP].
    """
    words = _words(Path(path))
    if lowercase is None:
        lowercase = not any(word != word.lower() for word in words if not _is_special(word))
    return _tokenizer(words, lowercase)


@guarded("tensorflow_bert.export(source, 'my_bert')", source=a_source, folder=a_path)
def export(source: Source, folder: str | Path, approximate: bool = False) -> Path:
    """Write the body of a BERT and its vocabulary as Google published them: `load` reads the
    folder, and so does Google's run_classifier.py.

    approximate: also write a body with the exact GELU x Φ(x), which Google's code then computes
    with tanh: outputs differ a little.
    Raises KitError if the folder exists, for a body that is no BERT, and for a tokenizer that
    vocab.txt cannot hold.
    """
    folder = Path(folder)
    if folder.exists():
        raise KitError(f"{folder} is there already: give the name of a new folder.")
    tensors = google_tensors(source)
    config = source.body.config
    if config.activation == "gelu" and not approximate:
        raise KitError(
            "Google's code computes GELU by tanh, and this body by Φ: outputs would differ a "
            "little. To write it all the same: tensorflow_bert.export(..., approximate=True)."
        )
    words = _vocabulary_of(source.tokenizer)
    theirs = {"gelu": "gelu", "gelu_tanh": "gelu", "relu": "relu"}
    if config.activation not in theirs or config.norm_eps != 1e-12:
        raise KitError(
            f"activation {config.activation!r} and norm_eps={config.norm_eps}: Google's code has "
            "gelu and relu, and adds 1e-12 to the variance."
        )
    settings = {
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.intermediate_size,
        "hidden_act": theirs[config.activation],
        "max_position_embeddings": config.block_size,
        "type_vocab_size": config.token_types,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
    }
    with saving(f"{source.name!r}", folder), scratch(folder) as space:
        new = space / "new"
        new.mkdir()
        tensorflow.write(new / CHECKPOINT, tensors)
        (new / SETTINGS).write_text(json.dumps(settings, indent=2), encoding="utf-8")
        (new / VOCABULARY).write_text("\n".join(words) + "\n", encoding="utf-8")
        new.replace(folder)
    return folder


def google_tensors(source: Source) -> dict[str, np.ndarray]:
    """Name -> array, as Google's code names and turns them: its `kernel` is (in, out).

    Raises KitError for a body that is no BERT.
    """
    family = FAMILIES["bert"]
    if not fits(family, source.body, None):
        raise KitError(
            f"the body of {source.name!r} is no BERT ({source.body.config}): Google's code cannot "
            "compute it. kit.sources.tensorflow.write writes any tensors."
        )
    tensors = {}
    for name, tensor in outward(source, family).items():
        theirs = google_name(name)
        value = tensor.detach().float().cpu().numpy()
        tensors[theirs] = np.ascontiguousarray(value.T if theirs.endswith("kernel") else value)
    return tensors


def google_name(name: str) -> str:
    """Google's name of a tensor of Hugging Face's BertModel.

    encoder.layer.0.output.dense.weight -> bert/encoder/layer_0/output/dense/kernel
    """
    module, _, role = name.rpartition(".")
    if module.endswith("LayerNorm"):
        role = {"weight": "gamma", "bias": "beta"}[role]
    elif module.endswith("embeddings"):
        role = ""
    elif role == "weight":
        role = "kernel"
    path = re.sub(r"layer\.(\d+)", r"layer_\1", module).replace(".", "/")
    return f"bert/{path}/{role}".rstrip("/")


def _modern(theirs: str) -> str:
    """The inverse of `google_name`; names of heads become those that the family leaves out."""
    name = re.sub(r"layer_(\d+)/", r"layer.\1/", theirs).replace("/", ".")
    for old, new in ((".kernel", ".weight"), (".gamma", ".weight"), (".beta", ".bias")):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return f"{name}.weight" if name.endswith("_embeddings") else name


def _tensor(checkpoint: Path, theirs: str) -> Tensor:
    """The tensor as PyTorch has it."""
    value = torch.from_numpy(tensorflow.read(checkpoint, [theirs])[theirs])
    return value.T if theirs.endswith("/kernel") else value


def _settings(path: Path) -> dict:
    """bert_config.json as a config.json of `transformers`."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KitError(f"{path} cannot be read ({error}): fetch the folder again.") from error
    if not isinstance(settings, dict):
        raise KitError(f"{path} holds a {type(settings).__name__}, no object: fetch it again.")
    if settings.get("hidden_act") == "gelu":
        settings["hidden_act"] = "gelu_new"
    return settings | {"model_type": "bert", "layer_norm_eps": 1e-12}


def _checkpoint(folder: Path) -> Path:
    """The prefix of the folder's checkpoint."""
    found = sorted(folder.glob("*.index"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise KitError(
            f"{folder} must hold one .index file beside {SETTINGS}, and holds {names}: keep the "
            "checkpoint that you want."
        )
    return found[0].with_suffix("")


def _words(path: Path) -> list[str]:
    """The lines of vocab.txt: the number of a line is the id of its word."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, ValueError) as error:
        raise KitError(f"{path} cannot be read ({error}): fetch the folder again.") from error
    words = [line.rstrip("\r") for line in lines]
    if len(set(words)) != len(words):
        double = next(word for i, word in enumerate(words) if word in words[:i])
        raise KitError(f"{path} has {double!r} twice, so ids are not clear: fetch it again.")
    for needed in ("[UNK]", "[CLS]", "[SEP]"):
        if needed not in words:
            raise KitError(f"{path} has no {needed}: this is no vocabulary of a BERT.")
    return words


def _is_special(word: str) -> bool:
    return word.startswith("[") and word.endswith("]")


def _tokenizer(words: list[str], lowercase: bool) -> Tokenizer:
    """Google's tokenizer: clean and split a text into words, then each into its longest pieces."""
    ids = {word: i for i, word in enumerate(words)}
    made = tokenizers.Tokenizer(
        models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD)
    )
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.add_special_tokens([w for w in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") if w in ids])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return Tokenizer(made)


def _vocabulary_of(tokenizer: Tokenizer) -> list[str]:
    """The words in the order of their ids; KitError for what `_tokenizer` reads otherwise."""
    ids = tokenizer.vocabulary()
    words = sorted(ids, key=ids.get)
    if [ids[word] for word in words] != list(range(len(words))):
        raise KitError("vocab.txt has a word for each id, and this vocabulary leaves some out.")
    about = json.loads(tokenizer.to_json())
    again = {}
    if "[UNK]" in ids and "[CLS]" in ids and "[SEP]" in ids:
        lowercase = bool((about["normalizer"] or {}).get("lowercase"))
        again = json.loads(_tokenizer(words, lowercase).to_json())
    parts = ("normalizer", "pre_tokenizer")
    if (
        not again
        or about["model"]["type"] != "WordPiece"
        or any(about[p] != again[p] for p in parts)
    ):
        raise KitError(
            f"vocab.txt holds WordPiece as BERT splits texts, and this is {about['model']['type']} "
            f"with pre_tokenizer {about['pre_tokenizer']}: write it with kit.sources.export."
        )
    return words
