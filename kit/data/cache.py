"""A table that is made once and then read from the cache."""

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
    """The rows that `make` returns, as the Parquet file `path` keeps them; damaged, made again."""
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid):
        table = pyarrow.Table.from_pylist(make())
    with contextlib.suppress(OSError):  # a cache that cannot be written: make it again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:  # whole or not at all
            part = Path(folder, path.name)
            parquet.write_table(table, part)
            os.replace(part, path)
    return table
