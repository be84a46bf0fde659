"""Transformer: one model class for BERT, GPT-2 and Llama, which differ in five settings.

norm before or after each part · LayerNorm or RMSNorm · learned or rotary positions · GELU or
SwiGLU · as many key-value heads as query heads, or fewer

B batch, T tokens, S tokens that attention reads (T, plus the cached ones, or the memory's),
D width, H heads, G key-value heads, W width of a head, V vocabulary.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from kit.errors import KitError
from kit.models.attention import (
    Cache,
    attend,
    causal_mask,
    encoder_mask,
    positions_of,
    rotary_angles,
    rotate,
    weights,
)
from kit.models.linear import Linear
from kit.models.sizes import check_ids, check_numbers, check_shares, check_sizes, check_switches

__all__ = ["Transformer", "TransformerConfig"]

ACTIVATIONS = {
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "relu": nn.ReLU(),
    "swiglu": nn.SiLU(),
}
NORMS = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}
POSITIONS = ("learned", "rotary", "none")
SIZES = {
    **dict.fromkeys(("vocabulary", "width", "layers", "heads", "intermediate_size"), 1),
    **dict.fromkeys(("block_size", "kv_heads", "head_size"), 1),
    "token_types": 0,
}
"""Field -> its least value."""


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """The shape of a Transformer. The defaults are BERT's settings."""

    vocabulary: int
    """V: number of tokens in the vocabulary."""
    width: int
    """D: numbers in the hidden state of one token."""
    layers: int
    """Number of blocks."""
    heads: int
    """H: attention heads in a block."""
    intermediate_size: int
    """Numbers in the hidden layer of the feed-forward part, often 4 D."""
    block_size: int
    """Largest number of tokens that the model reads at once."""
    causal: bool = False
    """True: each token sees itself and those before it (a decoder). False: all (an encoder)."""
    cross: bool = False
    """Each block also attends to a memory: the hidden states of an encoder."""
    norm: str = "layer"
    """`layer` (subtract the mean, divide by the deviation) or `rms` (divide by the size)."""
    norm_first: bool = False
    """True: normalise the input of each part (GPT-2, Llama). False: its output (BERT)."""
    norm_eps: float = 1e-12
    """Added to the variance, so that the norm never divides by zero."""
    positions: str = "learned"
    """`learned` (a vector per position), `rotary` (queries and keys rotated) or `none`."""
    rotary_base: float = 10000.0
    """θ of rotary positions: pair i rotates by base^(-2 i / W) radians per token."""
    activation: str = "gelu"
    """Of the feed-forward part: `gelu`, `gelu_tanh`, `relu`, or `swiglu` (gated)."""
    kv_heads: int | None = None
    """G: heads of keys and values, each shared by H / G query heads; None for H."""
    head_size: int | None = None
    """W: width of a head; None for D / H."""
    token_types: int = 0
    """Number of token-type embeddings (BERT has 2); the kit always uses the first."""
    embedding_norm: bool = True
    """Normalise the embeddings before the first block."""
    bias: bool = True
    """Whether linear layers have a bias."""
    query_bias: bool | None = None
    """Whether query, key and value have a bias (Qwen2: True); None for the value of `bias`."""
    dropout: float = 0.0
    """Dropout of embeddings and of each part's output in training: a share, 0 to 1."""

    def __post_init__(self) -> None:
        check_sizes(self, SIZES)
        check_shares(self, "dropout")
        check_numbers(self, "norm_eps", "rotary_base")
        check_switches(self, "causal", "cross", "norm_first", "embedding_norm", "bias")
        choices = {"norm": NORMS, "positions": POSITIONS, "activation": ACTIVATIONS}
        for name, known in choices.items():
            if getattr(self, name) not in list(known):  # a list, for a value that has no hash
                raise KitError(f"{name}={getattr(self, name)!r}: choose one of {', '.join(known)}.")
        if self.head_size is None and self.width % self.heads:
            raise KitError(
                f"width={self.width} is not a multiple of heads={self.heads}: give "
                f"width={self.heads * max(1, round(self.width / self.heads))}, or head_size."
            )
        if self.positions == "rotary" and self.size_per_head % 2:
            raise KitError(
                f"a head of {self.size_per_head} numbers cannot be rotated in pairs: give an even "
                "head_size, or another width."
            )
        if self.heads % self.groups:
            raise KitError(
                f"heads={self.heads} is not a multiple of kv_heads={self.groups}: give a divisor "
                f"of {self.heads}."
            )

    @property
    def groups(self) -> int:
        """G: number of key-value heads."""
        return self.kv_heads or self.heads

    @property
    def size_per_head(self) -> int:
        """W: width of a head."""
        return self.head_size or self.width // self.heads


