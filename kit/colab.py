"""On Colab: the kit's packages that are missing there, and not a change to any that is there.

Only the standard library is imported here: whatever else the kit needs may not be there yet.
"""

import re
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, requires, version

__all__ = ["install", "missing"]

ELSEWHERE = {"jupyterlab"}
"""Colab is its own front end."""


def missing() -> list[str]:
    """The requirements of the kit, and of its extra `huggingface`, that nothing here meets."""
    wanted = [r.partition(";") for r in requires("lm-transfer-kit")]
    return [r.strip() for r, _, when in wanted if "dev" not in when and not _here(r)]


def _here(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement)[0]
    try:
        return name in ELSEWHERE or bool(version(name))
    except PackageNotFoundError:
        return False


def install() -> None:
    """Installs what is missing. Every package that is here keeps its version: numpy, pandas and
    torch are in use before the first cell, and another version would force a restart. Then Colab
    is asked to let widgets live that are not its own: its plotly does not ask."""
    if new := missing():
        _pip(new)
    if "google.colab" in sys.modules:
        import_module("google.colab.output").enable_custom_widget_manager()


def _pip(new: list[str]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as kept:
        kept.writelines(f"{d.name}=={d.version}\n" for d in distributions())
        kept.flush()
        pip = [sys.executable, "-m", "pip", "install", "-q", "-c", kept.name, *new]
        subprocess.run(pip, check=True)
