"""What a strategy returns: a model, what to train in it, and where each tensor came from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

from torch import Tensor, nn

from kit.migrate.report import page, shortened
from kit.models import Model
from kit.tokenizer import Tokenizer

__all__ = [
    "HEAD_RATE",
    "RATE",
    "Migration",
    "SourceTensor",
    "TensorOrigin",
    "WeightMap",
    "both",
    "comes_along",
    "group",
    "migration",
]


RATE, HEAD_RATE = 1e-4, 1e-3
"""Highest learning rates by themselves: of values that moved, and of a fresh head."""


@dataclass(frozen=True)
class SourceTensor:
    """The tensor of the source that a tensor of the target was made from."""

    name: str
    """Its name in the source: body.… or head.…; a second source's begins with its own word."""
    shape: tuple[int, ...]
    """Its shape in the source."""
    done: str = "copied"
    """What was done to it: copied, sliced, widened, projected or composed."""
    note: str = ""
    """What a reader should know besides."""


class WeightMap(dict[nn.Parameter, SourceTensor]):
    """For each parameter that is, or was made from, one of the source's: its twin.

    Made before a strategy changes anything. `source` has the shape of every tensor there is.
    """

    def __init__(self, body: nn.Module, head: nn.Module | None = None) -> None:
        parts = {"body": body} | ({"head": head} if comes_along(head) else {})
        named = dict(nn.ModuleDict(parts).named_parameters())
        super().__init__({p: SourceTensor(name, tuple(p.shape)) for name, p in named.items()})
        self.source = {name: tuple(p.shape) for name, p in named.items()}

    def add(self, made: nn.Parameter, name: str, done: str, note: str = "") -> None:
        """`made` was made from the source's tensor `name`."""
        self[made] = SourceTensor(name, self.source[name], done, note)


@dataclass(frozen=True, kw_only=True)
class TensorOrigin:
    """Where one tensor of the target came from, and what will happen to it."""

    name: str
    """Its name in the target."""
    shape: tuple[int, ...]
    """Its shape in the target."""
    source: str | None
    """The name of its twin in the source; None where it has none."""
    source_shape: tuple[int, ...] | None = None
    """The twin's shape."""
    done: str
    """What was done: copied, sliced, widened, projected, composed, or fresh."""
    note: str = ""
    """What a reader should know besides."""
    rate: float
    """The highest learning rate that it is trained with; 0 where it stays as it is."""
    start: float = 0.0
    """The share of the budget before which it stays as it is (gradual unfreezing)."""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass
class Migration:
    """A target ready to be fine-tuned: `fit(m.model, examples, recipe, **m.training)`."""

    model: Model
    """The target: a body and a head."""
    groups: list[dict]
    """[{"params": [...], "rate": r, "start": s}, ...]: what is trained, at which highest rate,
    from which share of the budget on."""
    origins: list[TensorOrigin]
    """One for each tensor of the target."""
    penalty: Callable[[nn.Module], Tensor] | None = None
    """A term that `fit` adds to the loss; none for most strategies."""
    warnings: list[str] = field(default_factory=list)
    """What was left fresh though the source has it, and what of the source went nowhere."""
    strategy: str = ""
    """Its name in `STRATEGIES`."""
    source: str = ""
    """The name of the source."""
    tokenizer: Tokenizer | None = None
    """What the target reads: the source's, unless the vocabulary moved."""
    totals: dict[str, int] = field(init=False)
    """How many parameters there are, and how many were moved, are fresh, are trained."""

    def __post_init__(self) -> None:
        self.totals = {
            "parameters": sum(o.size for o in self.origins),
            "moved": sum(o.size for o in self.origins if o.done != "fresh"),
            "fresh": sum(o.size for o in self.origins if o.done == "fresh"),
            "trained": sum(o.size for o in self.origins if o.rate),
        }

    @property
    def training(self) -> dict:
        """What `fit` must be told so that this strategy is what is trained: groups and penalty."""
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
    """A parameter group for `fit`: these modules and parameters at `rate`, from `start` on."""
    params: dict[nn.Parameter, None] = {}  # in order, and one with two uses once
    for part in parts:
        params |= dict.fromkeys(part.parameters() if isinstance(part, nn.Module) else [part])
    return {"params": list(params), "rate": rate} | ({"start": start} if start else {})


def both(rate: float, head_rate: float, head: nn.Module, *parts) -> list[dict]:
    """The groups of most strategies: these parts at `rate`, and a fresh head, which has
    everything to learn, at a rate of its own (a head that comes along at the parts')."""
    if comes_along(head):
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
    """Put body and head together, freeze what is in no group, and write the report.

    notes: what a reader should know of a fresh parameter.
    aid: what the penalty needs and training changes, as `model.aid`.
    """
    model, notes = Model(body, head), notes or {}
    if aid is not None:
        model.aid = aid
    of = {p: g for g in groups for p in g["params"]}
    origins = []
    for name, p in model.named_parameters():
        p.requires_grad_(p in of)
        twin = weight_map.get(p)
        origins.append(
            TensorOrigin(
                name=name,
                shape=tuple(p.shape),
                source=twin and twin.name,
                source_shape=twin and twin.shape,
                done=twin.done if twin else "fresh",
                note=twin.note if twin else notes.get(p, ""),
                rate=of[p]["rate"] if p in of else 0.0,
                start=of[p].get("start", 0.0) if p in of else 0.0,
            )
        )
    return Migration(model, groups, origins, penalty, warn(origins, weight_map.source))


def warn(origins: list[TensorOrigin], source: dict[str, tuple[int, ...]]) -> list[str]:
    """What a reader should not overlook."""
    used = {o.source for o in origins}
    twins = {o.name: o.name.replace("head.decoder.", "body.") for o in origins}
    fresh = [
        name
        for name in (o.name for o in origins if o.done == "fresh" and not o.note)
        if {name, twins[name]} & source.keys()
    ]
    ignored = [name for name in source if name not in used and name not in fresh]
    found = []
    if fresh:
        found.append(f"fresh, though the source has it: {shortened(fresh)}.")
    if ignored:
        found.append(f"in the source, and nowhere in the target: {shortened(ignored)}.")
    return found


def comes_along(head: nn.Module | None) -> bool:
    """Whether the head is the source's own, so that its values are the source's too."""
    return getattr(head, "comes_along", False)