class Transformer(nn.Module):
    """ids (B, T) -> hidden (B, T, D): embeddings, then the blocks.

    An encoder (`causal=False`; Devlin et al. 2018, arxiv.org/abs/1810.04805), a decoder
    (`causal=True`; Radford et al. 2019; Touvron et al. 2023, arxiv.org/abs/2302.13971) or a
    decoder that also reads an encoder's hidden states (`cross=True`; Vaswani et al. 2017,
    arxiv.org/abs/1706.03762).
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config, self.width = config, config.width
        self.embed = Embedding(config)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.norm = make_norm(config) if config.norm_first else nn.Identity()
        self.apply(init_weights)

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache | None = None,
        explain: bool = False,
        states: Tensor | None = None,
    ) -> Tensor | tuple:
        """Hidden states (B, T, D).

        mask (B, S) is True where there is a token, None where nothing is padded. Padding may be
        anywhere: no token sees it, and positions are counted over the real tokens alone.
        memory (B, M, D), memory_mask (B, M): the hidden states that the decoder attends to.
        With a `cache`, ids are the new tokens alone, and mask is that of all tokens so far.
        states (B, T, D): used in place of the embeddings of ids.
        `explain=True` returns (hidden, weights[, cross weights]): attention weights, one tensor
        (B, H, T, S) per layer, whose rows sum to 1.
        Raises KitError for more than `block_size` tokens, for ids that the vocabulary lacks, and
        for a memory without `cross=True` or the reverse.
        """
        if ids.ndim != 2:
            check_ids(ids, self.config.vocabulary)
        past = cache.used if cache else 0
        own_weights = [] if explain else None
        cross_weights = [] if explain else None
        self._fits(past + ids.shape[1])
        if self.config.cross != (memory is not None):
            given = "no memory" if memory is None else "a memory"
            raise KitError(
                f"cross={self.config.cross} and {given}: give a memory (an encoder's states) "
                "to a Transformer with cross=True, and only to such a one."
            )
        if mask is not None and mask.all():
            mask = None  # the fused kernels are faster without a mask
        positions = positions_of(ids, mask, past)
        x = self.embed(ids, positions) if states is None else states  # (B, T, D)
        turn = self.turn(positions, x)
        visible = causal_mask(mask, past, ids) if self.config.causal else encoder_mask(mask)
        own = {"visible": visible, "turn": turn, "cache": cache, "seen": own_weights}
        cross = {"visible": encoder_mask(memory_mask), "cache": cache, "seen": cross_weights}
        for block in self.blocks:
            x = block(x, own, {"memory": memory, **cross})
        if cache:
            cache.used += ids.shape[1]
        x = self.norm(x)
        if not explain:
            return x
        return (x, own_weights, cross_weights) if self.config.cross else (x, own_weights)

    @property
    def embedding(self) -> nn.Embedding:
        """The token embeddings (V, D), to which a language head may be tied."""
        return self.embed.tokens

    def cache(self, batch: int, length: int) -> Cache:
        """An empty key-value cache for `length` tokens in each of `batch` rows."""
        self._fits(length)
        shape = (batch, self.config.groups, length, self.config.size_per_head)
        return Cache(self.config.layers, shape, self.embedding.weight.detach())

    def turn(self, positions: Tensor, like: Tensor) -> tuple[Tensor, Tensor] | None:
        """cos and sin of the rotary positions (`rotary_angles`); None for other positions."""
        if self.config.positions != "rotary":
            return None
        return rotary_angles(positions, self.config.size_per_head, self.config.rotary_base, like)

    def _fits(self, length: int) -> None:
        if length > self.config.block_size:
            raise KitError(
                f"{length} tokens are too many: this model reads at most {self.config.block_size}. "
                f"Shorten the text, as in tokenizer.encode(text, limit={self.config.block_size})."
            )


class Embedding(nn.Module):
    """Sum of token, position and type embeddings: ids (B, T) -> (B, T, D)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        if config.positions == "learned":
            self.positions = nn.Embedding(config.block_size, config.width)
        if config.token_types:
            self.types = nn.Embedding(config.token_types, config.width)
        self.norm = make_norm(config) if config.embedding_norm else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        self.config = config

    def forward(self, ids: Tensor, positions: Tensor) -> Tensor:
        check_ids(ids, self.config.vocabulary)
        x = self.tokens(ids)
        if self.config.token_types:
            x = x + self.types.weight[0]
        if self.config.positions == "learned":
            x = x + self.positions(positions)
        return self.dropout(self.norm(x))


