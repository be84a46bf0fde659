"""`python -m kit.results`: write docs/RESULTS.md and the README's table; `--check`: are they so?"""

import argparse
import sys

from kit.errors import KitError
from kit.results.tables import ROOT, pages


def main() -> None:
    """Write the pages, or say which of them are not as this command writes them."""
    parser = argparse.ArgumentParser(prog="python -m kit.results", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if not so")
    options = parser.parse_args()
    try:
        wanted = pages()
    except (KitError, OSError) as error:
        sys.exit(f"{error}")
    stale = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if options.check:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"{names}: run python -m kit.results" if stale else 0)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        print(f"{path.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
