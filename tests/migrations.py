"""The test cases of migration: every strategy on every body that it can migrate."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kit.migrate import STRATEGIES, decoder_like
from kit.migrate.meaning import IN_4_BITS, OF_WORDS, WITHOUT_LAYERS
from kit.models import (
    RNN,
    ClassHead,
    LanguageHead,
    Model,
    RNNConfig,
    SequenceHead,
    Transformer,
    TransformerConfig,
    WordLSTM,
    WordLSTMConfig,
    WordVectors,
    WordVectorsConfig,
)
from kit.sources import Source
from kit.tokenizer import Tokenizer

V = 300


def tokenizer(file: str, size: int) -> Tokenizer:
    lines = Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines()
    return Tokenizer.train(lines * 2, size=size)


TOKENS, OTHER = tokenizer("migrations.py", V), tokenizer("test_migrate.py", 320)

BERT = TransformerConfig(
    vocabulary=V,
    width=16,
    layers=2,
    heads=2,
    intermediate_size=32,
    block_size=40,
    token_types=2,
    dropout=0.1,
)
GPT = dataclasses.replace(
    BERT, causal=True, norm_first=True, embedding_norm=False, token_types=0, norm_eps=1e-5
)
LLAMA = dataclasses.replace(
    GPT, heads=4, kv_heads=2, norm="rms", positions="rotary", activation="swiglu", bias=False
)
LSTM = RNNConfig(vocabulary=V, width=16, dropout=0.1)
GRU = dataclasses.replace(LSTM, cell="gru", bidirectional=True, hidden=12, weight_drop=0.2)
CONFIGS = {"bert": BERT, "gpt": GPT, "llama": LLAMA, "lstm": LSTM, "gru": GRU}
TABLES = {
    "words": WordVectorsConfig(vocabulary=V, width=16, rows=290),
    "spelled": WordLSTMConfig(
        vocabulary=V, width=16, rows=290, letters=30, longest=6, letter_width=4
    ),
    "4 bits": dataclasses.replace(BERT, width=32, embedding_bits=4),
}
"""Bodies for which many strategies have no meaning."""
KINDS = {
    TransformerConfig: Transformer,
    RNNConfig: RNN,
    WordVectorsConfig: WordVectors,
    WordLSTMConfig: WordLSTM,
}
MEANINGLESS = {
    ("bias_only", "llama"): "no biases",
    ("prefix_tuning", "lstm"): "an RNN has none",
    ("prefix_tuning", "gru"): "an RNN has none",
    ("choose_layers", "gru"): r"layers\.0\.rnns\.0\.weight_ih_l0",  # 16 -> 12 -> 16 numbers
    ("distil", "gru"): r"layers\.0\.rnns\.0\.weight_ih_l0",
    ("warm_start", "gru"): r"layers\.0\.rnns\.0\.weight_ih_l0",  # two half directions, one whole
    **{("quantized_lora", kind): "Q4_1 stores 32 numbers" for kind in ("bert", "gpt", "llama")},
    **{("quantized_lora", kind): "linear layers of a Transformer" for kind in ("lstm", "gru")},
    ("grow_encoder", "gru"): r"layers\.0\.rnns\.0\.weight_ih_l0",
} | {(strategy, "words"): "a table of word vectors" for strategy in (*WITHOUT_LAYERS, "distil")}
MEANINGLESS |= {(strategy, "spelled"): f"{strategy}: a WordLSTM" for strategy in OF_WORDS}
MEANINGLESS |= {("distil", "spelled"): "give a `student`"}
MEANINGLESS |= {(strategy, "4 bits"): f"{strategy}: .* in 4 bits" for strategy in IN_4_BITS}
"""(strategy, body) that cannot be migrated -> a pattern of the error."""

SEQUENCES = ("grow_decoder", "grow_encoder", "warm_start")
IN_4_BITS_TOO = ("full", "frozen", "from_scratch", "choose_layers", "deepen", "prompt_tuning")
IN_4_BITS_TOO += ("quantized_lora",)
"""Strategies that copy, replace or read the table of token embeddings each in its own way: for
others it makes no difference that it is in 4 bits."""
TABLE = [(s, b) for b in CONFIGS | TABLES for s in STRATEGIES if (s, b) not in MEANINGLESS]
TABLE = [(s, b) for s, b in TABLE if b != "4 bits" or s in IN_4_BITS_TOO]


def body(name: str) -> nn.Module:
    """A body all of whose values, of norms too, differ from those of a fresh one."""
    torch.manual_seed(99)
    config = (CONFIGS | TABLES)[name]
    made = KINDS[type(config)](config)
    if name == "words":
        made.share(torch.arange(V) % config.rows)
    if name == "spelled":
        letters = torch.randint(0, config.letters, (V, config.longest))
        letters[1::2, 3:] = -1
        made.set_words(torch.arange(V) % config.rows, letters)
    with torch.no_grad():
        for p in made.parameters():
            p += torch.randn_like(p) * 0.2
    return made


def source(name: str) -> Source:
    made = body(name)
    own = LanguageHead(made.width, V) if name in TABLES else LanguageHead.tied(made, bias=True)
    return Source(name="tiny", body=made, tokenizer=TOKENS, head=own)


def head(strategy: str, given: Source):
    """The head of a strategy's test case, as `migrate` takes it."""
    if strategy in SEQUENCES:
        like = body("lstm") if isinstance(given.body, WordVectors | WordLSTM) else given.body
        return lambda width: SequenceHead(width, decoder_like(like))
    return lambda width: ClassHead(width, 2)


def options(strategy: str, given: Source) -> dict:
    """The options that a strategy needs, and small sizes."""
    return {
        "into": {
            "target": getattr(given.body, "fresh", lambda: type(given.body)(given.body.config))()
        },
        "move_vocabulary": {"old": TOKENS, "new": OTHER},
        "domain_first": {"adapt": lambda b: b.get_parameter(first(b)).data.add_(0.1)},
        "adapter": {"size": 4},
        "lora": {"rank": 2},
        "prefix_tuning": {"length": 3},
        "prompt_tuning": {"length": 3},
    }.get(strategy, {})


def first(made: nn.Module) -> str:
    return next(name for name, _ in made.named_parameters())


def examples(strategy: str, n: int = 24) -> list[dict]:
    """Class 1 where the first token is 7; for sequences, the input is copied."""
    random = np.random.default_rng(0)
    rows = [random.integers(8, V, random.integers(3, 12)).tolist() for _ in range(n)]
    if strategy in SEQUENCES:
        return [{"ids": ids, "target": ids[:-1], "y": ids[1:]} for ids in rows]
    return [{"ids": [7, *ids] if i % 2 else ids, "y": i % 2} for i, ids in enumerate(rows)]


def bits(made: nn.Module) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in made.state_dict().values())


def answers(made: Model | nn.Module) -> torch.Tensor:
    """Logits for three texts of different length, padded left and right."""
    torch.manual_seed(7)
    ids = torch.randint(8, V, (3, 9))
    mask = torch.ones_like(ids, dtype=torch.bool)
    mask[0, 6:] = mask[1, :2] = False
    with torch.no_grad():
        return made.eval()(ids, mask) * (mask[..., None] if made(ids, mask).ndim == 3 else 1)
