"""python -m kit.experiments: lists what can be measured again.

python -m kit.experiments NAME [options] measures it; --help shows its options.
"""

import sys
from importlib import import_module
from types import ModuleType

from kit.errors import KitError
from kit.experiments import EXPERIMENTS
from kit.experiments.results_file import Stopped, stop_at_ctrl_c
from kit.experiments.verify import verify


def main(arguments: list[str]) -> int:
    """Run an experiment, or list them all; returns the exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(listing())
        return 0
    name, *options = arguments
    if name not in EXPERIMENTS:
        print(f"experiment {name!r} is unknown. {listing()}", file=sys.stderr)
        return 2
    try:
        with stop_at_ctrl_c():
            return run(name, options)
    except Stopped:
        print(f"\nStopped. {recorded(name)} The same command goes on.", file=sys.stderr)
        return 130
    except KitError as error:
        print(error, file=sys.stderr)
        return 1


def listing() -> str:
    """Each experiment: its name, minutes and results file, then what it measures."""
    lines = [
        "Experiments, with the minutes that all of each takes on two cores, and its results file:"
    ]
    for name, experiment in EXPERIMENTS.items():
        lines.append(f"\n  {name:24} {experiment.minutes:4} min  kit/results/data/{name}.json")
        lines.append(f"    {experiment.what}")
    lines.append("\npython -m kit.experiments NAME [options]: runs one, and goes on if stopped")
    lines.append("python -m kit.experiments NAME --help: its options")
    lines.append(
        "python -m kit.experiments NAME --verify: two quick rows again, beside the recorded"
    )
    return "\n".join(lines)


def run(name: str, options: list[str]) -> int:
    """Call the experiment's `main`, or verify its quick rows."""
    module = load(name)
    if "--verify" in options and not {"-h", "--help"} & set(options):
        return verify(name, module)
    module.main(options)
    return 0


def load(name: str) -> ModuleType:
    """The module of an experiment."""
    return import_module(f"kit.experiments.{name}")


def recorded(name: str) -> str:
    """What is kept of an experiment that was stopped."""
    file = getattr(load(name), "FILE", None)
    if file is None:
        return "Nothing was recorded: its file is written at the end."
    count = len(file.rows())
    return f"The measurement in progress is lost. Kept: {count} recorded rows in {file.path}."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
