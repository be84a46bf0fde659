"""Cached tables: computed once, then read from a file that carries its name and a hash.

The file is a line, `kit table FOLDER/NAME SHA-256`, and then the table as Parquet.
"""

import contextlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from kit.errors import KitError
from kit.files import warn_damaged, whole

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["stored"]


def stored(path: Path, make: Callable[[], list[dict]]) -> "Table":
    """The table in the file `path`.

    Where it is missing, the table has the rows of `make()`, and is written to `path`, whole or not
    at all. So it is with a warning where the file is damaged or holds another table.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        content = _checked(path)
        return parquet.read_table(pyarrow.BufferReader(content))
    except FileNotFoundError:
        pass
    except (OSError, KitError, pyarrow.ArrowInvalid) as error:
        warn_damaged(path, error)
    table = pyarrow.Table.from_pylist(make())
    with contextlib.suppress(OSError):  # a read-only cache: compute the table again next time
        memory = pyarrow.BufferOutputStream()
        parquet.write_table(table, memory)
        content = memory.getvalue().to_pybytes()
        with whole(path) as part:
            part.write_bytes(_first_line(path, content) + content)
    return table


def _first_line(path: Path, content: bytes) -> bytes:
    return f"kit table {path.parent.name}/{path.stem} {sha256(content).hexdigest()}\n".encode()


def _checked(path: Path) -> bytes:
    """The Parquet in a file of `stored`; raises KitError for another or a damaged table."""
    line, end, content = path.read_bytes().partition(b"\n")
    if line + end != _first_line(path, content):
        raise KitError(f"it is not the table {path.parent.name}/{path.stem} as it was written")
    return content
