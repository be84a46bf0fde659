"""What a source learns before there is a task: from text without labels to examples for `fit`.

| objective | what is predicted | head | loss |
| --- | --- | --- | --- |
| `next_token` | each token, from those before it | LanguageHead | cross-entropy |
| `masked` | hidden tokens, from both sides | LanguageHead | cross-entropy |
| `replaced` | whether a token was exchanged | TagHead, 2 classes | cross-entropy |
| `vectors` | a teacher's vector of the text | VectorHead | squared error |
| `imitate` | a teacher's distribution of the next token | LanguageHead | cross-entropy + KL |

N windows or texts, T tokens of a window, D numbers of a vector. The first is for a causal body,
the next two for one that sees both sides; `vectors` is for either.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.loss import IGNORE
from kit.models import Model
from kit.tokenizer import Tokenizer

__all__ = [
    "SHARE",
    "heard",
    "imitate",
    "listen",
    "masked",
    "next_token",
    "replaced",
    "vectors",
]

SHARE = 0.15
"""Of the tokens that are hidden or exchanged (Devlin et al. 2018)."""


def next_token(windows: Sequence) -> list[dict]:
    """ids w₁ … w_T-1, y w₂ … w_T of each window: L(θ) = -Σ log p(w_t | w_<t), in nats.

    windows: (N, T) ids, or what `kit.data.corpora.windows` returns. N examples.
    """
    rows = _rows(windows)
    return [{"ids": row[:-1], "y": row[1:]} for row in rows]


def masked(
    windows: Sequence, tokenizer: Tokenizer, *, share: float = SHARE, seed: int = 0
) -> Callable[[int], list[dict]]:
    """Cloze, anew in each epoch: examples(epoch). `share` of the tokens are to be predicted; of
    these 80 % read <mask>, 10 % another piece at random, 10 % as they are.

    BERT: Devlin et al. 2018, arxiv.org/abs/1810.04805; drawn anew: Liu et al. 2019,
    arxiv.org/abs/1907.11692.
    """
    rows = _rows(windows)
    if tokenizer.mask is None:
        raise KitError("these tokens have no piece for what is hidden: name one, mask=.")

    def examples(epoch: int) -> list[dict]:
        generator = np.random.default_rng([seed, epoch])
        chosen, how = generator.random(rows.shape) < share, generator.random(rows.shape)
        strange = generator.integers(0, tokenizer.size, rows.shape, dtype=rows.dtype)
        ids = np.where(chosen & (how < 0.8), tokenizer.mask, rows)
        ids = np.where(chosen & (how >= 0.9), strange, ids)
        y = np.where(chosen, rows, IGNORE)
        return [{"ids": i, "y": j} for i, j in zip(ids, y, strict=True)]

    return examples


def replaced(
    windows: Sequence, *, share: float = SHARE, seed: int = 0
) -> Callable[[int], list[dict]]:
    """Find the impostors, anew in each epoch: examples(epoch). `share` of the tokens are
    exchanged for one drawn from the windows themselves; y is 1 where that changed the token.

    Every token teaches, not 15 %. ELECTRA: Clark et al. 2020, arxiv.org/abs/2003.10555 (there a
    small model draws the impostors; here their frequencies do).
    """
    rows = _rows(windows)

    def examples(epoch: int) -> list[dict]:
        generator = np.random.default_rng([seed, epoch])
        drawn = rows.ravel()[generator.integers(0, rows.size, rows.shape)]
        ids = np.where(generator.random(rows.shape) < share, drawn, rows)
        y = (ids != rows).astype(np.int64)
        return [{"ids": i, "y": j} for i, j in zip(ids, y, strict=True)]

    return examples


def vectors(
    texts: Sequence[str], tokenizer: Tokenizer, wanted: np.ndarray, limit: int = 128
) -> list[dict]:
    """ids of each text, and as y the vector that a teacher gives it: L(θ) = Σ ‖y - ŷ‖².

    wanted (N, D): of length 1, so that ‖y - ŷ‖² = 2 (1 - cosine). Reimers & Gurevych 2020,
    arxiv.org/abs/2004.09813. A text is read up to `limit` tokens.
    """
    if len(texts) != len(wanted) or not len(texts):
        raise KitError(
            f"{len(wanted)} vectors for {len(texts)} texts: give one for each, and at least one."
        )
    ids = tokenizer.encode_many(texts, limit)
    return [{"ids": i, "y": v} for i, v in zip(ids, wanted.astype(np.float32), strict=True)]


def imitate(
    model: Model, teacher: Model, *, strength: float = 1.0, temperature: float = 2.0
) -> Callable[[nn.Module], Tensor]:
    """A penalty for `fit`: how far the model's answers are from a teacher's, at every update.

    strength · τ² KL(softmax(z_T / τ) ‖ softmax(z / τ)), z being logits and τ the temperature
    (Hinton et al. 2015, arxiv.org/abs/1503.02531); the mean squared error where they are scores.
    The teacher has the same vocabulary and the same kind of head; it is not changed.
    """
    listen(model)
    teacher = teacher.eval()

    def penalty(model: nn.Module) -> Tensor:
        args, _, z = heard(model)
        with torch.no_grad():
            there = teacher.to(z.device)(*args).float()
        if there.shape != z.shape:
            raise KitError(
                f"the teacher's logits are {tuple(there.shape)}, the target's {tuple(z.shape)}: "
                "give a teacher that was trained for this task."
            )
        if z.ndim == 1:
            return strength * (z - there).square().mean()
        if z.ndim == 3 and len(args) == 2:  # one answer for each token
            z, there = z[args[1]], there[args[1]]
        z, there = ((x / temperature).flatten(0, -2).log_softmax(-1) for x in (z, there))
        kl = F.kl_div(z, there, log_target=True, reduction="batchmean")
        return strength * temperature**2 * kl

    return penalty


def listen(model: Model) -> None:
    """Let model and body keep what went in and came out in training, for a penalty: `heard`."""
    for part in (model, model.body):
        part.register_forward_hook(_hear)


def heard(model: nn.Module) -> tuple[tuple, Tensor, Tensor]:
    """What went into the model, the body's hidden states, and the logits; then forget them."""
    _, hidden = model.body.__dict__.pop("heard")
    args, logits = model.__dict__.pop("heard")
    return args, hidden.float(), logits.float()


def _hear(module: nn.Module, args: tuple, output: Tensor) -> None:
    if module.training:
        module.heard = args, output


def _rows(windows: Sequence) -> np.ndarray:
    """(N, T)."""
    if hasattr(windows, "column_names"):
        windows = windows.with_format("numpy")["ids"][:]
    rows = np.asarray(windows)
    if rows.ndim != 2 or not rows.size or rows.shape[1] < 2:
        raise KitError(
            f"windows of shape {rows.shape}: give at least one, all of the same length, 2 tokens "
            "or more, as kit.data.corpora.windows makes them."
        )
    return rows
