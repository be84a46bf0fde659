"""Interrupts: Ctrl-C waits for the end of what must be whole, above all of an import.

A library whose import was interrupted half-way often cannot be imported again in the same process:
its extension modules refuse a second start. `hold_imports`, which `import kit` calls, lets Ctrl-C
wait until an installed module is whole. A user's own modules are interrupted as ever.
"""

import signal
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType

__all__ = ["held", "hold_imports"]

LIBRARY = sysconfig.get_path("stdlib")
INSTALLED = ("site-packages", "dist-packages")


@contextmanager
def held(before_raise: Callable[[], object] | None = None) -> Iterator[None]:
    """Context in which Ctrl-C waits: it is raised at the end. Only the main thread hears Ctrl-C.

    before_raise: is called first where there was one.
    """
    main = threading.current_thread() is threading.main_thread()
    previous = signal.getsignal(signal.SIGINT) if main else None
    if not callable(previous):  # ignored, or the system's own: the process ends
        yield
        return
    waiting: list[tuple] = []
    signal.signal(signal.SIGINT, lambda *signal_and_frame: waiting.append(signal_and_frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if waiting:
            if before_raise:
                before_raise()
            previous(*waiting[0])


def hold_imports() -> None:
    """Let Ctrl-C wait for the end of each import of an installed module or of the kit; once."""
    if not any(isinstance(finder, HeldImports) for finder in sys.meta_path):
        # Before the finder of files, and after those that want to see a module first.
        sys.meta_path.insert(sys.meta_path.index(PathFinder), HeldImports())


class HeldImports(MetaPathFinder):
    """Finds modules as Python's finder of files does, and holds Ctrl-C while a module runs.

    Python drops a module whose execution ends in an exception, also where that is the Ctrl-C that
    had to wait. Such a module is whole: `finished` keeps it for the next import of its name.
    """

    def __init__(self) -> None:
        self.finished: dict[str, ModuleType] = {}
        self.importing = False

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec; None where nothing is to be held."""
        if name in self.finished:
            return spec_from_loader(name, FinishedModule(self.finished, name))
        if self.importing or threading.current_thread() is not threading.main_thread():
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and _installed(spec) and hasattr(spec.loader, "exec_module"):
            self._hold(spec)
        return spec

    def _hold(self, spec: ModuleSpec) -> None:
        """Let Ctrl-C wait while the loader of this spec runs its module."""
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            def keep() -> None:
                self.finished[spec.name] = sys.modules.get(spec.name, module)

            done = []
            with held(lambda: done and keep()):
                self.importing = True
                try:
                    execute(module)
                    done.append(module)
                finally:
                    self.importing = False

        spec.loader.exec_module = exec_module


class FinishedModule(Loader):
    """The loader of a module that has run already."""

    def __init__(self, finished: dict[str, ModuleType], name: str) -> None:
        self.finished = finished
        self.module = finished[name]
        self.spec = self.module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module as it is."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """It has run: only its own spec is put back, which the import system has replaced."""
        module.__spec__ = self.spec
        self.finished.pop(self.spec.name, None)


def _installed(spec: ModuleSpec) -> bool:
    """Whether a module belongs to the kit, to Python, or to an installed package."""
    origin = spec.origin or ""
    installed = any(part in origin for part in INSTALLED) or origin.startswith(LIBRARY)
    return installed or spec.name.partition(".")[0] == "kit"
