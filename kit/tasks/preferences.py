"""Preferences: of two answers to a prompt, one is preferred.

One loss for two methods, `kit.loss.preference`: L(θ) = Σ -log σ((s⁺ - y⁺) - (s⁻ - y⁻)).

| method | score s of an answer | y | model |
| --- | --- | --- | --- |
| direct preference optimization | β log π(answer given prompt) | β log π_ref(...) | a writer |
| reward model | r(prompt, answer), one number | 0 | a body with a RatingHead |

    target = instructions.target(source, "lora", layers=4)
    pairs = PairScores(target.model, beta=0.1)
    examples = with_reference(pairs, encode(rows, source.tokenizer))  # before the training
    fit(pairs, examples, Recipe(loss="preference", epochs=3), **target.training)

B pairs, T tokens, D width. Rafailov et al. 2023, arxiv.org/abs/2305.18290; reward models: Ouyang
et al. 2022, arxiv.org/abs/2203.02155.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from math import inf
from numbers import Real

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kit import guards
from kit import loss as losses
from kit.errors import KitError
from kit.loss import IGNORE
from kit.migrate import Migration, migrate
from kit.models import LanguageHead, RatingHead
from kit.sources import Source
from kit.tasks.instructions import CHAT, MOST, Template, answer_ids, prompt_ids
from kit.tokenizer import Tokenizer
from kit.train import predict

__all__ = ["BREAK", "PairScores", "encode", "log_probability", "margins", "reward_target"]
__all__ += ["with_reference"]

BREAK = -1
"""In the ids of a pair: the end of the prompt, and of the preferred answer."""


@guards.guarded(
    "encode(rows, tokenizer)",
    rows=guards.rows_with("prompt", "chosen", "rejected"),
    tokenizer=guards.a_tokenizer,
)
def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, template: Template = CHAT, most: int = MOST
) -> list[dict]:
    """Rows with "prompt", "chosen" and "rejected" as examples for `fit`.

    ids: prompt, `BREAK`, chosen </s>, `BREAK`, rejected </s>; y: (0, 0), as a reward model learns.
    most: tokens of an answer with its end mark. Raises KitError for an empty answer, for a longer
    one, and for two equal answers.
    """
    rows = list(rows)
    prompts = prompt_ids([row["prompt"] for row in rows], tokenizer, template)
    sides = [
        answer_ids([row[name] for row in rows], tokenizer, template, most)
        for name in ("chosen", "rejected")
    ]
    examples = []
    for row, prompt, chosen, rejected in zip(rows, prompts, *sides, strict=True):
        if chosen == rejected:
            raise KitError(
                f"both answers to {row['prompt']!r:.60} are {row['chosen']!r:.60}: a pair needs "
                "two different ones; leave this one out."
            )
        end = tokenizer.eos
        ids = [*prompt, BREAK, *chosen, end, BREAK, *rejected, end]
        examples.append({"ids": ids, "y": np.zeros(2, np.float32)})
    return examples


class PairScores(nn.Module):
    """The scores (B, 2) of both answers of each pair: of a writer β log π(answer | prompt), of a
    model with a RatingHead its number for prompt and answer.

    ids (B, T) as `encode` makes them. beta: β, the strength of the pull to the reference; small β
    allows large changes. Both answers go through the model in one batch of 2 B rows, in float32:
    rounding to bfloat16, summed over the tokens of an answer, is as large as a margin.
    Raises KitError for a β that is not above 0, and for any other head.
    """

    def __init__(self, model: nn.Module, beta: float = 1.0) -> None:
        super().__init__()
        if not isinstance(beta, Real) or isinstance(beta, bool) or not 0 < beta < inf:
            raise KitError(f"beta={beta!r}: give a number above 0, such as 0.1.")
        head = getattr(model, "head", None)
        if not isinstance(head, LanguageHead | RatingHead):
            raise KitError(
                f"a {type(head).__name__} scores no answer: give a model with a LanguageHead (its "
                "log-probability) or a RatingHead (a reward)."
            )
        self.model, self.beta = model, beta

    @property
    def body(self) -> nn.Module:
        """The model's body, for whoever estimates the memory of a training."""
        return self.model.body

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        rows, starts = [], []
        for row, real in zip(ids, mask, strict=True):
            first, second = (row == BREAK).nonzero()[:, 0].tolist()
            prompt = row[:first]
            for answer in (row[first + 1 : second], row[second + 1 : int(real.sum())]):
                rows.append(torch.cat([prompt, answer]))
                starts.append(first)
        both = pad_sequence(rows, batch_first=True)  # (2 B, T)
        real = pad_sequence([torch.ones_like(row, dtype=torch.bool) for row in rows], True)
        with torch.autocast(ids.device.type, enabled=False):
            if isinstance(self.model.head, RatingHead):
                scores = self.model(both, real)  # (2 B,)
            else:
                scores = self.beta * log_probability(self.model, both, real, starts)
        return scores.unflatten(0, (-1, 2))  # (B, 2)


def log_probability(model: nn.Module, ids: Tensor, mask: Tensor, starts: Sequence[int]) -> Tensor:
    """log π(answer | prompt) = Σᵤ log p(y_u | x, y_<u) of each row, (B,), in nats.

    It is minus the loss of instruction tuning. ids (B, T): the prompt, and from `starts[i]` on the
    answer with its end mark.
    """
    y = ids.masked_fill(~mask, IGNORE)
    for row, start in zip(y, starts, strict=True):
        row[:start] = IGNORE
    hidden = model.body(ids, mask)[:, :-1]  # (B, T - 1, D); the last token predicts nothing
    y, mask = y[:, 1:], mask[:, :-1]
    if model.head.softcap is None:
        hidden, W, b = model.head.words(hidden, mask)  # once: a quantized W is expanded for it
        parts = [(states, W, b) for states in hidden]
    else:
        parts = list(model.head(hidden, mask))
    return torch.stack(
        [-losses.cross_entropy(part, labels) for part, labels in zip(parts, y, strict=True)]
    )


@guards.guarded("with_reference(pairs, examples)", examples=guards.examples_of)
def with_reference(
    pairs: PairScores, examples: Sequence[dict], *, batch_size: int = 4
) -> list[dict]:
    """The examples with y = the scores of `pairs` as it is now: call it before the training.

    The reference does not change, so it is computed once, which saves a forward pass of both
    answers in every update. With LoRA it is the model whose B is still zero.
    """
    scores = predict(pairs, examples, batch_size=batch_size)
    return [example | {"y": y} for example, y in zip(examples, scores, strict=True)]


@guards.guarded("margins(pairs, examples)", examples=guards.examples_of)
def margins(pairs: PairScores, examples: Sequence[dict], *, batch_size: int = 4) -> np.ndarray:
    """(s⁺ - y⁺) - (s⁻ - y⁻) of each pair, (N,): above 0 where the model is on the preferred side.

    The share above 0 is what most trainings report as their accuracy.
    """
    gaps = np.stack(predict(pairs, examples, batch_size=batch_size))
    gaps = gaps - np.stack([example["y"] for example in examples])
    return gaps[:, 0] - gaps[:, 1]


@guards.guarded("reward_target(source, 'frozen')", source=guards.a_source, strategy=guards.a_name)
def reward_target(
    source: Source, strategy: str = "frozen", *, seed: int = 0, **options
) -> Migration:
    """A reward model: the source's body with a fresh head of one number on the last token."""
    head = partial(RatingHead, pool="last", dropout=0.0)
    return migrate(source, head, strategy, seed=seed, **options)
