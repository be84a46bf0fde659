"""A slow laptop on a slow network, for the browser tests.

`KIT_SLOW=1` (`make slow`) lets every browser test meet it: Chromium with its processor throttled
6 ×, 10 Mbit/s with 150 ms of delay, and two processes that keep both cores busy. Time limits grow.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

__all__ = ["PATIENCE", "SLOW", "busy_cores", "throttle"]

SLOW = os.environ.get("KIT_SLOW") == "1"
PATIENCE = 8 if SLOW else 1
"""What a time limit is multiplied by."""
PROCESSOR = 6
NETWORK = {
    "offline": False,
    "latency": 150,  # ms
    "downloadThroughput": 10e6 / 8,  # bytes a second
    "uploadThroughput": 10e6 / 8,
}
if SLOW:
    expect.set_options(timeout=60_000)


def throttle(page: Page) -> None:
    """Slow a page's processor and network down, by the browser's own developer protocol."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": PROCESSOR})
    protocol.send("Network.enable")
    protocol.send("Network.emulateNetworkConditions", NETWORK)


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy with a process of its own; nothing where the tests are not `SLOW`."""
    count = os.cpu_count() if SLOW else 0
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
