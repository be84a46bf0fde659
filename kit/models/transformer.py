"""Transformer: one model class for BERT, GPT-2, Llama and their kin, which differ in settings.

norm before or after each part · LayerNorm or RMSNorm · learned or rotary positions · GELU or
SwiGLU · as many key-value heads as query heads, or fewer · all tokens visible, or the nearest

B batch, T tokens, S tokens that attention reads (T, plus the cached ones, or the memory's),
D width, H heads, G key-value heads, W width of a head, V vocabulary.
"""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from kit.errors import KitError
from kit.memory import trim
from kit.models.attention import (
    Cache,
    attend,
    causal_mask,
    encoder_mask,
    local_mask,
    positions_of,
    weights,
)
from kit.models.exporting import is_exporting
from kit.models.linear import Linear
from kit.models.positions import RelativeBias, sinusoids
from kit.models.quantized import QuantizedEmbedding
from kit.models.rotary import periods, rotary_angles, rotate
from kit.models.sizes import check_ids
from kit.models.transformer_config import ACTIVATIONS, GATED, NORMS, TransformerConfig

__all__ = ["Transformer", "TransformerConfig"]

NARROW = True
"""Whether compiled blocks on a GPU pass their hidden states on in bf16, when they compute in it."""


class Transformer(nn.Module):
    """ids (B, T) -> hidden (B, T, D): embeddings, then the blocks.

    An encoder (`causal=False`; Devlin et al. 2018, arxiv.org/abs/1810.04805), a decoder
    (`causal=True`; Radford et al. 2019; Touvron et al. 2023, arxiv.org/abs/2302.13971) or a
    decoder that also reads an encoder's hidden states (`cross=True`; Vaswani et al. 2017,
    arxiv.org/abs/1706.03762).
    activation_checkpointing: see `kit.train.Recipe`, which sets it for a training.
    """

    activation_checkpointing = False

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
        if mask is not None and not is_exporting() and mask.all():
            mask = None  # the fused kernels are faster without a mask
        positions = positions_of(ids, mask, past)
        x = self.embed(ids, positions) if states is None else states  # (B, T, D)
        visible = causal_mask(mask, past, ids) if self.config.causal else encoder_mask(mask)
        if self.config.positions == "relative":
            visible = self.embed.relative(visible, positions, positions_of(ids, mask, 0, past))
        own = {
            kind: {
                "visible": self.visible(kind, visible, mask, past, ids),
                "turn": self.turn(positions, x, kind),
                "cache": cache,
                "seen": own_weights,
            }
            for kind in sorted(set(self.config.types))
        }
        cross = {"visible": encoder_mask(memory_mask), "cache": cache, "seen": cross_weights}
        x = self._narrow(x)
        for block in self.blocks:
            x = self._run(block, x, own[block.type], {"memory": memory, **cross})
        if cache:
            cache.used += ids.shape[1]
        x = self.norm(x)
        if not explain:
            return x
        return (x, own_weights, cross_weights) if self.config.cross else (x, own_weights)

    @property
    def embedding(self) -> nn.Embedding | QuantizedEmbedding:
        """The token embeddings (V, D), to which a language head may be tied (not in 4 bits)."""
        return self.embed.tokens

    def cache(self, batch: int, length: int) -> Cache:
        """An empty key-value cache for `length` tokens in each of `batch` rows."""
        self._fits(length)
        shape = (batch, self.config.groups, length, self.config.size_per_head)
        return Cache(self.config.layers, shape, next(self.parameters()).detach())

    def visible(self, kind: str, visible: Tensor | None, mask, past: int, ids) -> Tensor | None:
        """The mask of blocks of this type of attention; `visible` is that of full ones."""
        if kind != "local":
            return visible
        return local_mask(visible, mask, past, ids, self.config.window, self.config.causal)

    def turn(
        self, positions: Tensor, like: Tensor, kind: str = "full"
    ) -> tuple[Tensor, Tensor] | None:
        """cos and sin of rotary positions (`rotary_angles`) in blocks of this type of attention;
        None where nothing is rotated."""
        config = self.config
        if config.positions != "rotary" or kind == "nope":
            return None
        base, scaling = config.rotary_base, config.rotary_scaling
        if kind == "local" and config.local_rotary_base is not None:
            base, scaling = config.local_rotary_base, None
        tokens, factor = periods(config.rotary_size or config.size_per_head, base, scaling)
        return rotary_angles(positions, tokens, like, factor)

    def _run(self, block: nn.Module, x: Tensor, own: dict, cross: dict) -> Tensor:
        """A block's output; with activation checkpointing its inner values are not kept."""
        if not (self.activation_checkpointing and torch.is_grad_enabled()):
            return block(x, own, cross)
        y = checkpoint(block, x, own, cross, use_reentrant=False)
        if y.device.type == "cpu":
            trim()  # else glibc keeps what each block has freed: .9 GB for SmolLM2's 30 blocks
        return y

    def _narrow(self, x: Tensor) -> Tensor:
        """The embeddings as the blocks take them: in bf16 where the blocks are compiled for it on
        a GPU, which halves what they move through its memory (their norms compute in float32)."""
        if not (NARROW and x.is_cuda and self.config.norm_first and len(self.blocks)):
            return x
        compiled = self.blocks[0]._compiled_call_impl is not None
        narrow = compiled and torch.is_autocast_enabled("cuda")
        return x.to(torch.get_autocast_dtype("cuda")) if narrow else x

    def _fits(self, length: int) -> None:
        if not is_exporting() and length > self.config.block_size:
            raise KitError(
                f"{length} tokens are too many: this model reads at most {self.config.block_size}. "
                f"Shorten the text, as in tokenizer.encode(text, limit={self.config.block_size})."
            )


