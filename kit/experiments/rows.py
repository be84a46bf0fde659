"""What the experiments share whose results file grows by a row at a time, in several processes."""

import time
from collections.abc import Callable

from filelock import FileLock

from kit import results, runtime
from kit.errors import KitError

FOLDER = results.FOLDER


def known(name: str) -> list[dict]:
    """What is recorded already."""
    try:
        return results.load(name)["rows"]
    except KitError:
        return []


def add(name: str, what: str, row: dict, order: Callable[[dict], tuple]) -> None:
    """Write what is new beside what was known, to which another process may have added."""
    folder = runtime.cache_dir() / "experiments"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock"):
        found = {
            "what": what,
            "command": f"python -m kit.experiments {name}",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            "rows": sorted([*known(name), row], key=order),
        }
        runtime.write_json(FOLDER / f"{name}.json", found)


def missing(name: str, wanted, keys: tuple[str, ...]):
    """Those of the rows wanted, of which `keys` say what they are, that are not there yet."""
    done = [{k: row[k] for k in keys if k in row} for row in known(name)]
    return (about for about in wanted if about not in done)
