"""Runtime: cache folder, device, precision, compilation, memory, and facts about the machine."""

import contextlib
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import torch

from kit.errors import KitError
from kit.files import load_cached, save_cached, sweep

__all__ = [
    "attention_kernels",
    "autocast",
    "cache_dir",
    "compiled",
    "cores",
    "device",
    "machine",
    "mix",
    "peak_memory",
    "precision",
    "random_state",
]

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
CUDNN_ATTENTION = True
"""Whether `attention_kernels` may put cuDNN's kernel first."""


def cache_dir() -> Path:
    """The folder for data and measurements: `$KIT_CACHE`; default: the user's cache folder.

    The first call removes what killed processes have left in it.
    """
    if chosen := os.environ.get("KIT_CACHE"):
        path = Path(chosen).expanduser()
    else:
        from platformdirs import user_cache_path

        path = user_cache_path("lm-transfer-kit")
    _sweep_once(path)
    return path


@cache
def _sweep_once(path: Path) -> None:
    sweep(path)


def device() -> torch.device:
    """The first of these that there is: a CUDA GPU, Apple's GPU (mps), the CPU. `$KIT_DEVICE`,
    which can only be "cpu", takes the CPU in any case."""
    if chosen := os.environ.get("KIT_DEVICE"):
        if chosen != "cpu":
            raise KitError(f'KIT_DEVICE={chosen!r} is unknown: give "cpu", or leave it out.')
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def cores(root: str | Path = "/sys/fs/cgroup") -> float:
    """Cores that this process may use: those of the machine, of its affinity, and of its
    container's quota, which may be a part of one (cgroup version 1 and 2: Binder, Docker).

    root: where the control groups are.
    """
    allowed = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    quotas = [float(len(allowed))]
    with contextlib.suppress(OSError, ValueError):
        quota, period = (Path(root) / "cpu.max").read_text().split()
        quotas.append(int(quota) / int(period))  # "max": no limit, a ValueError
    with contextlib.suppress(OSError, ValueError):
        quota, period = (
            int((Path(root) / "cpu" / f"cpu.cfs_{name}_us").read_text())
            for name in ("quota", "period")
        )
        quotas += [quota / period] if quota > 0 else []
    return min(quotas)


def mix(seed: int, n: int) -> int:
    """The seed of the n-th epoch or step, which differs from that of any other (seed, n)."""
    import numpy as np

    return int(np.random.SeedSequence([seed, n]).generate_state(1)[0])


@contextlib.contextmanager
def random_state(seed: int | None = None) -> Iterator[None]:
    """Context with a random state of its own: at its end torch's, numpy's and Python's global
    states are as they were before.

    seed: what torch's begins with; None: a copy of the caller's. The kit draws dropout and fresh
    values only in such a context, so that it never reseeds the user's random numbers. It draws
    nothing from numpy's and Python's states, but packages do (rich, when it is first imported).
    """
    import random

    import numpy as np

    kind = device().type
    devices = {"cpu": [], "mps": [0]}.get(kind)
    if devices is None:
        devices = [torch.cuda.current_device()]
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices, device_type=kind if devices else "cuda"):
            if seed is not None:
                torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


@contextlib.contextmanager
def autocast(name: str, on: torch.device):
    """Context: matrix products in precision `name`, "fp32" or "bf16"; parameters stay float32."""
    if name not in PRECISIONS:
        raise KitError(f"precision {name!r} is unknown: choose one of {list(PRECISIONS)}.")
    with torch.autocast(on.type, torch.bfloat16, enabled=name == "bf16"):
        yield


def attention_kernels(
    on: torch.device, *, fixed: bool
) -> Callable[[], contextlib.AbstractContextManager]:
    """A function that makes a context: the kernel of attention that is fastest on this device.

    cuDNN's is the fastest on NVIDIA's Hopper and later, but it plans anew for each shape, which
    takes longer than an update: it is taken first where all texts have one length (`fixed`), and
    last where they have not. On other devices torch chooses.
    """
    if on.type != "cuda" or torch.cuda.get_device_capability(on) < (9, 0):
        return contextlib.nullcontext
    from torch.nn.attention import SDPBackend, sdpa_kernel

    order = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    order.insert(0 if fixed and CUDNN_ATTENTION else 2, SDPBackend.CUDNN_ATTENTION)
    return partial(sdpa_kernel, order, set_priority=True)


