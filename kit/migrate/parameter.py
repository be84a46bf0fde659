"""Parameter migration: all values are copied. A strategy decides which parameters are trained, at
which learning rate, and from when on.

The head is always trained.
"""

import dataclasses
from collections.abc import Sequence
from numbers import Real

from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    group,
    is_moved,
    migration,
)
from kit.models import Transformer
from kit.models.quantized_matrix import matrices, put_matrix
from kit.models.shapes import shapes_only

__all__ = [
    "bias_only",
    "embeddings_only",
    "frozen",
    "full",
    "gradual",
    "l2_sp",
    "layer_wise",
    "reinitialised",
    "top_layers",
    "unfrozen",
]


def full(
    body: nn.Module, head: nn.Module, *, rate: float = RATE, head_rate: float = HEAD_RATE
) -> Migration:
    """Copy every value of the source and train all parameters."""
    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, body))


def frozen(body: nn.Module, head: nn.Module, *, rate: float = 5e-3) -> Migration:
    """Copy every value and train the head alone: the body extracts fixed features.

    Dropout inside the body is switched off: it would only add noise to features that cannot adapt.
    """
    no_dropout = {f.name: 0.0 for f in dataclasses.fields(body.config) if "drop" in f.name}
    with shapes_only():  # no fresh values, which would use up random numbers
        frozen_body = type(body)(dataclasses.replace(body.config, **no_dropout))
    for name, matrix in matrices(body).items():
        put_matrix(frozen_body, name, matrix)
    frozen_body.load_state_dict(body.state_dict(keep_vars=True), assign=True)
    return migration(frozen_body, head, WeightMap(body, head), [group(rate, head)])


def top_layers(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: int = 1,
    rate: float = 3e-4,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Train the uppermost `layers` and the head; all below is frozen."""
    stages = _stages(body)[1:][_first_of_top(body, layers) :]
    top = [part for stage in stages for part in stage]
    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, *top))


def unfrozen(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: Sequence[int] = (),
    embeddings: bool = False,
    rate: float = 3e-4,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Train some layers and the head; the rest is frozen.

    layers: their indices, 0 being the lowest.
    embeddings: whether the embeddings (of tokens, positions) are trained too.
    The backward pass goes down to the lowest trained parameter: few parameters in a low layer take
    nearly as much time as all.
    """
    embedding, *stages = _stages(body)
    if not set(layers) <= set(range(len(stages))):
        raise KitError(f"layers={layers}: this source has 0 to {len(stages) - 1}.")
    chosen = [stages[i] for i in sorted(set(layers))]
    if embeddings:
        chosen.insert(0, embedding)
    parts = [part for stage in chosen for part in stage]
    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, *parts))


def embeddings_only(body: nn.Module, head: nn.Module, *, rate: float = 1e-3) -> Migration:
    """Train the embeddings (of tokens, positions) and the head; all layers are frozen."""
    return migration(body, head, WeightMap(body, head), [group(rate, *_stages(body)[0], head)])


def gradual(
    body: nn.Module,
    head: nn.Module,
    *,
    rate: float = 2 * RATE,
    head_rate: float = HEAD_RATE,
    decay: float = 0.8,
    until: float = 0.5,
) -> Migration:
    """Gradual unfreezing: train one layer more after the other, from the head down.

    Of n layers, the i-th below the head is trained from the share `until` · i / n of the budget on,
    at rate · decayⁱ⁻¹. ULMFiT's decay is 1 / 2.6: Howard & Ruder 2018, arxiv.org/abs/1801.06146.
    Raises KitError for an `until` that is no share below 1: those layers would never be trained.
    """
    if not isinstance(until, Real) or not 0 <= until < 1:
        raise KitError(f"until={until!r} trains no layer: give a share, from 0 to below 1.")
    stages = _stages(body)[::-1]
    groups = [group(rate if is_moved(head) else head_rate, head)]
    for i, parts in enumerate(stages, 1):
        groups.append(group(rate * decay ** (i - 1), *parts, start=until * (i / len(stages))))
    return migration(body, head, WeightMap(body, head), _without_repeats(groups))


