"""A table of the machine that runs this notebook, and whether widgets work there."""

import os
import platform

from kit import runtime
from kit.display_names import display_name
from kit.html import FONT, INK, PAPER, escape
from kit.memory import memory_limit
from kit.widgets.base.static import show

__all__ = ["Health", "rows", "table"]

HOSTS = {
    "COLAB_RELEASE_TAG": "Colab",
    "BINDER_SERVICE_HOST": "Binder",
    "JUPYTERHUB_USER": "JupyterHub",
}
"""Environment variable -> the host that sets it."""

WIDGETS = {
    True: "✓ alive",
    False: "✗ not here: figures stand still. In Jupyter, reload the page and run this cell again",
}


def rows() -> dict[str, str]:
    """Property of this machine -> its value. The first call on a machine takes a second."""
    import torch

    device = runtime.device()
    hosts = [name for variable, name in HOSTS.items() if variable in os.environ]
    return {
        "host": hosts[0] if hosts else "this computer",
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "GPU": torch.cuda.get_device_name()
        if device.type == "cuda"
        else {"mps": "Apple's"}.get(device.type, "none: the CPU is enough"),
        "precision": runtime.precision(device),
        "memory": memory(),
    }


def memory() -> str:
    """The memory that this process may use: that of the machine, or the limit of its container."""
    limit = memory_limit()
    if limit is None and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):  # macOS
        limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{limit / 2**30:.1f} GiB" if limit else "unknown"


def table(facts: dict[str, str], alive: bool) -> str:
    """The properties as an HTML table, one column each; the last column is about widgets."""
    cells = "".join(
        f'<td style="text-align:left;padding:.3em .9em"><b>{escape(display_name(name))}</b><br>'
        f"{escape(value)}</td>"
        for name, value in (facts | {"widgets": WIDGETS[alive]}).items()
    )
    return (
        f'<table style="font:14px {FONT};color:{INK};background:{PAPER};border-radius:.4em">'
        f"<tr>{cells}</tr></table>"
    )


class Health:
    """The table: a widget where widgets work, else plain HTML that says that they do not."""

    def __init__(self) -> None:
        self.rows = rows()

    def __repr__(self) -> str:
        return " · ".join(f"{display_name(name)} {value}" for name, value in self.rows.items())

    def _repr_html_(self) -> str:
        return table(self.rows, alive=False)

    def _repr_mimebundle_(self, **_) -> dict:
        """The front end shows the first kind that it can: the widget, where widgets work."""
        import ipywidgets as w

        self.shown = w.HTML(table(self.rows, alive=True))
        view = {"version_major": 2, "version_minor": 0, "model_id": self.shown.model_id}
        return {
            "application/vnd.jupyter.widget-view+json": view,
            "text/html": self._repr_html_(),
            "text/plain": repr(self),
        }

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        show(self.shown, bundle)
