"""Speed beside peers: transformers' Trainer and generate, and llama.cpp, on each kind of machine.

Each of these files has a list "measurements", one for each kind of machine.
"""

from collections.abc import Iterable

from kit import results
from kit.results.style import styled

__all__ = ["kind", "kinds", "markdown", "measured_on", "table"]


def kind(measurement: dict) -> str:
    """The kind of machine: its processor, and the precision in which it trains."""
    machine = measurement["machine"]
    return f"{machine['processor'].replace('(R)', '')}, {machine['precision']}"


def kinds(name: str) -> dict[str, dict]:
    """Kind of machine -> its measurement in this results file."""
    return {kind(m): m for m in results.load(name)["measurements"]}


def measured_on(name: str) -> str:
    """Where the numbers are from."""
    found = results.load(name)
    machines = "; ".join(
        f"{kind(m)}, {m['machine']['cores']} cores, {m['date']}" for m in found["measurements"]
    )
    return f"Recorded by {found['command']} ({machines})."


def table(name: str):
    """A row for each kind of machine and, of writing, for each program."""
    columns, rows = generation_rows() if name == "generation_speed" else training_rows(name)
    keys = 2 if name == "generation_speed" else 1
    return styled(rows, columns, keys=keys, caption=measured_on(name))


def markdown(name: str) -> str:
    """The same table for docs/RESULTS.md."""
    columns, rows = generation_rows() if name == "generation_speed" else training_rows(name)
    keys = 2 if name == "generation_speed" else 1
    lines = [_line(columns), _line(["---"] * keys + ["---:"] * (len(columns) - keys))]
    return "\n".join([*lines, *map(_line, rows)])


def generation_rows() -> tuple[list[str], list[tuple[str, ...]]]:
    """Programs: tokens a second, memory; and the limit of torch's matrix products."""
    columns = ["machine", "program", "writing", "reading", "memory, GB", "matrix products alone"]
    rows = []
    for name, found in kinds("generation_speed").items():
        for program, speed in found["tokens per second"].items():
            cells = [_number(speed.get(task)) for task in ("writing", "reading")]
            memory = f"{found['memory, GB'][program]:.2f}"
            limit = _number(found.get("limit", {}).get(program))
            rows.append((name, program, *cells, memory, limit))
    return columns, rows


def training_rows(name: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """How many times the kit's seconds the Trainer takes, and what they have in common."""
    columns = ["machine", "times", "rounds", "memory, GB", "the Trainer's", "matrix products"]
    columns += ["right", "more than the Trainer"] if name == "finetuning_speed" else ["tokens/s"]
    rows = []
    for machine, found in kinds(name).items():
        memory = (f"{found['peak memory, MB'][who] / 2**10:.2f}" for who in ("kit", "trainer"))
        low, high = min(found["ratios"]), max(found["ratios"])
        times = f"{found['ratio']:.2f} ({low:.2f} to {high:.2f})"
        share = found.get("matrix products of the profile")
        products = "" if share is None else f"{100 * share:.0f} %"
        cells = [machine, times, str(len(found["ratios"])), *memory, products]
        if name == "finetuning_speed":
            mean, half = found.get("accuracy, kit less trainer", (None, None))
            right = f"{100 * found['accuracy']['kit']:.1f} %"
            gain = "" if mean is None else f"{100 * mean:+.1f} ± {100 * half:.1f}"
            cells += [right, gain]
        else:
            cells += [f"{found['tokens per second']['kit']:,.0f}"]
        rows.append(tuple(cells))
    return columns, rows


def span(values: Iterable[float], decimals: int = 2) -> str:
    """ "2.10", or "2.10 to 3.15": the least and the largest over the kinds of machines."""
    least, most = min(values := list(values)), max(values)
    low, high = f"{least:.{decimals}f}", f"{most:.{decimals}f}"
    return low if low == high else f"{low} to {high}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