def layer_wise(
    body: nn.Module,
    head: nn.Module,
    *,
    rate: float = 2 * RATE,
    head_rate: float = HEAD_RATE,
    decay: float = 0.8,
) -> Migration:
    """Layer-wise learning rates: rateᵢ = rate · decayⁱ⁻¹ for the i-th layer below the head, since
    lower layers are more general.

    Howard & Ruder 2018, arxiv.org/abs/1801.06146 (there decay is 1 / 2.6).
    """
    return gradual(body, head, rate=rate, head_rate=head_rate, decay=decay, until=0.0)


def l2_sp(
    body: nn.Module,
    head: nn.Module,
    *,
    pull: float = 0.1,
    pull_head: float = 0.01,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Train all parameters with a penalty on their distance from the source (L2-SP).

    Ω = pull/2 ‖θ - θ⁰‖² + pull_head/2 ‖θ_head‖², θ⁰ being the source's values.
    Li et al. 2018, arxiv.org/abs/1802.01483.
    """
    start = {f"body.{n}": p.detach().clone() for n, p in body.named_parameters()}

    def penalty(model: nn.Module) -> Tensor:
        body_norm = head_norm = 0.0
        for name, p in model.named_parameters():
            if name in start:
                body_norm = body_norm + (p - start[name].to(p.device)).square().sum()
            else:
                head_norm = head_norm + p.square().sum()
        return pull / 2 * body_norm + pull_head / 2 * head_norm

    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, body), penalty)


def bias_only(body: nn.Module, head: nn.Module, *, rate: float = 1e-3) -> Migration:
    """Train the biases and the head (BitFit).

    Ben Zaken et al. 2021, arxiv.org/abs/2106.10199.
    """
    biases = [p for name, p in body.named_parameters() if "bias" in name.rpartition(".")[2]]
    if not biases:
        raise KitError(
            'this source has no biases to train (a Llama has none): take "lora" or "adapter".'
        )
    return migration(body, head, WeightMap(body, head), [group(rate, *biases, head)])


def reinitialised(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: int = 1,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Copy all but the uppermost `layers`, which are fresh, and train all: the upper layers are the
    most specific to the source's own task. Zhang et al. 2020, arxiv.org/abs/2006.05987."""
    weight_map = WeightMap(body, head)
    first = _first_of_top(body, layers)
    stack = _stack(body)
    for i, layer in enumerate(_stack(type(body)(body.config))):
        if i >= first:
            stack[i] = layer
    return migration(body, head, weight_map, both(rate, head_rate, head, body))


def _stack(body: nn.Module) -> nn.ModuleList:
    """The layers of any body, the lowest first."""
    return body.blocks if isinstance(body, Transformer) else body.layers


def _first_of_top(body: nn.Module, layers: int) -> int:
    """The index of the lowest of the uppermost `layers`."""
    n = len(_stack(body))
    if not 1 <= layers <= n:
        raise KitError(f"layers={layers}: this source has {n}, so give 1 to {n}.")
    return n - layers


def _stages(body: nn.Module) -> list[list[nn.Module]]:
    """The modules of a body from below: the embeddings, then those of each layer."""
    stack = [[layer] for layer in _stack(body)]
    if isinstance(body, Transformer):
        stack[-1].append(body.norm)
    return [[body.embed if isinstance(body, Transformer) else body.embedding], *stack]


def _without_repeats(groups: list[dict]) -> list[dict]:
    """A shared parameter (of a tied head) stays only in the last group that names it."""
    result: list[dict] = []
    seen: set[nn.Parameter] = set()
    for g in reversed(groups):
        result.append(g | {"params": [p for p in g["params"] if p not in seen]})
        seen.update(g["params"])
    return [g for g in reversed(result) if g["params"]]
