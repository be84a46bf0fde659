"""Activations: every value that a Transformer or an LSTM computes while it reads one text.

T tokens, D width, H heads, W width of a head, I hidden units of the feed-forward part,
S numbers in the state of an LSTM's layer, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models.heads import LanguageHead
from kit.models.quantized_matrix import dense
from kit.models.rnn import RNN
from kit.models.transformer import Block, Transformer

__all__ = ["Activations", "BlockValues", "CellValues", "activations"]


@dataclass(frozen=True, kw_only=True)
class BlockValues:
    """The values of one block of a Transformer."""

    x: np.ndarray
    """The residual stream before the block, (T, D)."""
    query: np.ndarray
    """(H, T, W), rotated where the positions are rotary, as is `key`."""
    key: np.ndarray
    """(H, T, W)."""
    value: np.ndarray
    """(H, T, W)."""
    products: np.ndarray
    """Query of a token (row) · key of a token (column), (H, T, T)."""
    scores: np.ndarray
    """The products times the scale, usually 1 / √W, before the mask."""
    weights: np.ndarray
    """softmax of the scores of each row's visible tokens; 0 for later tokens."""
    mixed: np.ndarray
    """What each head reads: its weights times its values, (H, T, W)."""
    shares: np.ndarray
    """What each head adds to the stream: mixed times its part of the output matrix, (H, T, D)."""
    attention: np.ndarray
    """The output of attention, (T, D): the shares and the output's bias, added up."""
    hidden: np.ndarray
    """The hidden units of the feed-forward part, (T, I)."""
    feed_forward: np.ndarray
    """The output of the feed-forward part, (T, D)."""

    @property
    def middle(self) -> np.ndarray:
        """The stream between the two parts: x + attention."""
        return self.x + self.attention

    @property
    def y(self) -> np.ndarray:
        """The stream after the block: x + attention + feed-forward."""
        return self.middle + self.feed_forward


@dataclass(frozen=True, kw_only=True)
class CellValues:
    """The values of one layer of an LSTM: (T, S) each, but for x."""

    x: np.ndarray
    """The input of the layer, one row a token."""
    i: np.ndarray
    """Input gate, 0 to 1."""
    f: np.ndarray
    """Forget gate, 0 to 1: the share of the state that is kept."""
    o: np.ndarray
    """Output gate, 0 to 1."""
    g: np.ndarray
    """Candidate for the state, -1 to 1."""
    c: np.ndarray
    """State after the token: f × (state before) + i × g."""
    h: np.ndarray
    """Output of the layer: o × tanh(c)."""

    @property
    def before(self) -> np.ndarray:
        """The state before each token; 0 before the first."""
        return np.concatenate([np.zeros_like(self.c[:1]), self.c[:-1]])


@dataclass(frozen=True, kw_only=True)
class Activations:
    """The values of a language model for one text."""

    table: np.ndarray
    """The rows of the embedding table, (T, D)."""
    embedding: np.ndarray
    """What the first layer reads, (T, D): the rows, in a Transformer normalised and with position
    vectors where it has such."""
    layers: tuple[BlockValues, ...] | tuple[CellValues, ...]
    """The values of each layer, from below."""
    final: np.ndarray
    """What the head reads, (T, D)."""
    logits: np.ndarray
    """Of the token that follows each token, (T, V)."""


@torch.inference_mode()
def activations(body: nn.Module, head: LanguageHead, ids: Sequence[int]) -> Activations:
    """The values of a causal language model while it reads these token ids.

    body: a Transformer that normalises before each part, as GPT-2 and Llama do, or an LSTM; it is
    put in evaluation mode. Raises KitError for another architecture, and for no token.
    """
    if not len(ids):
        raise KitError("there is no token to read: give at least one id.")
    body.eval()
    device = next(body.parameters()).device
    row = torch.tensor([list(ids)], device=device)
    if isinstance(body, RNN):
        table, x, layers, final = _read_lstm(body, row)
    else:
        table, x, layers, final = _read_transformer(body, row)
    logits = head(final, None)[0]
    return Activations(
        table=_array(table[0]),
        embedding=_array(x[0]),
        layers=tuple(layers),
        final=_array(final[0]),
        logits=_array(logits),
    )


