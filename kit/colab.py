"""Colab: install the packages that the kit needs and Colab lacks, without changing any other.

Only the standard library is imported here, because other packages may not be installed yet.
"""

import re
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, requires, version

__all__ = ["install", "missing"]

ELSEWHERE = {"jupyterlab"}
"""Packages that are not needed: Colab has a notebook interface of its own."""


def missing() -> list[str]:
    """The requirements of the kit and of its extra `huggingface` that are not installed."""
    requirements = [r.partition(";") for r in requires("lm-transfer-kit")]
    wanted = [
        r for r, _, marker in requirements if "extra" not in marker or "huggingface" in marker
    ]
    return [r.strip() for r in wanted if not _installed(r)]


def _installed(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement)[0]
    try:
        return name in ELSEWHERE or bool(version(name))
    except PackageNotFoundError:
        return False


def install() -> None:
    """Install the missing packages, and switch on third-party widgets in Colab.

    Installed packages keep their versions: Colab has imported numpy, pandas and torch before the
    first cell, and another version would need a restart of the kernel.
    """
    requirements = missing()
    if requirements:
        _pip(requirements)
    if "google.colab" in sys.modules:
        import_module("google.colab.output").enable_custom_widget_manager()


def _pip(requirements: list[str]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.writelines(f"{d.name}=={d.version}\n" for d in distributions())
        constraints.flush()
        pip = [sys.executable, "-m", "pip", "install", "-q", "-c", constraints.name, *requirements]
        subprocess.run(pip, check=True)
