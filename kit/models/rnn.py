"""RNN: LSTM and GRU read a text token by token, and keep a state of fixed size.

B batch, T tokens, M tokens of a memory, D width, H numbers in a state, V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from kit.errors import KitError
from kit.models.attention import padded_right
from kit.models.sizes import check_ids, check_shares, check_sizes, check_switches

__all__ = ["RNN", "RNNConfig", "State", "gru_cell", "lstm_cell"]


def lstm_cell(x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor) -> tuple:
    """One step of Hochreiter & Schmidhuber's LSTM (1997), with a forget gate:

    i, f, g, o = W x + U h + b;  c' = σ(f) c + σ(i) tanh(g);  h' = σ(o) tanh(c')

    x (B, D), h and c (B, H), W (4H, D), U (4H, H), b (4H) -> h' and c' (B, H).
    """
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_cell(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor, d: Tensor) -> Tensor:
    """One step of a GRU (Cho et al. 2014, arxiv.org/abs/1406.1078), with W x + b in three parts
    for r, z and n, and U h + d likewise:

    r = σ(Wᵣx + Uᵣh);  z = σ(W_z x + U_z h);  n = tanh(Wₙx + r Uₙh);  h' = (1 - z) n + z h

    x (B, D), h (B, H), W (3H, D), U (3H, H), b and d (3H) -> h' (B, H).
    """
    (xr, xz, xn), (hr, hz, hn) = (x @ W.T + b).chunk(3, -1), (h @ U.T + d).chunk(3, -1)
    r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
    n = (xn + r * hn).tanh()
    return (1 - z) * n + z * h


@dataclass(frozen=True, kw_only=True)
class RNNConfig:
    """The shape of an RNN. The defaults are a causal LSTM, for language modelling."""

    vocabulary: int
    """V: number of tokens in the vocabulary."""
    width: int
    """D: numbers of a token's embedding, and of its hidden state in the output."""
    layers: int = 2
    """Number of layers: each reads the hidden states of the one below."""
    hidden: int | None = None
    """Numbers of a token's hidden state in the layers below the last; None for D."""
    cell: str = "lstm"
    """`lstm` or `gru`."""
    bidirectional: bool = False
    """True: read each text in both directions, with half of the numbers each (an encoder). False:
    only from its beginning (causal)."""
    cross: bool = False
    """Attend to a memory, the hidden states of an encoder, after the first layer."""
    dropout: float = 0.0
    """Dropout before and after each layer in training: a share, 0 to 1."""
    weight_drop: float = 0.0
    """DropConnect: dropout of the recurrent weights U in training, 0 to 1."""

    def __post_init__(self) -> None:
        check_sizes(self, dict.fromkeys(("vocabulary", "width", "layers", "hidden"), 1))
        check_shares(self, "dropout", "weight_drop")
        check_switches(self, "bidirectional", "cross")
        if self.cell not in ("lstm", "gru"):
            raise KitError(f"cell={self.cell!r}: choose one of lstm, gru.")
        if self.bidirectional and self.cross:
            raise KitError(
                "bidirectional=True and cross=True: a decoder cannot read tokens that it has not "
                "written yet, so give bidirectional=False."
            )
        if self.bidirectional and any(size % 2 for size in self.sizes):
            raise KitError(f"sizes {self.sizes} do not halve: give an even width and hidden.")

    @property
    def sizes(self) -> list[int]:
        """Numbers per token: of the first layer's input, then of each layer's output."""
        between = [self.hidden or self.width] * (self.layers - 1)
        return [self.width, *between, self.width]


class State:
    """The states of an RNN after the tokens so far, one entry per layer.

    It is used like a Transformer's `Cache`, but its size does not grow with the text. `used` is
    the number of tokens read.
    """

    def __init__(self, layers: int) -> None:
        self.layers: list[tuple[Tensor, ...] | Tensor | None] = [None] * layers
        self.used = 0

    def reorder(self, rows: Tensor) -> None:
        """Continue from these rows (B,) of the batch; a row may come several times."""
        self.layers = [
            tuple(s[:, rows] for s in state) if isinstance(state, tuple) else state[:, rows]
            for state in self.layers
        ]


class RNN(nn.Module):
    """ids (B, T) -> hidden (B, T, D): embeddings, then the layers.

    Causal, bidirectional, or a decoder with attention to a memory. Its regularisation (dropout
    with one mask for all tokens, DropConnect of recurrent weights, a tied output) is that of
    AWD-LSTM: Merity et al. 2017, arxiv.org/abs/1708.02182.
    """

    def __init__(self, config: RNNConfig) -> None:
        super().__init__()
        self.config, self.width = config, config.width
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        pairs = zip(config.sizes, config.sizes[1:], strict=False)
        self.layers = nn.ModuleList(Layer(config, *sizes) for sizes in pairs)
        self.attention = Attention(config.sizes[1], config.width) if config.cross else None

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: State | None = None,
        explain: bool = False,
    ) -> Tensor | tuple:
        """Hidden states (B, T, D).

        mask (B, T) is True where there is a token; padding may be anywhere, and is read over;
        None where nothing is padded. memory (B, M, D), memory_mask (B, M): the hidden states that
        the decoder attends to. With a `cache`, ids are the new tokens alone, and mask is that of
        all tokens so far. `explain=True` returns (hidden, weights): of a decoder one tensor of
        attention weights (B, 1, T, M) whose rows sum to 1, of others none.
        Raises KitError for ids that the vocabulary lacks, and for a memory without `cross=True`
        or the reverse.
        """
        self._check(ids, memory)
        order, lengths = line_up(mask, ids.shape[1])
        x = self.embedding(ids if order is None else ids.gather(1, order))  # (B, T, D)
        weights = []
        for i, layer in enumerate(self.layers):
            x = layer(same_dropout(x, self.drop), lengths, cache, i)
            if i == 0 and self.attention:
                x, attention_weights = self.attention(x, memory, memory_mask)
                weights.append(attention_weights[:, None])
        if cache:
            cache.used += ids.shape[1]
        x = same_dropout(x, self.drop)
        if order is not None:  # back to the order of ids
            x = pick(x, order.argsort(1))
        return (x, weights) if explain else x

    def cache(self, batch: int, length: int) -> State:
        """An empty state; `batch` and `length`, which a Transformer needs, have no effect."""
        return State(self.config.layers)

    @property
    def drop(self) -> float:
        """The dropout in training, and 0 outside of it."""
        return self.config.dropout if self.training else 0.0

    def _check(self, ids: Tensor, memory: Tensor | None) -> None:
        check_ids(ids, self.config.vocabulary)
        if self.config.cross != (memory is not None):
            raise KitError(
                "a decoder with cross=True needs an encoder's hidden states as memory, "
                "and only such a decoder takes them."
            )


