"""The config of a Transformer: its sizes, and the settings in which its kinds differ."""

from dataclasses import dataclass

from torch import nn

from kit.errors import KitError
from kit.models.rotary import checked_scaling
from kit.models.sizes import check_numbers, check_shares, check_sizes, check_switches

__all__ = ["ACTIVATIONS", "GATED", "NORMS", "TransformerConfig"]

ACTIVATIONS = {
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "relu": nn.ReLU(),
    "swiglu": nn.SiLU(),
    "geglu": nn.GELU(),
    "geglu_tanh": nn.GELU(approximate="tanh"),
    "reglu": nn.ReLU(),
    "silu": nn.SiLU(),
}
GATED = ("swiglu", "geglu", "geglu_tanh", "reglu")
"""Activations of a gate that multiplies the hidden layer of the feed-forward part."""
NORMS = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}
POSITIONS = ("learned", "sinusoidal", "rotary", "relative", "none")
ATTENTION_TYPES = ("full", "local", "nope")
SIZES = {
    **dict.fromkeys(("vocabulary", "width", "layers", "heads", "intermediate_size"), 1),
    **dict.fromkeys(("block_size", "kv_heads", "head_size", "embedding_size", "window"), 1),
    "rotary_size": 2,
    "token_types": 0,
    "relative_buckets": 4,
    "relative_distance": 3,
}
"""Field -> its least value."""
SWITCHES = ("causal", "cross", "norm_first", "first_norm", "post_norm", "norm_bias", "query_norm")
SWITCHES += ("parallel", "embedding_norm", "bias")
"""Fields that are True or False."""


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
    """True: normalise the input of each part (GPT-2, Llama). False: the sum after it (BERT)."""
    first_norm: bool = True
    """With norm_first. False: the first attention reads its input as it is (ModernBERT)."""
    post_norm: bool = False
    """With norm_first: normalise each part's output too, before it is added (Gemma 2)."""
    norm_bias: bool = True
    """Whether a LayerNorm has a bias (ModernBERT: False)."""
    norm_eps: float = 1e-12
    """Added to the variance, so that the norm never divides by zero."""
    positions: str = "learned"
    """`learned` (a vector per position), `sinusoidal` (a fixed one: `kit.models.positions`),
    `rotary` (queries and keys rotated), `relative` (a learned number per distance and head is
    added to the scores) or `none`."""
    relative_buckets: int = 32
    """Relative positions: number of groups of distances, each with its own numbers (T5)."""
    relative_distance: int = 128
    """Relative positions: all tokens so far away, or farther, are in one bucket."""
    rotary_base: float = 10000.0
    """θ of rotary positions: pair i rotates by base^(-2 i / W) radians per token."""
    rotary_size: int | None = None
    """Numbers of a head that are rotated, the first of them (GPT-NeoX); None for all W."""
    rotary_scaling: tuple[tuple[str, object], ...] | None = None
    """How rotary positions are stretched for longer texts: (name, value) pairs, or a dict, with
    the names of config.json's `rope_parameters`; `kit.models.rotary.SCALINGS` has the kinds."""
    local_rotary_base: float | None = None
    """θ in `local` blocks, which are then not stretched (Gemma 3); None for the same as others."""
    attention_types: tuple[str, ...] | None = None
    """Per block: `full`, `local` (the `window` nearest tokens), or `nope` (full, not rotated);
    None for `local` in all blocks where there is a window, else `full`."""
    window: int | None = None
    """Local blocks: a token sees those that are fewer than so many tokens away, and itself."""
    query_norm: bool = False
    """Normalise queries and keys over the W numbers of a head (Qwen3)."""
    query_scalar: float | None = None
    """Scores are divided by its square root; None for W."""
    softcap: float | None = None
    """Scores s become c tanh(s / c) with this c (Gemma 2); None for s."""
    parallel: bool = False
    """With norm_first: attention and feed-forward part read the same x (GPT-NeoX)."""
    activation: str = "gelu"
    """Of the feed-forward part: `gelu`, `gelu_tanh`, `relu`, `silu`, or one in `GATED`."""
    kv_heads: int | None = None
    """G: heads of keys and values, each shared by H / G query heads; None for H."""
    head_size: int | None = None
    """W: width of a head; None for D / H."""
    token_types: int = 0
    """Number of token-type embeddings (BERT has 2); the kit always uses the first."""
    embedding_norm: bool = True
    """Normalise the embeddings before the first block."""
    embedding_size: int | None = None
    """Numbers in an embedding, which a linear layer then widens to D (ELECTRA); None for D."""
    embedding_bits: int | None = None
    """Bits of a number in the table of token embeddings: 4, and the table is never trained; None
    for float32. Only of encoders."""
    embedding_scale: float = 1.0
    """Token embeddings are multiplied by this (Gemma: √D)."""
    bias: bool = True
    """Whether linear layers have a bias."""
    query_bias: bool | None = None
    """Whether query, key and value have a bias (Qwen2: True); None for the value of `bias`."""
    feed_forward_bias: bool | None = None
    """Whether the feed-forward part has a bias; None for the value of `bias`."""
    dropout: float = 0.0
    """Dropout of embeddings and of each part's output in training: a share, 0 to 1."""

    def __post_init__(self) -> None:
        check_sizes(self, SIZES)
        check_shares(self, "dropout")
        check_numbers(self, "norm_eps", "rotary_base", "embedding_scale")
        check_switches(self, *SWITCHES)
        choices = {"norm": NORMS, "positions": POSITIONS, "activation": ACTIVATIONS}
        for name, known in choices.items():
            if getattr(self, name) not in list(known):  # a list, for a value that has no hash
                raise KitError(f"{name}={getattr(self, name)!r}: choose one of {', '.join(known)}.")
        if self.head_size is None and self.width % self.heads:
            raise KitError(
                f"width={self.width} is not a multiple of heads={self.heads}: give "
                f"width={self.heads * max(1, round(self.width / self.heads))}, or head_size."
            )
        if self.positions == "rotary" and self.rotary_size is None and self.size_per_head % 2:
            raise KitError(
                f"a head of {self.size_per_head} numbers cannot be rotated in pairs: give an even "
                "head_size, or another width."
            )
        if self.heads % self.groups:
            raise KitError(
                f"heads={self.heads} is not a multiple of kv_heads={self.groups}: give a divisor "
                f"of {self.heads}."
            )
        object.__setattr__(self, "rotary_scaling", checked_scaling(self.rotary_scaling))
        self._check_attention()
        self._check_relative()
        if self.embedding_bits is not None and (
            self.embedding_bits != 4 or self.causal or self.cross
        ):
            raise KitError(
                f"embedding_bits={self.embedding_bits!r}: give 4, for an encoder (causal=False, "
                "cross=False), or None."
            )
        if not self.norm_first and (self.post_norm or self.parallel or not self.first_norm):
            raise KitError("post_norm, parallel and first_norm=False need norm_first=True.")

    def _check_relative(self) -> None:
        """Distances that the buckets divide, in blocks that see the whole text."""
        if self.positions != "relative":
            return
        if self.relative_distance <= self.relative_buckets // 2:
            raise KitError(
                f"relative_distance={self.relative_distance}: half of the {self.relative_buckets} "
                f"buckets hold one distance each; give more than {self.relative_buckets // 2}."
            )
        if "local" in self.types:
            raise KitError("relative positions have no local attention: give window=None.")

    def _check_attention(self) -> None:
        """One known type of attention for each block, and a window where one is needed."""
        size = self.rotary_size
        if size is not None and (size % 2 or size > self.size_per_head):
            raise KitError(
                f"rotary_size={size}: a head has {self.size_per_head} numbers, which rotate in "
                "pairs; give an even number of them."
            )
        if self.attention_types is None:
            return
        types = tuple(self.attention_types)
        object.__setattr__(self, "attention_types", types)
        if len(types) != self.layers or not set(types) <= set(ATTENTION_TYPES):
            raise KitError(
                f"attention_types={types}: give one of {', '.join(ATTENTION_TYPES)} for each of "
                f"the {self.layers} blocks."
            )
        if "local" in types and self.window is None:
            raise KitError("local attention needs a window: give window=, in tokens.")

    @property
    def types(self) -> tuple[str, ...]:
        """The type of attention of each block."""
        return self.attention_types or ("local" if self.window else "full",) * self.layers

    @property
    def groups(self) -> int:
        """G: number of key-value heads."""
        return self.kv_heads or self.heads

    @property
    def size_per_head(self) -> int:
        """W: width of a head."""
        return self.head_size or self.width // self.heads
