"""The training of docs/recipes/with_ray.py on a node of its own, as a command: see test_ray.

    python -m tests.ray_training FOLDER

Prints `up` when the node is there. Writes FOLDER/run.json.
"""

import importlib.util
import sys
from pathlib import Path

import ray

PAGE = Path(__file__).parent.parent / "docs" / "recipes" / "with_ray.py"


def main(folder: str) -> None:
    ray.init(num_cpus=3, include_dashboard=False, _node_ip_address="127.0.0.1")
    print("up", flush=True)
    spec = importlib.util.spec_from_file_location("__main__", PAGE)  # sent to workers as it is
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    more = {"rate": 1e-2, "precision": "fp32", "batch_size": 4, "steps": 10}
    page.start(f"{folder}/run.json", f"{folder}/storage", **more)
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
