"""The mean of several models: its law, and what it refuses."""

import pytest
import torch

from kit.errors import KitError
from kit.models import (
    RNN,
    ClassHead,
    LanguageHead,
    Model,
    RNNConfig,
    Transformer,
    TransformerConfig,
    soup,
)

IDS, MASK = torch.arange(12).view(2, 6) % 30, torch.ones(2, 6, dtype=torch.bool)


def made(kind: str, seed: int, width: int = 8) -> Model:
    torch.manual_seed(seed)
    if kind == "RNN":
        return Model(RNN(RNNConfig(vocabulary=30, width=width, layers=1)), ClassHead(width, 2))
    shape = {"layers": 1, "heads": 2, "intermediate_size": 16, "block_size": 8}
    config = TransformerConfig(vocabulary=30, width=width, **shape)
    body = Transformer(config)
    return Model(body, LanguageHead.tied(body))  # one tensor, two names


@pytest.mark.parametrize("kind", ["RNN", "Transformer"])
def test_every_parameter_is_the_mean_and_the_members_stay(kind: str) -> None:
    members = [made(kind, seed) for seed in range(3)]
    before = [[p.clone() for p in m.parameters()] for m in members]
    mean = soup(members)
    for p, *theirs in zip(*(m.parameters() for m in (mean, *members)), strict=True):
        assert torch.allclose(p, torch.stack(theirs).mean(0), atol=1e-6)
    for member, values in zip(members, before, strict=True):
        assert all(torch.equal(p, v) for p, v in zip(member.parameters(), values, strict=True))
    again = soup([mean] * 4)
    with torch.inference_mode():
        mean.eval(), again.eval()
        assert torch.allclose(mean(IDS, MASK), again(IDS, MASK), atol=1e-6)


def test_what_is_no_mean_is_refused_by_name() -> None:
    with pytest.raises(KitError, match="at least one"):
        soup([])
    with pytest.raises(KitError, match=r"member 1 differs .* body\.embedding"):
        soup([made("RNN", 0), made("RNN", 0, width=4)])
    with pytest.raises(KitError, match="from one source"):
        soup([made("RNN", 0), made("Transformer", 0)])
