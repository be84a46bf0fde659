"""A progress bar for what may take long: it appears after two seconds and leaves nothing behind."""

import sys
import threading
from collections.abc import Iterable, Iterator

__all__ = ["progress"]


def progress(steps: Iterable, what: str, total: int | None = None, unit: str = "") -> Iterator:
    """The same steps, with a bar in a notebook or a terminal; none in a log file and in a thread.

    what: the label. total: how many steps there are, where it is known.
    """
    from tqdm.auto import tqdm

    # tqdm's `disable`: None shows the bar only in a terminal, False always.
    disable = None if "ipykernel" not in sys.modules else False
    if threading.current_thread() is not threading.main_thread():
        disable = True
    label = {"desc": what, "unit": f" {unit}" if unit else "it"}
    return tqdm(steps, total=total, delay=2, leave=False, disable=disable, **label)
