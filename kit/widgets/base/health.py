"""Where does this notebook run, and does everything that the lessons use work there?"""

import os
import platform
from html import escape
from pathlib import Path

from kit import runtime
from kit.html import FONT, INK, PAPER

__all__ = ["Health", "rows", "table"]

HOSTS = {
    "COLAB_RELEASE_TAG": "Colab",
    "BINDER_SERVICE_HOST": "Binder",
    "JUPYTERHUB_USER": "JupyterHub",
}
"""An environment variable that is there -> who set it."""
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
WIDGETS = {
    True: "✓ alive",
    False: "✗ not here: figures stand still. In Jupyter, reload the page and run this cell again",
}


def rows() -> dict[str, str]:
    """What a table of health says, in words; takes a moment on the first call on a machine."""
    import torch

    on = runtime.device()
    here = [name for variable, name in HOSTS.items() if variable in os.environ]
    return {
        "host": here[0] if here else "this computer",
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "GPU": torch.cuda.get_device_name()
        if on.type == "cuda"
        else {"mps": "Apple's"}.get(on.type, "none: the CPU is enough"),
        "precision": runtime.precision(on),
        "memory": memory(),
    }


def memory() -> str:
    """The memory that this process may use, in GiB: the machine's, or its container's limit."""
    found = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limits = [Path(path).read_text().strip() for path in LIMITS if Path(path).exists()]
    found += [int(limit) for limit in limits if limit.isdigit()]
    return f"{min(found) / 2**30:.1f} GiB" if found else "unknown"


def table(found: dict[str, str], alive: bool) -> str:
    """The rows as an HTML table, one column each, with a last one on widgets."""
    cells = "".join(
        f'<td style="text-align:left;padding:.3em .9em"><b>{escape(name)}</b><br>'
        f"{escape(value)}</td>"
        for name, value in (found | {"widgets": WIDGETS[alive]}).items()
    )
    return (
        f'<table style="font:14px {FONT};color:{INK};background:{PAPER};border-radius:.4em">'
        f"<tr>{cells}</tr></table>"
    )


class Health:
    """The table. Where widgets live, a widget shows it, and says so; elsewhere plain HTML does."""

    def __init__(self) -> None:
        self.rows = rows()

    def __repr__(self) -> str:
        return " · ".join(f"{name} {value}" for name, value in self.rows.items())

    def _repr_html_(self) -> str:
        return table(self.rows, alive=False)

    def _repr_mimebundle_(self, **_) -> dict:
        """A front end takes the first kind that it can show: the widget, if it has them."""
        import ipywidgets as w

        self.shown = w.HTML(table(self.rows, alive=True))
        view = {"version_major": 2, "version_minor": 0, "model_id": self.shown.model_id}
        return {
            "application/vnd.jupyter.widget-view+json": view,
            "text/html": self._repr_html_(),
            "text/plain": repr(self),
        }
