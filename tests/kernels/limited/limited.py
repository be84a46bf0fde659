"""A kernel with what Binder gives: one core, 2 GB less 150 MB for the server, no network.

The tests run every lesson in it (conftest.py). One core and the memory: on Linux alone. Its
environment, in kernel.json, is that of binder/start.
"""

import os
import sys

LIMIT = 2 * 10**9 - 150 * 10**6  # bytes of its own memory
HOME = {"127.0.0.1", "localhost", "::1", "", None}


def limit() -> None:
    """From here on this process, and what it starts, has no more than that."""
    import resource

    cores = sorted(os.sched_getaffinity(0))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    os.sched_setaffinity(0, {cores[worker % len(cores)]})
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, most))


def offline(event: str, given: tuple) -> None:
    """Refuse what asks for another host: its name, or a connection."""
    if event == "socket.connect" and isinstance(given[1], tuple):
        host = given[1][0]
    elif event == "socket.getaddrinfo":
        host = given[0]
    else:
        return
    if host not in HOME:
        raise OSError(f"there is no network here, and a lesson asks for {host}")


if __name__ == "__main__":
    if sys.platform == "linux":
        limit()
    sys.addaudithook(offline)
    sys.path.pop(0)  # the lessons see the kit, not the tests
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
