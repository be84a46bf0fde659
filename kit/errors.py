"""The one error a user of the kit can cause: it names the value and the remedy."""

__all__ = ["KitError"]


class KitError(ValueError):
    """Something that the caller can put right; its message says what and how.

    In a notebook it shows as its message alone: the place inside the kit where it was
    noticed helps nobody. Anywhere else it is an ordinary `ValueError` with its traceback.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this method before it draws a traceback.
        return [f"\N{WARNING SIGN} {self}"]
