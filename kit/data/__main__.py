"""`python -m kit.data [names] [--all]`: put the archives in place, and say what was done."""

import argparse
import sys

from kit.data.archives import ARCHIVES, cached, fetch
from kit.errors import KitError

LESSONS = ("minilm", "ratings", "bbc", "conll")


def main(arguments: list[str] | None = None) -> int:
    """Fetch the archives that are named (by itself: what the lessons need); the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m kit.data",
        description="Put the lessons' data and pretrained models in place.",
        epilog=f"Archives: {', '.join(ARCHIVES)}.",
    )
    parser.add_argument("names", nargs="*", help=f"which; by itself {', '.join(LESSONS)}")
    parser.add_argument("--all", action="store_true", help="every archive")
    chosen = parser.parse_args(arguments)
    names = list(ARCHIVES) if chosen.all else chosen.names or LESSONS
    try:
        for number, name in enumerate(names, start=1):
            _place(name, f"[{number}/{len(names)}]")
    except KitError as problem:
        print(f"kit.data: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kit.data: interrupted; nothing half-fetched is left behind.", file=sys.stderr)
        return 130
    return 0


def _place(name: str, count: str) -> None:
    done = "fetched" if cached(name) is None else "already there"
    archive = ARCHIVES[name]
    size = f"{archive.size / 1e6:.1f} MB"

    def progress(so_far: int) -> None:
        if sys.stdout.isatty():  # \r: whatever is printed next is printed over it
            print(f"      {min(so_far, archive.size) / 1e6:.1f} of {size}", end="\r", flush=True)

    if done == "fetched":
        print(f"{count} {name}: fetching {size} ...", flush=True)
    path = fetch(name, progress)
    print(f"{count} {name}: {done}, {size}, {path}")
    print(f"      {archive.what}. Licence: {archive.licence}. {archive.citation}.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
