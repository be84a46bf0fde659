"""What a strategy returns: a model, what to train in it, and where each tensor came from."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor, nn

from kit.models import Model

__all__ = ["Migration", "Origin", "migration"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where one tensor of the target came from, and what will happen to it."""

    name: str
    """Its name in the target."""
    shape: tuple[int, ...]
    """Its shape in the target."""
    source: str | None
    """The name of its twin in the source; None where it has none."""
    done: str
    """What was done: "copied" or "fresh"."""
    rate: float
    """The learning rate that it is trained with; 0 where it stays as it is."""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        size = 1
        for n in self.shape:
            size *= n
        return size


@dataclass
class Migration:
    """A target ready to be fine-tuned: `fit(m.model, examples, recipe, groups=m.groups)`."""

    model: Model
    """The target: a body and a head."""
    groups: list[dict]
    """[{"params": [...], "rate": r}, ...]: what is trained, at which highest rate."""
    origins: list[Origin]
    """One for each tensor of the target."""
    penalty: Callable[[nn.Module], Tensor] | None = None
    """A term that `fit` adds to the loss; none for most strategies."""
    strategy: str = ""
    """Its name in `STRATEGIES`."""
    source: str = ""
    """The name of the source."""
    totals: dict[str, int] = field(init=False)
    """How many parameters there are, and how many were moved, are fresh, are trained."""

    def __post_init__(self) -> None:
        self.totals = {
            "parameters": sum(o.size for o in self.origins),
            "moved": sum(o.size for o in self.origins if o.done != "fresh"),
            "fresh": sum(o.size for o in self.origins if o.done == "fresh"),
            "trained": sum(o.size for o in self.origins if o.rate),
        }

    def __repr__(self) -> str:
        n = self.totals
        return (
            f"Migration({self.source} -> {self.strategy}: {n['parameters']:,} parameters, "
            f"{n['moved']:,} moved, {n['fresh']:,} fresh, {n['trained']:,} trained)"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{o.name}</td><td>{' x '.join(map(str, o.shape))}</td><td>{o.done}</td>"
            f"<td>{o.source or ''}</td><td>{f'{o.rate:g}' if o.rate else 'frozen'}</td></tr>"
            for o in self.origins
        )
        return (
            f"<details><summary><b>{self.source} → {self.strategy}</b> &nbsp; {self!r}</summary>"
            "<table><tr><th>tensor of the target</th><th>shape</th><th>values</th>"
            f"<th>twin in the source</th><th>rate</th></tr>{rows}</table></details>"
        )


def migration(body: nn.Module, head: nn.Module, *, moved: set[str], rates: dict) -> Migration:
    """Put body and head together and write the report.

    moved: names of the body's tensors whose values are the source's.
    rates: {module or parameter: rate}; whatever is in none of them is frozen.
    """
    groups = []
    for part, rate in rates.items():
        params = list(part.parameters()) if isinstance(part, nn.Module) else [part]
        groups.append({"params": params, "rate": rate})
    rate_of = {id(p): group["rate"] for group in groups for p in group["params"]}
    model, origins = Model(body, head), []
    for name, p in model.named_parameters():
        p.requires_grad_(id(p) in rate_of)
        twin = name.removeprefix("body.") if name.startswith("body.") else None
        twin = twin if twin in moved else None
        origins.append(
            Origin(
                name=name,
                shape=tuple(p.shape),
                source=twin,
                done="copied" if twin else "fresh",
                rate=rate_of.get(id(p), 0.0),
            )
        )
    return Migration(model, groups, origins)
