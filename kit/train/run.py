"""Run: the history of one training run, as plain data."""

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from kit.errors import KitError, saving
from kit.files import whole
from kit.guards import a_path, guarded

__all__ = ["Run", "table"]


@dataclass
class Run:
    """The history of one training run: plain numbers and strings, which `save` writes as JSON."""

    name: str = ""
    """Its name in figures."""
    settings: dict = field(default_factory=dict)
    """The recipe, and the precision and the number of examples that it ran with."""
    steps: list[dict] = field(default_factory=list)
    """One row per update: step, seconds (of updates only), loss (mean over the batch)."""
    evaluations: list[dict] = field(default_factory=list)
    """One row per evaluation: step, seconds, score."""
    best: dict | None = None
    """The row of `evaluations` whose parameters the model has now; None: those of the last step."""
    spent: float = 0.0
    """The used share of the budget, from 0 to 1."""
    stopped: str = ""
    """Why it ended: "budget", "interrupted", or "" while it runs."""
    results: dict = field(default_factory=dict)
    """Measured after the run: test scores, peak memory."""

    @property
    def seconds(self) -> float:
        """Seconds of updates so far (without evaluation)."""
        return self.steps[-1]["seconds"] if self.steps else 0.0

    @property
    def updates(self) -> int:
        """Number of updates so far."""
        return self.steps[-1]["step"] if self.steps else 0

    @property
    def planned(self) -> int:
        """Number of updates of the whole budget; with a budget of seconds, as many as fit into it
        at the speed so far. 0 before the first update."""
        steps, epochs, seconds = (self.settings.get(k) for k in ("steps", "epochs", "seconds"))
        if seconds is not None or not (steps or epochs):
            return math.ceil(self.updates / self.spent - 1e-6) if self.spent else self.updates
        limits = [steps] if steps else []
        if epochs:
            batches = math.ceil(self.settings["examples"] / self.settings["batch_size"])
            limits.append(math.ceil(epochs * batches - 1e-6))
        return min(limits)

    def until(self, share: float) -> "Run":
        """The run as it was after this share of its seconds, from 0 to 1."""
        end = share * self.seconds
        return replace(
            self,
            steps=[row for row in self.steps if row["seconds"] <= end],
            evaluations=[row for row in self.evaluations if row["seconds"] <= end],
            spent=min(1.0, share) * self.spent,
        )

    def brief(self, points: int = 80) -> "Run":
        """The run with at most `points` rows of steps: rounded means of neighbouring steps."""
        stride = max(1, -(-len(self.steps) // points))
        groups = [self.steps[i : i + stride] for i in range(0, len(self.steps), stride)]
        steps = [
            {"step": g[-1]["step"], "seconds": round(g[-1]["seconds"], 2)}
            | {"loss": round(sum(row["loss"] for row in g) / len(g), 4)}
            for g in groups
        ]
        return replace(self, steps=steps)

    @guarded("run.save('run.json')", path=a_path)
    def save(self, path: str | Path) -> None:
        """Write the run as JSON, whole or not at all. Raises KitError for a full disk."""
        with saving("the run", path), whole(Path(path)) as part:
            part.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Run":
        """Read a run that `save` wrote; raises KitError for any other file."""
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise KitError(
                f"{path} is not a saved run ({error}): save one with run.save()."
            ) from error

    def __repr__(self) -> str:
        last = self.evaluations[-1]["score"] if self.evaluations else None
        score = "not evaluated" if last is None else f"score {last:.3f}"
        return (
            f"Run({self.name!r}: {len(self.steps)} steps in {self.seconds:.1f} s, {score}, "
            f"{self.stopped or 'running'})"
        )


def table(runs: list[Run]):
    """A pandas DataFrame with one row per run: name, steps, seconds, last score, results."""
    import pandas as pd

    return pd.DataFrame(
        {
            "run": run.name,
            "steps": len(run.steps),
            "seconds": round(run.seconds, 1),
            "score": run.evaluations[-1]["score"] if run.evaluations else None,
            **run.results,
        }
        for run in runs
    )
