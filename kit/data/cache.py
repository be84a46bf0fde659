"""Cached tables: computed once, then read from a Parquet file."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["stored"]


def stored(path: Path, make: Callable[[], list[dict]]) -> "Table":
    """The table in the Parquet file `path`.

    Where it is missing or damaged, the table has the rows of `make()`, and is written to `path`,
    whole or not at all.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid):
        table = pyarrow.Table.from_pylist(make())
    with contextlib.suppress(OSError):  # a read-only cache: compute the table again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:  # whole or not at all
            part = Path(folder, path.name)
            parquet.write_table(table, part)
            os.replace(part, path)
    return table
