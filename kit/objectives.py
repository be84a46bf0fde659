"""Pretraining objectives: from text without labels to training examples for `fit`.

| objective | what is predicted | head | loss |
| --- | --- | --- | --- |
| `next_token` | each token, from those before it | LanguageHead | cross-entropy |
| `masked` | masked tokens, from both sides | LanguageHead | cross-entropy |
| `replaced` | whether a token was replaced | TagHead, 2 classes | cross-entropy |
| `vectors` | a teacher's vector of the text | VectorHead | squared error |
| `imitate` | a teacher's distribution of the next token | LanguageHead | cross-entropy + KL |
| `answers` | each token of an answer, after its prompt | LanguageHead | cross-entropy |

N windows or texts, T tokens of a window, D numbers of a vector. `next_token` and `answers` are for
a causal body, `masked` and `replaced` for a bidirectional one; `vectors` is for either.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.guards import guarded
from kit.loss import IGNORE
from kit.models import Model
from kit.tokenizer import Tokenizer

__all__ = [
    "SHARE",
    "Recorder",
    "answers",
    "heard",
    "imitate",
    "listen",
    "masked",
    "next_token",
    "replaced",
    "vectors",
]

SHARE = 0.15
"""Share of the tokens that are masked or replaced (Devlin et al. 2018)."""


@guarded("next_token(windows)")
def next_token(windows: Sequence) -> list[dict]:
    """Causal language modelling: ids w₁ … w_T-1 and labels y w₂ … w_T of each window.

    L(θ) = -Σ log p(w_t | w_<t), in nats. windows: (N, T) ids, or what
    `kit.data.corpora.windows` returns. Returns N examples.
    """
    rows = _rows(windows)
    return [{"ids": row[:-1], "y": row[1:]} for row in rows]


def answers(
    prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], end: int
) -> list[dict]:
    """Instruction tuning: L(θ) = -Σ log p(y_u | x, y_<u) over the tokens of the answers alone.

    ids: the prompt x, then y₁ … yᵤ; y: `IGNORE` over the prompt, then y₁ … yᵤ and the end mark,
    each at the place before it. prompts and answers are token ids, one of each for an example.
    """
    return [
        {"ids": [*x, *y], "y": [IGNORE] * (len(x) - 1) + [*y, end]}
        for x, y in zip(prompts, answers, strict=True)
    ]


@guarded("masked(windows, tokenizer)")
def masked(
    windows: Sequence, tokenizer: Tokenizer, *, share: float = SHARE, seed: int = 0
) -> Callable[[int], list[dict]]:
    """Masked language modelling: a function from the epoch's number to N examples.

    `share` of the tokens are labels; of these, 80 % are replaced by <mask>, 10 % by a random
    token, and 10 % stay (BERT, Devlin et al. 2018, arxiv.org/abs/1810.04805). Each epoch masks
    other tokens (Liu et al. 2019, arxiv.org/abs/1907.11692).
    """
    rows = _rows(windows)
    if tokenizer.mask is None:
        raise KitError(
            "this tokenizer has no mask token: name one, as in Tokenizer.load(..., mask='<mask>')."
        )

    def examples(epoch: int) -> list[dict]:
        generator = np.random.default_rng([seed, epoch])
        chosen = generator.random(rows.shape) < share
        kind = generator.random(rows.shape)  # below 0.8: <mask>; 0.9 and above: a random token
        random_ids = generator.integers(0, tokenizer.size, rows.shape, dtype=rows.dtype)
        ids = np.where(chosen & (kind < 0.8), tokenizer.mask, rows)
        ids = np.where(chosen & (kind >= 0.9), random_ids, ids)
        y = np.where(chosen, rows, IGNORE)
        return [{"ids": i, "y": j} for i, j in zip(ids, y, strict=True)]

    return examples


@guarded("replaced(windows, tokenizer)")
def replaced(
    windows: Sequence, *, share: float = SHARE, seed: int = 0
) -> Callable[[int], list[dict]]:
    """Replaced-token detection: a function from the epoch's number to N examples.

    `share` of the tokens are replaced by tokens drawn from the windows; y is 1 where the token
    has changed, else 0. Every token gives a loss, not only 15 % of them. ELECTRA: Clark et al.
    2020, arxiv.org/abs/2003.10555 (there a small model proposes the replacements, here they are
    drawn by their frequency).
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
    """Sentence vectors of a teacher as labels: L(θ) = Σ ‖y - ŷ‖².

    wanted (N, D): the teacher's vector of each text, of length 1, so that
    ‖y - ŷ‖² = 2 (1 - cosine). Reimers & Gurevych 2020, arxiv.org/abs/2004.09813. Only the first
    `limit` tokens of a text are read. Raises KitError where the numbers of texts and vectors
    differ, and for no text.
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
    """Knowledge distillation: a penalty for `fit`, from the model to a number, at every update.

    strength · τ² KL(softmax(z_T / τ) ‖ softmax(z / τ)), where z are the model's logits, z_T the
    teacher's, and τ is the temperature (Hinton et al. 2015, arxiv.org/abs/1503.02531); for a
    RatingHead, strength · the mean squared error of the two scores. The teacher has the same
    vocabulary and the same kind of head; it is not trained. A `Recorder` on the model gives z.
    """
    listen(model)
    teacher = teacher.eval()

    def penalty(model: nn.Module) -> Tensor:
        inputs, _, z = heard(model)
        with torch.no_grad():
            z_T = teacher.to(z.device)(*inputs).float()
        if z_T.shape != z.shape:
            raise KitError(
                f"the teacher's logits are {tuple(z_T.shape)}, the target's {tuple(z.shape)}: "
                "give a teacher that was trained for this task."
            )
        if z.ndim == 1:
            return strength * (z - z_T).square().mean()
        if z.ndim == 3 and len(inputs) == 2:  # logits of each token: leave the padding out
            mask = inputs[1]
            z, z_T = z[mask], z_T[mask]
        log_p = (z / temperature).flatten(0, -2).log_softmax(-1)
        log_p_T = (z_T / temperature).flatten(0, -2).log_softmax(-1)
        kl = F.kl_div(log_p, log_p_T, log_target=True, reduction="batchmean")
        return strength * temperature**2 * kl

    return penalty


class Recorder:
    """Forward hooks that record a model's last prediction in training, for a penalty.

    inputs: the arguments of the model. hidden: the body's hidden states (B, T, D). logits: the
    model's output. All three are None before a prediction and after `take`. The hooks belong to
    the model: a copy of the model has a recorder of its own, which `Recorder.of` finds.
    """

    def __init__(self, model: Model) -> None:
        self.inputs: tuple | None = None
        self.hidden: Tensor | None = None
        self.logits: Tensor | None = None
        self.hooks = [
            model.register_forward_hook(self._record_logits),
            model.body.register_forward_hook(self._record_hidden),
        ]

    @classmethod
    def of(cls, model: nn.Module) -> "Recorder":
        """The recorder whose hooks the model has; a KitError where it has none."""
        for hook in model._forward_hooks.values():
            if isinstance(recorder := getattr(hook, "__self__", None), cls):
                return recorder
        raise KitError("this model has no recorder: call kit.objectives.listen(model) first.")

    def take(self) -> tuple[tuple, Tensor, Tensor]:
        """(inputs, hidden, logits), the last two in float32; the recorder holds them no longer."""
        if self.hidden is None or self.logits is None:
            raise KitError(
                "the model has made no prediction in training since the last update: call "
                "model.train() and the model before its penalty."
            )
        record = self.inputs, self.hidden.float(), self.logits.float()
        self.inputs = self.hidden = self.logits = None
        return record

    def remove(self) -> None:
        """Take the hooks off the model."""
        for hook in self.hooks:
            hook.remove()

    def _record_logits(self, model: nn.Module, inputs: tuple, logits: Tensor) -> None:
        if model.training:
            self.inputs = inputs
            self.logits = logits

    def _record_hidden(self, body: nn.Module, inputs: tuple, hidden: Tensor) -> None:
        if body.training:
            self.hidden = hidden


def listen(model: Model) -> Recorder:
    """Put a `Recorder` on the model, so that a penalty can read its last prediction (`heard`).

    A model that has one keeps it: several penalties may not both take a prediction.
    """
    try:
        return Recorder.of(model)
    except KitError:
        return Recorder(model)


def heard(model: nn.Module) -> tuple[tuple, Tensor, Tensor]:
    """The inputs, hidden states and logits of the model's last prediction: `Recorder.take`."""
    return Recorder.of(model).take()


def _rows(windows: Sequence) -> np.ndarray:
    """Token ids of the windows, (N, T)."""
    if hasattr(windows, "column_names"):
        windows = windows.with_format("numpy")["ids"][:]
    rows = np.asarray(windows)
    if rows.ndim != 2 or not rows.size or rows.shape[1] < 2:
        raise KitError(
            f"windows of shape {rows.shape}: give at least one, all of the same length, 2 tokens "
            "or more, as kit.data.corpora.windows makes them."
        )
    return rows