class Layer(nn.Module):
    """One layer: a forward LSTM or GRU, and a backward one where it is bidirectional."""

    def __init__(self, config: RNNConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[config.cell]
        directions = 1 + config.bidirectional
        self.weight_drop = config.weight_drop
        self.rnns = nn.ModuleList(
            kind(inputs, outputs // directions, batch_first=True) for _ in range(directions)
        )

    def forward(self, x: Tensor, lengths: Tensor | None, cache: State | None, i: int) -> Tensor:
        if cache:
            return self.go_on(x, lengths, cache, i)
        out = [self.read(self.rnns[0], x)]
        for rnn in self.rnns[1:]:
            back = backwards(x, lengths)
            out.append(pick(self.read(rnn, pick(x, back)), back))
        return torch.cat(out, -1) if len(out) > 1 else out[0]

    def read(self, rnn: nn.LSTM | nn.GRU, x: Tensor) -> Tensor:
        """x (B, T, D) -> h (B, T, H), with DropConnect of U in training."""
        if not (self.training and self.weight_drop):
            return rnn(x)[0]
        W, U, b, d = rnn.all_weights[0]
        U = nn.functional.dropout(U, self.weight_drop)
        zero = x.new_zeros(1, len(x), rnn.hidden_size)
        # has_biases, num_layers, dropout, train, bidirectional, batch_first
        options = True, 1, 0.0, True, False, True
        if rnn.mode == "LSTM":
            return torch.lstm(x, (zero, zero), (W, U, b, d), *options)[0]
        return torch.gru(x, zero, (W, U, b, d), *options)[0]

    def go_on(self, x: Tensor, lengths: Tensor | None, cache: State, i: int) -> Tensor:
        """x (B, T, D) -> h (B, T, H) from the cached state of layer i, which is then replaced."""
        if len(self.rnns) > 1:
            raise KitError(
                "a bidirectional RNN reads whole texts and cannot continue one: use an RNN with "
                "bidirectional=False."
            )
        if lengths is None:
            x, cache.layers[i] = self.rnns[0](x, cache.layers[i])
            return x
        # Only a packed sequence gives the state after the last token, not after the padding.
        packed = pack_padded_sequence(
            x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
        )
        before = cache.layers[i]
        packed, after = self.rnns[0](packed, before)
        cache.layers[i] = unread(after, before, lengths == 0)
        return pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]


class Attention(nn.Module):
    """Attention of a decoder to the memory, after Luong et al. 2015 (arxiv.org/abs/1508.04025):

    a = softmax(m W h / √D);  h' = tanh(C [h; Σ a m])
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(size, width, bias=False)
        self.join = nn.Linear(size + width, size, bias=False)

    def forward(self, h: Tensor, memory: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """h (B, T, H), memory (B, M, D), mask (B, M) -> h' (B, T, H), weights (B, T, M)."""
        scores = self.query(h) @ memory.mT * memory.shape[-1] ** -0.5  # (B, T, M)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None], torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        return self.join(torch.cat([h, weights @ memory], -1)).tanh(), weights


def unread(after: tuple | Tensor, before: tuple | Tensor | None, empty: Tensor) -> tuple | Tensor:
    """The states after new tokens; those before them, or zeros, for texts without a new token.

    empty (B,): True for such a text.
    """
    if isinstance(after, tuple):
        return tuple(
            unread(a, b, empty) for a, b in zip(after, before or (None, None), strict=True)
        )
    return torch.where(empty[:, None], torch.zeros_like(after) if before is None else before, after)


def same_dropout(x: Tensor, share: float) -> Tensor:
    """Variational dropout: one mask for all tokens of a text, drawn for each text.

    Gal & Ghahramani 2016, arxiv.org/abs/1512.05287. x (B, T, D).
    """
    if not share:
        return x
    return x * nn.functional.dropout(torch.ones_like(x[:, :1]), share)


def line_up(mask: Tensor | None, T: int) -> tuple[Tensor | None, Tensor | None]:
    """(order, lengths): padding moved to the right, and the number of tokens of each text.

    order (B, T): the position in ids of each token, wherever the padding is; None where it is on
    the right already.
    lengths (B,); None where nothing is padded.
    """
    if mask is None or (mask := mask[:, -T:]).all():
        return None, None
    lengths = mask.sum(1)
    order = mask.int().argsort(dim=1, descending=True, stable=True)
    return (None if padded_right(mask) else order), lengths


def backwards(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The order (B, T) that reverses each text and leaves its padding on the right."""
    positions = torch.arange(x.shape[1], device=x.device)
    if lengths is None:
        return positions.flip(0).expand(len(x), -1)
    last = lengths[:, None] - 1
    return torch.where(positions <= last, last - positions, positions)


def pick(x: Tensor, order: Tensor) -> Tensor:
    """x (B, T, D) with the tokens in this order (B, T)."""
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[-1]))
