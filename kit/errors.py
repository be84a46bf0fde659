"""KitError: the error for everything that a user can put right."""

__all__ = ["KitError"]


class KitError(ValueError):
    """An error that the caller can put right; its message names the value and the remedy.

    A notebook shows only the message, because the traceback leads into the kit and not to the
    mistake. Anywhere else it is an ordinary `ValueError` with its traceback.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython calls this method of an exception instead of printing a traceback.
        return [f"\N{WARNING SIGN} {self}"]
