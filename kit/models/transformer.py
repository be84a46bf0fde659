"""BERT, GPT-2 and Llama are one block with five switches.

norm before or after · LayerNorm or RMSNorm · learned or rotary positions · GELU or SwiGLU ·
as many key-value heads as query heads, or fewer

B batch, T tokens, S tokens that can be seen (T, the cached ones too, or the memory's),
D width, H heads, G key-value heads, W width of a head, V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.models.attention import Cache, look_around, look_back, places_of, rotate, rotation
from kit.models.linear import Linear

__all__ = ["Transformer", "TransformerConfig"]

ACTIVATIONS = {
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "relu": nn.ReLU(),
    "swiglu": nn.SiLU(),
}
NORMS = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}
POSITIONS = ("learned", "rotary", "none")


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """The shape of a Transformer. As it stands: BERT's, with the switches in BERT's position."""

    vocabulary: int
    """V: how many different pieces of text the model knows."""
    width: int
    """D: numbers that stand for one token between the blocks."""
    layers: int
    """Blocks on top of each other."""
    heads: int
    """H: attentions side by side in a block."""
    intermediate_size: int
    """Width inside the feed-forward part, often 4 D."""
    block_size: int
    """Most tokens that the model reads at once."""
    causal: bool = False
    """Each token sees only those before it (a decoder) or all (an encoder)."""
    cross: bool = False
    """Each block also attends to a memory: the hidden states of an encoder."""
    norm: str = "layer"
    """`layer` (subtract the mean, divide by the deviation) or `rms` (divide by the size)."""
    norm_first: bool = False
    """Normalise what enters a part (GPT-2, Llama) or what leaves it (BERT)."""
    norm_eps: float = 1e-12
    """Added to the variance, so that the norm never divides by zero."""
    positions: str = "learned"
    """`learned` (a vector per position), `rotary` (queries and keys turned) or `none`."""
    rotary_base: float = 10000.0
    """Rotary positions: the slowest pair of numbers turns once in 2π of this many tokens."""
    activation: str = "gelu"
    """Of the feed-forward part: `gelu`, `gelu_tanh`, `relu`, or `swiglu` (gated)."""
    kv_heads: int | None = None
    """G: heads of keys and values, each shared by H / G query heads; None for H."""
    head_size: int | None = None
    """W: width of a head; None for D / H."""
    token_types: int = 0
    """Kinds of sentence with a vector each (BERT has 2); the kit always reads the first."""
    embedding_norm: bool = True
    """Normalise the embeddings before the first block."""
    bias: bool = True
    """Add a constant in linear layers."""
    query_bias: bool | None = None
    """The same for query, key and value alone (Qwen2); None for what `bias` says."""
    dropout: float = 0.0
    """Share of the numbers that each part adds which is set to zero in training, 0 to 1."""

    def __post_init__(self) -> None:
        choices = {"norm": NORMS, "positions": POSITIONS, "activation": ACTIVATIONS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise KitError(f"{name}={getattr(self, name)!r}: choose one of {', '.join(known)}.")
        if self.head_size is None and self.width % self.heads:
            raise KitError(f"width={self.width} is not a multiple of heads={self.heads}.")
        if self.heads % self.groups:
            raise KitError(f"heads={self.heads} is not a multiple of kv_heads={self.groups}.")

    @property
    def groups(self) -> int:
        """G."""
        return self.kv_heads or self.heads

    @property
    def size_per_head(self) -> int:
        """W."""
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
        self.apply(fresh)

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

        mask (B, S) is True where there is a token, None where nothing is padded (left or right).
        memory (B, M, D), memory_mask (B, M): what the decoder attends to. With a `cache`, ids are
        the new tokens alone, mask that of all so far. states (B, T, D): in place of embeddings.
        `explain=True`: (hidden, weights[, cross weights]), one (B, H, T, S) a layer, rows sum to 1.
        """
        past = cache.used if cache else 0
        seen, crossed = ([], []) if explain else (None, None)
        self._fits(past + ids.shape[1])
        if self.config.cross != (memory is not None):
            raise KitError("An encoder's hidden states (memory) go with cross=True, and only then.")
        if mask is not None and mask.all():
            mask = None  # where nothing is padded the fused kernels are faster without
        places = places_of(ids, mask, past)
        x = self.embed(ids, places) if states is None else states  # (B, T, D)
        turn = self.turn(places, x)
        visible = look_back(mask, past, ids) if self.config.causal else look_around(mask)
        own = {"visible": visible, "turn": turn, "cache": cache, "seen": seen}
        cross = {"visible": look_around(memory_mask), "cache": cache, "seen": crossed}
        for block in self.blocks:
            x = block(x, own, {"memory": memory, **cross})
        if cache:
            cache.used += ids.shape[1]
        x = self.norm(x)
        if not explain:
            return x
        return (x, seen, crossed) if self.config.cross else (x, seen)

    @property
    def embedding(self) -> nn.Embedding:
        """The word table (V, D), to which a language head may be tied."""
        return self.embed.tokens

    def cache(self, batch: int, length: int) -> Cache:
        """An empty cache with room for `length` tokens in each of `batch` rows."""
        self._fits(length)
        shape = (batch, self.config.groups, length, self.config.size_per_head)
        return Cache(self.config.layers, shape, self.embedding.weight.detach())

    def turn(self, places: Tensor, like: Tensor) -> tuple[Tensor, Tensor] | None:
        """By how much rotary positions turn queries and keys; None where they do not."""
        if self.config.positions != "rotary":
            return None
        return rotation(places, self.config.size_per_head, self.config.rotary_base, like)

    def _fits(self, length: int) -> None:
        if length > self.config.block_size:
            raise KitError(
                f"{length} tokens are too many: this model reads at most {self.config.block_size}. "
                f"Shorten the text, as in tokens.encode(text, limit={self.config.block_size})."
            )


