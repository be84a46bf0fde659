"""KitError: the error for everything that a user can put right."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["KitError", "saving"]


class KitError(ValueError):
    """An error that the caller can put right; its message names the value and the remedy.

    A notebook shows only the message, because the traceback leads into the kit and not to the
    mistake. Anywhere else it is an ordinary `ValueError` with its traceback.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython calls this method of an exception instead of printing a traceback.
        return [f"\N{WARNING SIGN} {self}"]


@contextmanager
def saving(what: str, place: str | Path) -> Iterator[None]:
    """Context in which something is written: where the disk is full or read-only, it raises a
    KitError that says what cannot be saved where.

    what: the subject of the sentence, "the run".
    """
    try:
        yield
    except KitError:
        raise
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__name__ != "SafetensorError":
            raise
        raise KitError(
            f"{what} cannot be saved as {place} ({error}): free some space there, or give another "
            "place. What is in memory is whole."
        ) from error
