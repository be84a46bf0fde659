"""What a strategy returns: a model, what to train in it, and where each tensor came from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, prod
from numbers import Real

from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.report import page, shortened
from kit.models import Model
from kit.models.quantized_matrix import QuantizedMatrix, matrices
from kit.tokenizer import Tokenizer

__all__ = [
    "HEAD_RATE",
    "RATE",
    "Migration",
    "SourceTensor",
    "TensorOrigin",
    "WeightMap",
    "both",
    "group",
    "is_moved",
    "migration",
]


RATE, HEAD_RATE = 1e-4, 1e-3
"""Default highest learning rates: of migrated values, and of a fresh head."""


@dataclass(frozen=True)
class SourceTensor:
    """The tensor of the source that a tensor of the target was made from."""

    name: str
    """Its name in the source: body.… or head.…; in a second source, such as decoder.…."""
    shape: tuple[int, ...]
    """Its shape in the source."""
    done: str = "copied"
    """What was done with its values: copied, sliced, widened, projected, composed or rounded."""
    note: str = ""
    """A remark for the report."""


class WeightMap(dict[nn.Parameter | QuantizedMatrix, SourceTensor]):
    """Parameter of the target -> the tensor of the source that it is or was made from.

    A strategy makes it from the source's body and head before it changes anything. `source` has
    the shape of each of the source's tensors, by name.
    """

    def __init__(self, body: nn.Module, head: nn.Module | None = None) -> None:
        parts = {"body": body}
        if is_moved(head):
            parts["head"] = head
        whole = nn.ModuleDict(parts)
        named = dict(whole.named_parameters()) | matrices(whole)
        super().__init__({p: SourceTensor(name, tuple(p.shape)) for name, p in named.items()})
        self.source = {name: tuple(p.shape) for name, p in named.items()}

    def add(
        self, parameter: nn.Parameter | QuantizedMatrix, name: str, done: str, note: str = ""
    ) -> None:
        """Note that `parameter` was made from the source's tensor `name`."""
        self[parameter] = SourceTensor(name, self.source[name], done, note)


@dataclass(frozen=True, kw_only=True)
class TensorOrigin:
    """Where the values of one tensor of the target are from, and how it will be trained."""

    name: str
    """Its name in the target."""
    shape: tuple[int, ...]
    """Its shape in the target."""
    source: str | None
    """The name of the source's tensor that it was made from; None where it is fresh."""
    source_shape: tuple[int, ...] | None = None
    """The shape of that tensor."""
    done: str
    """How its values were made: copied, sliced, widened, projected, composed, rounded,
    or fresh."""
    note: str = ""
    """A remark for the report."""
    rate: float
    """Its highest learning rate; 0 where it is frozen."""
    start: float = 0.0
    """The share of the budget before which it is frozen (gradual unfreezing)."""

    @property
    def size(self) -> int:
        """The number of its elements."""
        return prod(self.shape)


@dataclass
class Migration:
    """A target ready to be fine-tuned: `fit(m.model, examples, recipe, **m.training)`."""

    model: Model
    """The target: a body and a head."""
    groups: list[dict]
    """[{"params": [...], "rate": r, "start": s}, ...]: the parameters that are trained, their
    highest learning rate, and the share of the budget from which on they are trained."""
    origins: list[TensorOrigin]
    """One for each tensor of the target."""
    penalty: Callable[[nn.Module], Tensor] | None = None
    """A term that `fit` adds to the mean loss; None for most strategies."""
    warnings: list[str] = field(default_factory=list)
    """Tensors that are fresh though the source has them, and tensors of the source not used."""
    strategy: str = ""
    """Its name in `STRATEGIES`."""
    source: str = ""
    """The name of the source."""
    tokenizer: Tokenizer | None = None
    """The target's tokenizer: the source's, unless the vocabulary moved."""
    totals: dict[str, int] = field(init=False)
    """The number of parameters: "parameters" in all, "moved", "fresh" and "trained"."""

    def __post_init__(self) -> None:
        self.totals = {
            "parameters": sum(o.size for o in self.origins),
            "moved": sum(o.size for o in self.origins if o.done != "fresh"),
            "fresh": sum(o.size for o in self.origins if o.done == "fresh"),
            "trained": sum(o.size for o in self.origins if o.rate),
        }

    @property
    def training(self) -> dict:
        """What `fit` needs to train by this strategy: {"groups": ..., "penalty": ...}."""
        return {"groups": self.groups, "penalty": self.penalty}

    def __repr__(self) -> str:
        n = self.totals
        return (
            f"Migration({self.source} -> {self.strategy}: {n['parameters']:,} parameters, "
            f"{n['moved']:,} moved, {n['fresh']:,} fresh, {n['trained']:,} trained)"
        )

    def _repr_html_(self) -> str:
        title = f"{self.source or 'source'} → {self.strategy or 'target'}"
        return page(title, self.totals, self.origins, self.warnings)


