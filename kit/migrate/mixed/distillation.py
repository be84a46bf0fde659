"""Distillation: a smaller target learns from the labels and from a larger model."""

import copy

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.migration import HEAD_RATE, RATE, Migration, WeightMap, both, migration
from kit.migrate.structure.architecture import fitting
from kit.migrate.structure.depth import choose_layers
from kit.models import Model
from kit.objectives import heard, imitate, listen

__all__ = ["distil"]


def distil(
    body: nn.Module,
    head: nn.Module,
    *,
    student: nn.Module | None = None,
    teacher: Model | None = None,
    strength: float = 1.0,
    temperature: float = 2.0,
    rate: float = 2 * RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """A smaller target that learns from the labels and, at every update, from a larger model.

    With a `teacher`, a model that was fine-tuned for this task, the penalty is
    strength · τ² KL(softmax(z_T / τ) ‖ softmax(z / τ)), z being logits and τ the temperature
    (Hinton et al. 2015, arxiv.org/abs/1503.02531), or the squared error where they are scores.
    Without one the source itself teaches, strength · mean (W h - h_T)², h being hidden states and
    W trained where the widths differ (Romero et al. 2014, arxiv.org/abs/1412.6550).

    student: a body of your own with the source's vocabulary; default: half of the
        source's layers, with their values (Sanh et al. 2019, arxiv.org/abs/1910.01108). A head
        that is tied to the source's token embeddings is tied to the student's.
    strength, temperature: the factor on the penalty, and τ.

    Raises KitError where the source has one layer and no student is given, and for a student of
    another vocabulary, which could not read what its teacher reads.
    """
    if student is not None and student.config.vocabulary != body.config.vocabulary:
        raise KitError(
            f"the student reads {student.config.vocabulary:,} tokens and its teacher "
            f"{body.config.vocabulary:,}: both read the same ids, so give a student with the "
            "source's vocabulary."
        )
    if student is None and body.config.layers == 1:
        raise KitError("the source has one layer, so half of them is no student: give a `student`.")
    if student is None:
        target = choose_layers(body, head, rate=rate, head_rate=head_rate)
    else:
        student = copy.deepcopy(student)
        projection = None
        trained = [student]
        head = fitting(head, body, student)
        if student.width != body.width and teacher is None:
            projection = nn.Linear(student.width, body.width, bias=False)
            trained.append(projection)
        groups = both(rate, head_rate, head, *trained)
        target = migration(student, head, WeightMap(body, head), groups, aid=projection)
    if teacher:
        target.penalty = imitate(target.model, teacher, strength=strength, temperature=temperature)
    else:
        listen(target.model)
        distance = _HiddenDistance(body)
        target.penalty = lambda model: strength * distance(model)
    return target


class _HiddenDistance:
    """mean (W h - h_T)² over the real tokens; W is `model.aid`, or the identity without one."""

    def __init__(self, body: nn.Module) -> None:
        self.body = body.eval().requires_grad_(False)

    def __call__(self, model: nn.Module) -> Tensor:
        (ids, mask, *_), h, _ = heard(model)
        with torch.no_grad():
            teacher_h = self.body.to(h.device)(ids, mask).float()
        if hasattr(model, "aid"):
            h = model.aid(h)
        return (h - teacher_h)[mask].square().mean()
