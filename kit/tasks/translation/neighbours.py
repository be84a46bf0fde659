"""kNN-MT: the child looks up its own training pairs at each token that it writes.

N tokens of the training translations, D width, V vocabulary, B batch, U tokens written.
"""

import copy
from collections.abc import Sequence
from math import inf
from numbers import Real

import torch
from torch import Tensor, nn

from kit import guards
from kit.errors import KitError
from kit.models import Model, SequenceHead

__all__ = ["NeighbourOutput", "with_neighbours"]


@guards.guarded("with_neighbours(model, examples)", model=guards.a_model)
def with_neighbours(
    model: nn.Module,
    examples: Sequence[dict],
    k: int = 8,
    temperature: float = 0.1,
    share: float = 0.3,
) -> Model:
    """The model with a memory of its decoder's states (Khandelwal et al. 2021,
    arxiv.org/abs/2010.00710); its parameters are shared, not copied. See `NeighbourOutput`.

    examples: of `translation.encode`, as a rule those it was trained on.
    Raises KitError for no examples, for a model that is no encoder-decoder with a SequenceHead, and
    for a k, a temperature or a share that no mixture can have.
    """
    if not examples:
        raise KitError("no pairs to look up: give at least one example.")
    if not isinstance(model.head, SequenceHead) or model.head.needs_ids:
        raise KitError(
            f"a {type(model.head).__name__} has no decoder whose states could be looked up: give a "
            "model with a SequenceHead."
        )
    if guards.a_count(k):
        raise KitError(f"k={k!r} neighbours: give a whole number, 1 or more.")
    if not isinstance(temperature, Real) or not 0 < temperature < inf:
        raise KitError(f"temperature={temperature!r}: give a number above 0, such as 0.1.")
    if not isinstance(share, Real) or not 0 <= share <= 1:
        raise KitError(f"share={share!r}: give a number from 0 (the model alone) to 1.")
    states, tokens = _decoder_states(model, examples)
    head = copy.copy(model.head)
    head._modules = dict(model.head._modules)
    head.output = NeighbourOutput(model.head.output, states, tokens, k, temperature, share)
    return Model(model.body, head).eval()


class NeighbourOutput(nn.Module):
    """The output of a decoder, mixed with the next tokens of the k nearest known states:

    p(y) = λ Σᵢ softmax(-‖h - hᵢ‖² / (D τ))ᵢ [yᵢ = y] + (1 - λ) softmax(W h)_y

    It returns log p, (B, U, V). The squared distance is the mean over the D numbers of a state.
    """

    def __init__(
        self,
        output: nn.Module,
        states: Tensor,
        tokens: Tensor,
        k: int,
        temperature: float,
        share: float,
    ) -> None:
        """states (N, D), tokens (N,): of the known pairs. share: λ, 0 to 1. temperature: τ."""
        super().__init__()
        self.output, self.k = output, min(k, len(tokens))
        self.temperature, self.share = temperature, share
        self.register_buffer("states", states, persistent=False)
        self.register_buffer("tokens", tokens, persistent=False)

    @property
    def weight(self) -> Tensor:
        """W (V, D) of the output that is mixed."""
        return self.output.weight

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        own = self.output(hidden, mask).float().softmax(-1)  # (B, U, V)
        distance = torch.cdist(hidden.float().flatten(0, 1), self.states)  # (B U, N)
        near, where = (distance**2 / hidden.shape[-1]).topk(self.k, largest=False)
        weights = (-near / self.temperature).softmax(-1)  # (B U, k)
        looked_up = own.new_zeros(len(weights), own.shape[-1])
        looked_up.scatter_add_(1, self.tokens[where], weights)
        mixed = self.share * looked_up.view_as(own) + (1 - self.share) * own
        return mixed.clamp(min=1e-12).log()


@torch.inference_mode()
def _decoder_states(model: nn.Module, examples: Sequence[dict]) -> tuple[Tensor, Tensor]:
    """The decoder's state before each token of the known translations, and the token."""
    model.eval()
    device = next(model.parameters()).device
    states, tokens = [], []
    for example in examples:
        ids, target = (torch.tensor([example[name]], device=device) for name in ("ids", "target"))
        memory = model.head.bridge(model.body(ids, torch.ones_like(ids, dtype=torch.bool)))
        states.append(model.head.decoder(target, None, memory, None)[0].float())
        tokens.append(torch.tensor(example["y"], device=device))
    return torch.cat(states), torch.cat(tokens)