class Embedding(nn.Module):
    """Sum of token, position and type embeddings: ids (B, T) -> (B, T, D)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        size = config.embedding_size or config.width
        table = nn.Embedding if config.embedding_bits is None else QuantizedEmbedding
        self.tokens = table(config.vocabulary, size)
        if config.positions == "learned":
            self.positions = nn.Embedding(config.block_size, size)
        if config.token_types:
            self.types = nn.Embedding(config.token_types, size)
        if config.positions == "relative":
            options = config.relative_buckets, config.relative_distance, config.causal
            self.relative = RelativeBias(config.heads, *options)
        self.norm = make_norm(config, size) if config.embedding_norm else nn.Identity()
        self.project = Linear(size, config.width) if config.embedding_size else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        self.config = config

    def forward(self, ids: Tensor, positions: Tensor) -> Tensor:
        if not is_exporting():
            check_ids(ids, self.config.vocabulary)
        x = self.tokens(ids)
        if self.config.embedding_scale != 1:
            x = x * self.config.embedding_scale
        if self.config.token_types:
            x = x + self.types.weight[0]
        if self.config.positions == "learned":
            x = x + self.positions(positions)
        if self.config.positions == "sinusoidal":
            x = x + sinusoids(positions, x)
        return self.project(self.dropout(self.norm(x)))


class Block(nn.Module):
    """x + part(norm(x)), or norm(x + part(x)), for each part: attention, feed-forward.

    post_norm: x + norm'(part(norm(x))). parallel: both parts read the same x.
    """

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.norm_first, self.parallel = config.norm_first, config.parallel
        self.type = config.types[layer]
        as_it_is = layer == 0 and not config.first_norm
        self.attention = Attention(config, layer)
        self.attention_norm = nn.Identity() if as_it_is else make_norm(config)
        self.cross = Attention(config, layer) if config.cross else None
        self.cross_norm = make_norm(config) if config.cross else None
        self.feed_forward, self.feed_forward_norm = FeedForward(config), make_norm(config)
        self.attention_post_norm = make_norm(config) if config.post_norm else nn.Identity()
        self.feed_forward_post_norm = make_norm(config) if config.post_norm else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, own: dict, cross: dict) -> Tensor:
        read = x
        x = self.add(x, self.attention, self.attention_norm, self.attention_post_norm, **own)
        if self.cross is not None:
            x = self.add(x, self.cross, self.cross_norm, **cross)
        feed_forward = self.feed_forward, self.feed_forward_norm, self.feed_forward_post_norm
        return self.add(x, *feed_forward, read=read if self.parallel else None)

    def add(self, x, part, norm, post_norm=None, read=None, **options) -> Tensor:
        """x and the output of a part, which reads x or, where it is given, `read`."""
        if not self.norm_first:
            return norm(x + self.dropout(part(x, **options)))
        y = part(norm(x if read is None else read), **options)
        return x + self.dropout(y if post_norm is None else post_norm(y))


class Attention(nn.Module):
    """softmax(Q Kᵀ / √W + M) V in each head; M is 0 where a key is visible and -∞ elsewhere.

    Settings of the config normalise Q and K first, divide by another root, or cap the scores.
    """

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        bias = config.bias if config.query_bias is None else config.query_bias
        queries, keys = (n * config.size_per_head for n in (config.heads, config.groups))
        self.query = Linear(config.width, queries, bias=bias)
        self.key = Linear(config.width, keys, bias=bias)
        self.value = Linear(config.width, keys, bias=bias)
        self.output = Linear(queries, config.width, bias=config.bias)
        size, eps = config.size_per_head, config.norm_eps
        self.query_norm = nn.RMSNorm(size, eps=eps) if config.query_norm else nn.Identity()
        self.key_norm = nn.RMSNorm(size, eps=eps) if config.query_norm else nn.Identity()
        self.scale = config.query_scalar and config.query_scalar**-0.5

    def forward(self, x, visible, memory=None, turn=None, cache=None, seen=None) -> Tensor:
        """x (B, T, D) -> (B, T, D).

        visible: see `attend`. memory (B, M, D): attend to it (cross-attention), not to x.
        turn: cos and sin of rotary positions. seen: a list to which the weights are appended.
        """
        if memory is None:
            q, k, v = self.queries_keys_values(x, turn)
            if cache:
                k, v = cache.add(self.layer, k, v)  # (B, G, S, W)
        else:
            q = self.query_norm(self.split(self.query(x)))
            k, v = self.memory_keys_values(memory, cache)  # (B, G, M, W)
        causal = self.config.causal and visible is None and memory is None and q.shape[2] > 1
        return self.read(q, k, v, visible, causal, seen)

    def queries_keys_values(self, x: Tensor, turn) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, W), keys and values (B, G, T, W), of the tokens themselves."""
        q = self.query_norm(self.split(self.query(x)))
        k, v = self.key_norm(self.split(self.key(x))), self.split(self.value(x))
        if turn:
            q, k = rotate(q, *turn), rotate(k, *turn)
        return q, k, v

    def read(self, q, k, v, visible, causal: bool, seen: list | None) -> Tensor:
        """What the queries read from the values (`attend`), projected: (B, T, D)."""
        how = {"scale": self.scale, "softcap": self.config.softcap}
        if seen is not None:
            seen.append(weights(q.float(), k.float(), visible, causal, **how))
        return self.output(attend(q, k, v, visible, causal, **how).transpose(1, 2).flatten(2))

    def memory_keys_values(self, memory: Tensor, cache: Cache | None) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory, (B, G, M, W) each; with a cache computed only once."""
        if cache and cache.memory[self.layer]:
            return cache.memory[self.layer]
        keys_values = self.key_norm(self.split(self.key(memory))), self.split(self.value(memory))
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
        own = config.feed_forward_bias
        bias = config.bias if own is None else own
        gated = config.activation in GATED
        self.up = Linear(config.width, config.intermediate_size, bias=bias)
        self.gate = Linear(config.width, config.intermediate_size, bias=bias) if gated else None
        self.down = Linear(config.intermediate_size, config.width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.gate is None:
            return self.down(self.activate(self.up(x)))
        return self.down(self.activate(self.gate(x)) * self.up(x))


def make_norm(config: TransformerConfig, size: int | None = None) -> nn.Module:
    """LayerNorm or RMSNorm over the D numbers of a token; size: another number of them."""
    options = {"bias": False} if config.norm == "layer" and not config.norm_bias else {}
    return NORMS[config.norm](size or config.width, eps=config.norm_eps, **options)


def init_weights(module: nn.Module) -> None:
    """Initialise weights from N(0, 0.02²), as BERT and GPT-2 do, and biases with 0."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
