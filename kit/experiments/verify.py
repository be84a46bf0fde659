"""Verify an experiment: measure its quickest rows again and compare them with the recorded ones."""

from collections.abc import Iterator
from types import ModuleType

from kit import results, runtime
from kit.experiments.results_file import DECISIVE, EARLIER

__all__ = ["differences", "verify"]

TIMES = ("seconds", "CPU seconds", "seconds to migrate", "tokens per second", "peak memory, MB")
"""Fields that differ from run to run."""
NO_RESULTS = (*TIMES, EARLIER)
"""Fields that are not compared."""
MARGIN = 0.01
"""On another machine a number may differ by the range of its recorded seeds (rounding sends a
training elsewhere, as another seed does) and by this share of the largest in its field."""


def verify(name: str, module: ModuleType) -> int:
    """Print recorded and new scores of the module's `QUICK` measurements; returns the exit status:
    0 where they agree, 1 where they do not, 2 where there is nothing quick to compare."""
    quick = module.QUICK
    if isinstance(quick, str):
        print(f"{name}: nothing to verify. {quick}")
        return 2
    content = results.load(name)
    if other := differs(content["machine"]):
        print(f"{name} was recorded with another {other}: scores may differ.")
        print("OMP_NUM_THREADS and KIT_PRECISION choose threads and precision.")
    else:
        print(f"{name} was recorded with the same processor, precision and torch: equal bits.")
    if note := content.get("note"):
        print(note)
    wrong = 0
    for about in quick:
        new = module.measure(about)
        for row in [new] if isinstance(new, dict) else new:
            old = recorded(module, content["rows"], row)
            if old is None:
                print(f"  {row}: not recorded, DIFFERENT")
                wrong += 1
                continue
            exact = not other
            if EARLIER in old:
                another = differs(content[f"{EARLIER}s"][old[EARLIER]])
                exact = not another
                print(f"  Recorded earlier, with another {another}:" if another else "  As here:")
            wrong += compare(module, content["rows"], old, row, exact=exact)
    print(f"{name}: {'all rows agree' if not wrong else f'{wrong} numbers are DIFFERENT'}.")
    return int(wrong > 0)


def differs(machine: dict) -> str:
    """What decides the bits of a result and is another one here; "" where nothing is."""
    here = runtime.machine()
    return ", ".join(
        f"{field} {machine[field]!r} (here {here[field]!r})"
        for field in DECISIVE
        if machine[field] != here[field]
    )


def recorded(module: ModuleType, rows: list[dict], new: dict) -> dict | None:
    """The recorded row that the new one repeats; None where there is none."""
    identity = module.FILE.identity(new)
    return next((row for row in rows if module.FILE.identity(row) == identity), None)


def compare(module: ModuleType, rows: list[dict], old: dict, new: dict, *, exact: bool) -> int:
    """Print both values of each number that is a result; returns how many are too far apart."""
    identity = module.FILE.identity(new)
    print(f"  {', '.join(f'{key} {value}' for key, value in identity.items())}")
    wrong = 0
    for field, before, now in differences(old, new):
        allowed = 0.0 if exact else tolerance(module, rows, old, field)
        numbers = isinstance(before, float | int) and isinstance(now, float | int)
        far = abs(before - now) > allowed if numbers else exact
        wrong += far
        verdict = "DIFFERENT" if far else f"within {allowed:.4g}" if numbers else "on this machine"
        print(f"    {field:24} recorded {before}, now {now}: {verdict}")
    for field in new:
        if field not in NO_RESULTS and field not in identity and old.get(field) == new[field]:
            print(f"    {field:24} equal: {new[field]}")
    return wrong


def differences(old: dict, new: dict) -> Iterator[tuple[str, object, object]]:
    """(field, recorded value, new value) where they are not equal, without seconds and memory."""
    for field in sorted({*old, *new} - set(NO_RESULTS)):
        if old.get(field) != new.get(field):
            yield field, old.get(field), new.get(field)


def tolerance(module: ModuleType, rows: list[dict], old: dict, field: str) -> float:
    """How far a number of another machine may be away; 0 for a count, such as `trained`."""
    if not isinstance(old[field], float):
        return 0.0

    def seedless(row: dict) -> dict:
        return {key: value for key, value in module.FILE.identity(row).items() if key != "seed"}

    alike = [row[field] for row in rows if field in row and seedless(row) == seedless(old)]
    largest = max(abs(row[field]) for row in rows if field in row)
    return max(alike) - min(alike) + MARGIN * largest
