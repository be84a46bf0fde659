"""`python -m kit.data [names] [--all]`: fetch archives into the cache, and print which."""

import argparse
import sys

from kit.data.archives import ARCHIVES, cached, fetch
from kit.errors import KitError

LESSONS = ("minilm", "ratings", "bbc", "conll", "names")


def main(arguments: list[str] | None = None) -> int:
    """Fetch the named archives (default: those of the lessons); return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m kit.data",
        description="Put the lessons' data and pretrained models in place.",
        epilog=f"Archives: {', '.join(ARCHIVES)}.",
    )
    parser.add_argument("names", nargs="*", help=f"which; default: {', '.join(LESSONS)}")
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
        print("kit.data: interrupted; no incomplete file is left.", file=sys.stderr)
        return 130
    return 0


def _place(name: str, count: str) -> None:
    done = "fetched" if cached(name) is None else "already there"
    archive = ARCHIVES[name]
    size = f"{archive.size / 1e6:.1f} MB"

    def progress(so_far: int) -> None:
        if sys.stdout.isatty():  # \r: the next line overwrites this one
            print(f"      {min(so_far, archive.size) / 1e6:.1f} of {size}", end="\r", flush=True)

    if done == "fetched":
        print(f"{count} {name}: fetching {size} ...", flush=True)
    path = fetch(name, progress)
    print(f"{count} {name}: {done}, {size}, {path}")
    print(f"      {archive.what}. Licence: {archive.licence}. {archive.citation}.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