class Block(nn.Module):
    """x + part(norm(x)), or norm(x + part(x)), for each part: attention, feed-forward."""

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.norm_first = config.norm_first
        self.attention, self.attention_norm = Attention(config, layer), make_norm(config)
        self.cross = Attention(config, layer) if config.cross else None
        self.cross_norm = make_norm(config) if config.cross else None
        self.feed_forward, self.feed_forward_norm = FeedForward(config), make_norm(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, own: dict, cross: dict) -> Tensor:
        x = self.add(x, self.attention, self.attention_norm, **own)
        if self.cross is not None:
            x = self.add(x, self.cross, self.cross_norm, **cross)
        return self.add(x, self.feed_forward, self.feed_forward_norm)

    def add(self, x: Tensor, part: nn.Module, norm: nn.Module, **options) -> Tensor:
        if self.norm_first:
            return x + self.dropout(part(norm(x), **options))
        return norm(x + self.dropout(part(x, **options)))


class Attention(nn.Module):
    """softmax(Q Kᵀ / √W + M) V in each head; M is 0 where a key is visible and -∞ elsewhere."""

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        bias = config.bias if config.query_bias is None else config.query_bias
        queries, keys = (n * config.size_per_head for n in (config.heads, config.groups))
        self.query = Linear(config.width, queries, bias=bias)
        self.key = Linear(config.width, keys, bias=bias)
        self.value = Linear(config.width, keys, bias=bias)
        self.output = Linear(queries, config.width, bias=config.bias)

    def forward(self, x, visible, memory=None, turn=None, cache=None, seen=None) -> Tensor:
        """x (B, T, D) -> (B, T, D).

        visible: see `attend`. memory (B, M, D): attend to it (cross-attention), not to x.
        turn: cos and sin of rotary positions. seen: a list to which the weights are appended.
        """
        q = self.split(self.query(x))  # (B, H, T, W)
        if memory is None:
            k, v = self.split(self.key(x)), self.split(self.value(x))  # (B, G, T, W)
            if turn:
                q, k = rotate(q, *turn), rotate(k, *turn)
            if cache:
                k, v = cache.add(self.layer, k, v)  # (B, G, S, W)
        else:
            k, v = self.memory_keys_values(memory, cache)  # (B, G, M, W)
        causal = self.config.causal and visible is None and memory is None and q.shape[2] > 1
        if seen is not None:
            seen.append(weights(q.float(), k.float(), visible, causal))
        return self.output(attend(q, k, v, visible, causal).transpose(1, 2).flatten(2))  # (B, T, D)

    def memory_keys_values(self, memory: Tensor, cache: Cache | None) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory, (B, G, M, W) each; with a cache computed only once."""
        if cache and cache.memory[self.layer]:
            return cache.memory[self.layer]
        keys_values = self.split(self.key(memory)), self.split(self.value(memory))
        if cache:
            cache.memory[self.layer] = keys_values
        return keys_values

    def split(self, x: Tensor) -> Tensor:
        """(B, T, H W) -> (B, H, T, W)."""
        return x.unflatten(-1, (-1, self.config.size_per_head)).transpose(1, 2)


class FeedForward(nn.Module):
    """down(a(up x)), or gated (Shazeer 2020, arxiv.org/abs/2002.05202): down(a(gate x) ⊙ up x)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.activate = ACTIVATIONS[config.activation]
        self.up = Linear(config.width, config.intermediate_size, bias=config.bias)
        gated = config.activation == "swiglu"
        self.gate = (
            Linear(config.width, config.intermediate_size, bias=config.bias) if gated else None
        )
        self.down = Linear(config.intermediate_size, config.width, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.gate is None:
            return self.down(self.activate(self.up(x)))
        return self.down(self.activate(self.gate(x)) * self.up(x))


def make_norm(config: TransformerConfig) -> nn.Module:
    """LayerNorm or RMSNorm over the D numbers of a token."""
    return NORMS[config.norm](config.width, eps=config.norm_eps)


def init_weights(module: nn.Module) -> None:
    """Initialise weights from N(0, 0.02²), as BERT and GPT-2 do, and biases with 0."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