def _read_transformer(body: nn.Module, ids: Tensor) -> tuple:
    _check_transformer(body)
    positions = torch.arange(ids.shape[1], device=ids.device)
    table = body.embedding(ids)
    first = x = body.embed(ids, positions)  # (1, T, D)
    turn = body.turn(positions, x)
    layers = []
    for block in body.blocks:
        values = _read_block(block, x, turn)
        layers.append(BlockValues(**{name: _array(value[0]) for name, value in values.items()}))
        x = x + values["attention"] + values["feed_forward"]
    return table, first, layers, body.norm(x)


def _read_block(block: Block, x: Tensor, turn: tuple | None) -> dict[str, Tensor]:
    """The block's values, each with the one text of the batch in front."""
    part = block.attention
    q, k, v = part.queries_keys_values(block.attention_norm(x), turn)
    times = q.shape[1] // k.shape[1]  # query heads that share a key head
    k, v = (heads.repeat_interleave(times, dim=1) for heads in (k, v))
    products = q @ k.mT
    scores = products * (q.shape[-1] ** -0.5 if part.scale is None else part.scale)
    later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
    weights = scores.masked_fill(later, -torch.inf).softmax(-1)
    mixed = weights @ v
    outputs = dense(part.output.weight).unflatten(1, (q.shape[1], -1))  # (D, H, W)
    attention = part.output(mixed.transpose(1, 2).flatten(2))
    read = block.feed_forward_norm(x + attention)
    part = block.feed_forward
    hidden = part.activate((part.up if part.gate is None else part.gate)(read))
    if part.gate is not None:
        hidden = hidden * part.up(read)
    return {
        "x": x,
        "query": q,
        "key": k,
        "value": v,
        "products": products,
        "scores": scores,
        "weights": weights,
        "mixed": mixed,
        "shares": torch.einsum("bhtw,dhw->bhtd", mixed, outputs),
        "attention": attention,
        "hidden": hidden,
        "feed_forward": part.down(hidden),
    }


def _check_transformer(body: nn.Module) -> None:
    """Raise KitError for a body whose blocks compute something else than `_read_block`."""
    if not isinstance(body, Transformer):
        raise KitError(f"a {type(body).__name__} is not shown: give a Transformer or an LSTM.")
    config = body.config
    others = {
        "causal=False": not config.causal,
        "cross=True": config.cross,
        "norm_first=False": not config.norm_first,
        "parallel=True": config.parallel,
        "post_norm=True": config.post_norm,
        f"softcap={config.softcap}": config.softcap is not None,
        f"attention_types={config.types}": set(config.types) != {"full"},
    }
    if wrong := [name for name, is_other in others.items() if is_other]:
        raise KitError(
            f"a Transformer with {', '.join(wrong)} is not shown step by step: give a causal one "
            "with norm_first=True, such as sources.load('transformer_writer')."
        )


def _read_lstm(body: RNN, ids: Tensor) -> tuple:
    config = body.config
    if config.cell != "lstm" or config.bidirectional or config.cross:
        raise KitError(
            f"an RNN with cell={config.cell!r}, bidirectional={config.bidirectional}, "
            f"cross={config.cross} is not shown step by step: give a causal LSTM, such as "
            "sources.load('rnn_writer')."
        )
    table = x = body.embedding(ids)  # (1, T, D)
    layers = []
    for layer in body.layers:
        values = _read_layer(x[0], *layer.rnns[0].all_weights[0])
        layers.append(CellValues(**{name: _array(value) for name, value in values.items()}))
        x = values["h"][None]
    return table, table, layers, x


def _read_layer(x: Tensor, W: Tensor, U: Tensor, b: Tensor, d: Tensor) -> dict[str, Tensor]:
    """The values of a layer, token by token; the equations are those of `kit.models.rnn`."""
    h = c = x.new_zeros(U.shape[1])
    rows: dict[str, list[Tensor]] = {name: [] for name in "ifogch"}
    for token in x:
        i, f, g, o = (W @ token + b + U @ h + d).chunk(4)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        for name, value in zip("ifogch", (i, f, o, g, c, h), strict=True):
            rows[name].append(value)
    return {"x": x} | {name: torch.stack(values) for name, values in rows.items()}


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
