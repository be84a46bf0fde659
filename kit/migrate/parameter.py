"""Parameter migration: the values move. Which of them are tuned, how fast, and since when.

Each strategy copies every value of the source; a head is always trained.
"""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    is_pretrained,
    group,
    migration,
)
from kit.models import Transformer

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
    """Copy every value of the source and train all of them, with a fresh head."""
    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, body))


def frozen(body: nn.Module, head: nn.Module, *, rate: float = 5e-3) -> Migration:
    """Copy every value and train the head alone: the source as a fixed map to features.

    Dropout inside the body is switched off: it would only blur features that cannot adapt.
    """
    noise = {f.name: 0.0 for f in dataclasses.fields(body.config) if "drop" in f.name}
    with torch.device("meta"):  # no fresh values: those of the source take their place
        still = type(body)(dataclasses.replace(body.config, **noise))
    still.load_state_dict(body.state_dict(keep_vars=True), assign=True)
    return migration(still, head, WeightMap(body, head), [group(rate, head)])


def top_layers(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: int = 1,
    rate: float = 3e-4,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Train the uppermost `layers` and the head; what is below stays."""
    floors = _floors(body)[1:][_last(body, layers) :]
    top = [part for floor in floors for part in floor]
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
    """Train the layers named, the lowest being 0, and the head; the rest stays.

    embeddings: train what stands for the words too (the table, positions).
    What is above the lowest part in training must pass its gradient down, trained or not: few
    parameters far down cost nearly as much time as all.
    """
    words, *floors = _floors(body)
    if not set(layers) <= set(range(len(floors))):
        raise KitError(f"layers={layers}: this source has 0 to {len(floors) - 1}.")
    chosen = [words] * embeddings + [floors[i] for i in sorted(set(layers))]
    parts = [part for floor in chosen for part in floor]
    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, *parts))


def embeddings_only(body: nn.Module, head: nn.Module, *, rate: float = 1e-3) -> Migration:
    """Train what stands for the words (the table, positions) and the head: words get new
    meanings, what is done with them stays."""
    return migration(body, head, WeightMap(body, head), [group(rate, *_floors(body)[0], head)])


def gradual(
    body: nn.Module,
    head: nn.Module,
    *,
    rate: float = 2 * RATE,
    head_rate: float = HEAD_RATE,
    decay: float = 0.8,
    until: float = 0.5,
) -> Migration:
    """Unfreeze one layer after the other, from the head down.

    Of n layers, the i-th below the head moves from the share `until` · i / n of the budget on,
    at rate · decayⁱ⁻¹. ULMFiT's decay is 1 / 2.6: Howard & Ruder 2018, arxiv.org/abs/1801.06146.
    """
    floors = _floors(body)[::-1]
    groups = [group(rate if is_pretrained(head) else head_rate, head)]
    for i, parts in enumerate(floors, 1):
        groups.append(group(rate * decay ** (i - 1), *parts, start=until * i / len(floors)))
    return migration(body, head, WeightMap(body, head), _once(groups))


def layer_wise(
    body: nn.Module,
    head: nn.Module,
    *,
    rate: float = 2 * RATE,
    head_rate: float = HEAD_RATE,
    decay: float = 0.8,
) -> Migration:
    """Train all, each layer at `decay` times the rate of the one above it: the lower, the more
    general. rateᵢ = rate · decayⁱ⁻¹ for the i-th layer below the head.

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
    """Train all, and pull what moved back to where it came from.

    Ω = pull/2 ‖θ - θ⁰‖² + pull_head/2 ‖θ_head‖², θ⁰ being the source's values.
    L2-SP: Li et al. 2018, arxiv.org/abs/1802.01483.
    """
    start = {f"body.{n}": p.detach().clone() for n, p in body.named_parameters()}

    def penalty(model: nn.Module) -> Tensor:
        far = near = 0.0
        for name, p in model.named_parameters():
            if name in start:
                far = far + (p - start[name].to(p.device)).square().sum()
            else:
                near = near + p.square().sum()
        return pull / 2 * far + pull_head / 2 * near

    return migration(body, head, WeightMap(body, head), both(rate, head_rate, head, body), penalty)


def bias_only(body: nn.Module, head: nn.Module, *, rate: float = 1e-3) -> Migration:
    """Train the biases, which shift what a layer says, and the head.

    BitFit: Ben Zaken et al. 2021, arxiv.org/abs/2106.10199.
    """
    biases = [p for name, p in body.named_parameters() if "bias" in name.rpartition(".")[2]]
    if not biases:
        raise KitError(
            "there are no biases to train in this source (Llama's shape has none): "
            'take "lora" or "adapter".'
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
    """Copy all but the uppermost `layers`, which begin afresh, and train all: the top is the
    most bound to the source's own task. Zhang et al. 2020, arxiv.org/abs/2006.05987."""
    weight_map, first = WeightMap(body, head), _last(body, layers)
    stack = _stack(body)
    for i, layer in enumerate(_stack(type(body)(body.config))):
        if i >= first:
            stack[i] = layer
    return migration(body, head, weight_map, both(rate, head_rate, head, body))


def _stack(body: nn.Module) -> nn.ModuleList:
    """The layers of any body, the lowest first."""
    return body.blocks if isinstance(body, Transformer) else body.layers


def _last(body: nn.Module, layers: int) -> int:
    """The index of the first of the uppermost `layers`."""
    there = len(_stack(body))
    if not 1 <= layers <= there:
        raise KitError(f"layers={layers}: this source has {there}, so give 1 to {there}.")
    return there - layers


def _floors(body: nn.Module) -> list[list[nn.Module]]:
    """The parts of a body from the ground up: what stands for the words, then each layer."""
    stack = [[layer] for layer in _stack(body)]
    if isinstance(body, Transformer):
        stack[-1].append(body.norm)
    return [[body.embed if isinstance(body, Transformer) else body.embedding], *stack]


def _once(groups: list[dict]) -> list[dict]:
    """A parameter with two uses (a tied head) stays in the last group that names it."""
    found: list[dict] = []
    seen: set[nn.Parameter] = set()
    for g in reversed(groups):
        found.append(g | {"params": [p for p in g["params"] if p not in seen]})
        seen.update(g["params"])
    return [g for g in reversed(found) if g["params"]]