class Embedding(nn.Module):
    """Token + position + type, (B, T) -> (B, T, D)."""

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

    def forward(self, ids: Tensor, places: Tensor) -> Tensor:
        low, high = (int(i) for i in ids.aminmax())
        if low < 0 or high >= self.config.vocabulary:
            raise KitError(
                f"A vocabulary that does not fit the model: piece {low if low < 0 else high}, and "
                f"it knows 0 to {self.config.vocabulary - 1}. Encode with the model's own tokens."
            )
        x = self.tokens(ids)
        if self.config.token_types:
            x = x + self.types.weight[0]
        if self.config.positions == "learned":
            x = x + self.positions(places)
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
    """softmax(Q Kᵀ / √W + M) V in each head, M being -∞ where a token must not look."""

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
        q = self.split(self.query(x))  # (B, H, T, W)
        if memory is None:
            k, v = self.split(self.key(x)), self.split(self.value(x))  # (B, G, T, W)
            if turn:
                q, k = rotate(q, *turn), rotate(k, *turn)
            if cache:
                k, v = cache.add(self.layer, k, v)  # (B, G, S, W)
        else:
            k, v = self.remember(memory, cache)  # (B, G, M, W)
        alone = visible is None and memory is None and q.shape[2] > 1
        sight = visible, alone and self.config.causal
        if seen is not None:
            seen.append(weights(q.float(), k.float(), *sight))
        return self.output(attend(q, k, v, *sight).transpose(1, 2).flatten(2))  # (B, T, D)

    def remember(self, memory: Tensor, cache: Cache | None) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory: with a cache they are computed once."""
        kept = cache and cache.memory[self.layer]
        if not kept:
            kept = self.split(self.key(memory)), self.split(self.value(memory))
            if cache:
                cache.memory[self.layer] = kept
        return kept

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


def attend(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, causal: bool) -> Tensor:
    """softmax(Q Kᵀ / √W + M) V by torch's fused kernel, (B, H, T, W)."""
    options = {"is_causal": causal, "enable_gqa": q.shape[1] != k.shape[1]}
    if q.device.type == "cpu" and q.requires_grad:
        # The CPU kernel's backward pass takes five times as long in bfloat16 as in float32, and
        # that twice as long as plain products in bfloat16, which hold all weights.
        if q.dtype == torch.bfloat16 and q.shape[2] * k.shape[2] <= 256**2:
            v = v.repeat_interleave(q.shape[1] // v.shape[1], dim=1)
            return weights(q, k, visible, causal) @ v
        with torch.autocast("cpu", enabled=False):
            x = F.scaled_dot_product_attention(q.float(), k.float(), v.float(), visible, **options)
            return x.to(v.dtype)
    return F.scaled_dot_product_attention(q, k, v, visible, **options)


def weights(q: Tensor, k: Tensor, visible: Tensor | None, causal: bool) -> Tensor:
    """softmax(Q Kᵀ / √W + M) (B, H, T, S), which the fused kernel never writes down."""
    k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    scores = (q * q.shape[-1] ** -0.5) @ k.mT
    if causal:
        visible = torch.ones_like(scores[0, 0], dtype=torch.bool).tril()
    if visible is not None:
        hidden = scores.new_zeros(()).masked_fill(~visible, torch.finfo(scores.dtype).min)
        scores = scores + hidden
    return scores.softmax(-1)


def make_norm(config: TransformerConfig) -> nn.Module:
    return NORMS[config.norm](config.width, eps=config.norm_eps)


def fresh(module: nn.Module) -> None:
    """Values to start from: N(0, 0.02²), as in BERT and GPT-2; constants 0."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
