"""Structure and mixed migration to sequences: an encoder gets a decoder, a decoder an encoder."""

import copy
import dataclasses
import re

from torch import nn

from kit.errors import KitError
from kit.migrate.migration import RATE, Migration, WeightMap, group, migration
from kit.migrate.transfer import transfer
from kit.models import SequenceHead, Transformer, WordLSTM

__all__ = ["decoder_like", "encoder_like", "grow_decoder", "grow_encoder", "warm_start"]

CROSS = re.compile(r"\.cross(_norm)?\.|^attention\.")
"""The tensors of a decoder's cross-attention: an encoder has none of them."""


def decoder_like(body: nn.Module, **changes) -> nn.Module:
    """A fresh decoder of the body's config, for `SequenceHead(width, decoder_like(body))`.

    changes: values of the config that replace the body's. Token embeddings are in float32.
    """
    _check_layers(body)
    if getattr(body.config, "embedding_bits", None) is not None:
        changes = {"embedding_bits": None} | changes
    direction = {"causal": True} if isinstance(body, Transformer) else {"bidirectional": False}
    return type(body)(dataclasses.replace(body.config, cross=True, **direction, **changes))


def encoder_like(body: nn.Module, **changes) -> nn.Module:
    """A fresh encoder of the body's config.

    changes: values of the config that replace the body's.
    """
    _check_layers(body)
    direction = {"causal": False} if isinstance(body, Transformer) else {"bidirectional": True}
    return type(body)(dataclasses.replace(body.config, cross=False, **direction, **changes))


def _check_layers(body: nn.Module) -> None:
    """Raise KitError for a body of words: no decoder and no encoder is like it."""
    words = isinstance(body, WordLSTM)
    if words or body.config.layers == 0:
        kind = "a WordLSTM has" if words else "a table of word vectors has"
        raise KitError(
            f"{kind} no layers to make a decoder or an encoder of: give one of "
            "your own, RNN(RNNConfig(vocabulary=..., width=..., cross=True))."
        )


def grow_decoder(
    body: nn.Module, head: nn.Module, *, rate: float = RATE, fresh_rate: float = 5e-4
) -> Migration:
    """The source is the encoder; the decoder, that of the head, is fresh.

    fresh_rate: the highest learning rate of the decoder.
    head: `lambda width: SequenceHead(width, decoder_like(source.body))`, or any other decoder.
    """
    _sequences(head)
    groups = [group(rate, body), group(fresh_rate, head)]
    return migration(body, head, WeightMap(body, head), groups)


def grow_encoder(
    body: nn.Module,
    head: nn.Module,
    *,
    encoder: nn.Module | None = None,
    rate: float = RATE,
    fresh_rate: float = 5e-4,
) -> Migration:
    """The source gives the decoder its values; the encoder and the cross-attention are fresh.

    encoder: another encoder of the same width; default: a fresh one of the source's config.
    fresh_rate: the highest learning rate of fresh parameters.
    head: `lambda width: SequenceHead(width, decoder_like(source.body))`.
    """
    encoder = encoder_like(body) if encoder is None else copy.deepcopy(encoder)
    return _paired(encoder, body, head, WeightMap(body), rate, fresh_rate)


def warm_start(
    body: nn.Module,
    head: nn.Module,
    *,
    decoder: nn.Module | None = None,
    rate: float = RATE,
    fresh_rate: float = 5e-4,
    freeze_encoder: bool = False,
) -> Migration:
    """Encoder and decoder both have a source's values; the cross-attention is fresh.

    decoder: the body that gives the decoder its values; default: the source's own.
    freeze_encoder: whether the encoder is frozen.
    fresh_rate: the highest learning rate of fresh parameters.
    head: `lambda width: SequenceHead(width, decoder_like(source.body))`.
    Rothe et al. 2019, arxiv.org/abs/1907.12461.
    """
    return _paired(
        body, decoder or body, head, WeightMap(body), rate, fresh_rate, decoder, freeze_encoder
    )


def _paired(
    encoder, source, head, weight_map, rate, fresh_rate, second=None, freeze_encoder=False
) -> Migration:
    _sequences(head)
    if encoder.width != head.config["width"]:
        raise KitError(
            f"an encoder of width {encoder.width} does not fit a head of width "
            f"{head.config['width']}: give an encoder of that width."
        )
    fresh = [name for name, _ in head.decoder.named_parameters() if CROSS.search(name)]
    transfer(source, head.decoder, weight_map, word="decoder" if second else "body", fresh=fresh)
    model = head if freeze_encoder else nn.ModuleList([encoder, head])
    old = [p for p in model.parameters() if p in weight_map]
    new = [p for p in model.parameters() if p not in weight_map]
    return migration(encoder, head, weight_map, [group(rate, *old), group(fresh_rate, *new)])


def _sequences(head: nn.Module) -> None:
    if not isinstance(head, SequenceHead):
        raise KitError(
            f"a {type(head).__name__} has no decoder: give head=lambda width: "
            "SequenceHead(width, decoder_like(source.body)), from kit.migrate."
        )