def group(rate: float, *parts: nn.Module | nn.Parameter, start: float = 0.0) -> dict:
    """A parameter group for `fit`: these modules and parameters with the highest learning rate
    `rate`, frozen before the share `start` of the budget. Raises KitError for a rate that is not
    above 0."""
    if not isinstance(rate, Real) or isinstance(rate, bool) or not 0 < rate < inf:
        raise KitError(f"rate={rate!r} cannot train: give a number above 0, such as {RATE:g}.")
    params: dict[nn.Parameter, None] = {}  # ordered; a shared parameter counts once
    for part in parts:
        params |= dict.fromkeys(part.parameters() if isinstance(part, nn.Module) else [part])
    result = {"params": list(params), "rate": rate}
    if start:
        result["start"] = start
    return result


def both(rate: float, head_rate: float, head: nn.Module, *parts) -> list[dict]:
    """The groups of most strategies: these parts at `rate` and a fresh head at `head_rate`; a
    head that moved at `rate` too."""
    if is_moved(head):
        return [group(rate, *parts, head)]
    return [group(head_rate, head), group(rate, *parts)]


def migration(
    body: nn.Module,
    head: nn.Module,
    weight_map: WeightMap,
    groups: list[dict],
    penalty: Callable[[nn.Module], Tensor] | None = None,
    notes: dict[nn.Parameter, str] | None = None,
    aid: nn.Module | None = None,
) -> Migration:
    """The migration of a strategy: body and head as one model, parameters in no group frozen, and
    the report.

    notes: remarks for the report, on fresh parameters.
    aid: a module that the penalty needs and that is trained too; it becomes `model.aid`.
    """
    model = Model(body, head)
    notes = dict(notes or {})
    if aid is not None:
        model.add_module("aid", aid)
    group_of = {p: g for g in groups for p in g["params"]}
    origins = []
    fixed = matrices(model)
    notes |= {m: f"in {m.bits} bits ({m.kind})" for m in fixed.values()}
    for name, p in (*model.named_parameters(), *fixed.items()):
        if name not in fixed:
            p.requires_grad_(p in group_of)
        twin = weight_map.get(p)
        origins.append(
            TensorOrigin(
                name=name,
                shape=tuple(p.shape),
                source=twin and twin.name,
                source_shape=twin and twin.shape,
                done=twin.done if twin else "fresh",
                note=(twin and twin.note) or notes.get(p, ""),
                rate=group_of[p]["rate"] if p in group_of else 0.0,
                start=group_of[p].get("start", 0.0) if p in group_of else 0.0,
            )
        )
    return Migration(model, groups, origins, penalty, warn(origins, weight_map.source))


def warn(origins: list[TensorOrigin], source: dict[str, tuple[int, ...]]) -> list[str]:
    """Warnings for the report: fresh tensors that the source has, and tensors of the source that
    are not used. source: its tensors' shapes by name."""
    used = {o.source for o in origins}
    twins = {o.name: o.name.replace("head.decoder.", "body.") for o in origins}
    fresh = [
        name
        for name in (o.name for o in origins if o.done == "fresh" and not o.note)
        if {name, twins[name]} & source.keys()
    ]
    ignored = [name for name in source if name not in used and name not in fresh]
    warnings = []
    if fresh:
        warnings.append(f"fresh, though the source has it: {shortened(fresh)}.")
    if ignored:
        warnings.append(f"in the source, and nowhere in the target: {shortened(ignored)}.")
    return warnings


def is_moved(head: nn.Module | None) -> bool:
    """Whether the head is the source's own, with its values (`migrate` with head=None)."""
    return getattr(head, "moved", False)