def precision(on: torch.device | None = None) -> str:
    """The faster precision on this machine, "bf16" or "fp32": measured once, then stored.

    Many processors that support bf16 are slower with it, so a short training step is timed in
    both. The result is stored in `measurements/precision.json` in `cache_dir()`, because another
    choice in the next run would give the same seed other bits. `$KIT_PRECISION` sets it without
    measuring: "fp32" where memory is scarce, as on Binder, since bf16 on a CPU needs a third of a
    GB more (docs/LOG.md).
    """
    if chosen := os.environ.get("KIT_PRECISION"):
        if chosen not in PRECISIONS:
            raise KitError(f"KIT_PRECISION={chosen!r} is unknown: give one of {list(PRECISIONS)}.")
        return chosen
    on = on or device()
    return _precision(on.type)


@cache
def _precision(kind: str) -> str:
    if kind == "mps":
        return "fp32"
    key = f"{kind} {_processor(kind)} torch {torch.__version__} threads {torch.get_num_threads()}"
    path = cache_dir() / "measurements" / "precision.json"
    known = load_cached(path)
    known = known if isinstance(known, dict) else {}
    if known.get(key) not in PRECISIONS:
        # A GPU is judged by a layer that keeps all of it busy.
        size = {"width": 1024, "tokens": 8192} if kind == "cuda" else {}
        known[key] = _measure(torch.device(kind), **size)
        with contextlib.suppress(OSError):  # a read-only cache: measure again next time
            save_cached(path, known)
    return known[key]


@torch.inference_mode(False)
@torch.enable_grad()
def _measure(on: torch.device, width: int = 384, tokens: int = 448) -> str:
    """Time training steps of a small layer; "bf16" where it is more than 1.2 times as fast."""
    with random_state():
        layer = torch.nn.Sequential(
            torch.nn.Linear(width, 4 * width), torch.nn.GELU(), torch.nn.Linear(4 * width, width)
        ).to(on)
    x = torch.randn(tokens, width, generator=torch.Generator().manual_seed(0)).to(on)
    best = dict.fromkeys(PRECISIONS, float("inf"))
    for _ in range(5):
        for name in PRECISIONS:
            began = time.perf_counter()
            with autocast(name, on):
                y = layer(x)
            y.float().square().mean().backward()
            if on.type == "cuda":
                torch.cuda.synchronize()
            best[name] = min(best[name], time.perf_counter() - began)
    return "bf16" if best["bf16"] * 1.2 < best["fp32"] else "fp32"


@contextlib.contextmanager
def compiled(modules: Iterable[torch.nn.Module]) -> Iterator[None]:
    """Context in which these modules are compiled by `torch.compile`, for texts of any length.

    Parameters and their names do not change. The first calls take up to a minute. Raises
    KitError where no compiler is installed.
    """
    modules = list(modules)
    gpu = device().type == "cuda"
    needed = "triton" if gpu else os.environ.get("CXX", "cl" if os.name == "nt" else "g++")
    if modules and not (find_spec(needed) if gpu else shutil.which(needed)):
        raise KitError(
            f"compile=True needs {needed}, which is not here: install it, or leave compile out."
        )
    for module in modules:
        # A GPU's kernels for one shape are faster: the first shape has its own, and where others
        # come there is one for all of them.
        module.compile(dynamic=None if gpu else True)
    try:
        yield
    finally:
        for module in modules:
            module._compiled_call_impl = None  # as before `Module.compile`


def peak_memory() -> float:
    """Peak memory of this process so far, in MB; nan on Windows."""
    with contextlib.suppress(OSError):
        # Not ru_maxrss: on Linux it includes the peak of the process that started this one.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


def machine() -> dict:
    """Facts about this machine that belong to every measurement on it."""
    on = device()
    return {
        "processor": _processor(on.type),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": precision(on),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.system(),
    }


def _processor(kind: str) -> str:
    if kind == "cuda":
        return torch.cuda.get_device_name()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
