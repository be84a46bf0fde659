"""Run lessons as Binder would: one core, 2 GB of memory, no network. Seconds and peak memory.

python tests/bench/lessons.py             # every lesson, written to kit/recorded/lessons.json
python tests/bench/lessons.py 00 03       # some of them; the others keep their rows

On Linux. The limit is on the kernel's own memory (RLIMIT_DATA): 2 GB less 150 MB for Binder's
server. The network is a namespace of its own, with nothing in it.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from kit import record, runtime
from kit.errors import KitError

ROOT = Path(__file__).parents[2]
FILE = ROOT / "kit/recorded/lessons.json"
LIMIT = 2 * 10**9 - 150 * 10**6  # bytes
LAST = """
import json, resource
from kit.runtime import peak_memory
use = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"peak, MB": round(peak_memory()), "cpu": round(use.ru_utime + use.ru_stime, 1)}))
"""


def limited(path: Path, seconds: int = 900) -> dict:
    """Run one lesson in a process of its own; raises where a cell fails."""
    begin = [sys.executable, __file__, "--inside", str(path)]
    out = subprocess.check_output(["unshare", "-rn", *begin], text=True, timeout=seconds)
    return json.loads(out.splitlines()[-1])


def inside(path: str) -> dict:
    """Run it here, where the limits hold from now on, for the kernel too."""
    import resource

    import nbformat
    from jupyter_client import AsyncKernelManager
    from nbclient import NotebookClient

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(LAST))
    # Files as sockets: in a namespace without a network there is no 127.0.0.1 either.
    kernel = AsyncKernelManager(transport="ipc", kernel_name="python3")
    began = time.perf_counter()
    NotebookClient(notebook, km=kernel, timeout=300).execute()
    seconds = round(time.perf_counter() - began, 1)
    return {"seconds": seconds, **json.loads(notebook.cells[-1].outputs[0].text)}


def main(wanted: list[str]) -> None:
    try:
        rows = {row["lesson"]: row for row in record.recorded("lessons")["rows"]}
    except KitError:
        rows = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if wanted and path.stem[:2] not in wanted:
            continue
        rows[path.stem] = {"lesson": path.stem} | limited(path)
        print(rows[path.stem], flush=True)
        what = {
            "what": "every lesson in one process: one core, 2 GB, no network; seconds, CPU seconds",
            "command": "python tests/bench/lessons.py",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            "rows": [rows[name] for name in sorted(rows)],
        }
        runtime.write_json(FILE, what)


if __name__ == "__main__":
    if "--inside" in sys.argv:
        print(json.dumps(inside(sys.argv[-1])))
    else:
        main(sys.argv[1:])
