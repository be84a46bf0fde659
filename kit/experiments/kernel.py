"""A Jupyter kernel that runs cells, and faults that come while a cell runs."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty

__all__ = ["TOO_LONG", "Kernel"]

TOO_LONG = "TooLong"
"""The outcome of a cell that was interrupted for taking too long."""
KIT = str(Path(__file__).parent.parent)
KIT_NAMES = (KIT, KIT.replace(str(Path.home()), "~", 1))
"""The folder of the kit, as a traceback names it."""
PATIENCE = 60.0
"""Seconds that a cell has to end after it was interrupted for taking too long, and a kernel."""


class Kernel:
    """A kernel with its own environment; `run` executes a cell as a front end does."""

    def __init__(
        self,
        environment: dict[str, str],
        folder: Path,
        enter: Callable[[int], None] | None = None,
    ) -> None:
        """enter: puts a process, by its id, under a limit of memory."""
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=environment, cwd=str(folder))
        try:
            if enter:
                enter(self.manager.provisioner.pid)
            self.client = self.manager.client()
            self.client.start_channels()
            self.client.wait_for_ready(timeout=180)
        except BaseException:  # Ctrl-C while it starts: nobody else knows this kernel
            self.manager.shutdown_kernel(now=True)
            raise
        self.buttons: list[str] = []
        self.errors = ""
        self.in_kit = False
        """Whether the last error was raised by the kit, and not by a line of the cell itself."""
        self.draw = random.Random(0)

    def run(
        self, source: str, planned: list[tuple[float, Callable[[], None]]], seconds: float
    ) -> tuple[str, int]:
        """Execute a cell: "" or "NameOfError: message", and the number of faults that came.

        planned: (seconds after its start, fault). A cell that takes longer than `seconds` is
        interrupted and gives `TOO_LONG`; one that does not end then gives "Hung".
        """
        message = self.client.execute(source)
        began, error, done, interrupted = time.monotonic(), "", 0, None
        faults = list(planned)
        idle = False
        while not idle or faults:
            now = time.monotonic() - began
            if faults and now > faults[0][0]:
                faults.pop(0)[1]()
                done += 1
            if not self.manager.is_alive():
                return "DeadKernel", done
            if interrupted is None and now > seconds:
                self.manager.interrupt_kernel()
                interrupted = now
            if interrupted is not None and now > interrupted + PATIENCE:
                self.kill()
                return "Hung", done
            if idle and now > seconds:
                break
            reply = self._next_reply()
            if reply is None:
                continue
            mine = reply["parent_header"].get("msg_id") == message
            if reply["msg_type"] == "error" and mine:
                content = reply["content"]
                error = f"{content['ename']}: {content['evalue']}"
                text = "".join(content["traceback"])
                self.in_kit = any(name in text for name in KIT_NAMES)
            if reply["msg_type"] == "status" and mine:
                idle = idle or reply["content"]["execution_state"] == "idle"
        if interrupted is not None and error.startswith("KeyboardInterrupt"):
            return f"{TOO_LONG}: more than {seconds:g} seconds", done
        return error, done

    def tracebacks(self) -> list[str]:
        """The last lines of the kit's tracebacks beside the cells, of threads and of buttons, since
        the last call; without those of Ctrl-C."""
        text, self.errors = self.errors, ""
        parts = (part.strip() for part in text.split("Traceback (most recent call last)")[1:])
        return [
            part[-300:]
            for part in parts
            if "KeyboardInterrupt" not in part and any(name in part for name in KIT_NAMES)
        ]

    def interrupt(self) -> None:
        """What the notebook's stop button does."""
        self.manager.interrupt_kernel()

    def kill(self) -> None:
        """End the kernel with SIGKILL, as a system without memory does."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def end(self) -> None:
        """End the kernel as the notebook's menu does; on a busy machine that may take long."""
        self.client.stop_channels()
        self.manager.shutdown_wait_time = PATIENCE
        self.manager.shutdown_kernel()

    def click(self) -> None:
        """Click one of the buttons that the cells have shown."""
        if not self.buttons:
            return
        content = {"event": "click"}
        data = {"method": "custom", "content": content}
        comm = {"comm_id": self.draw.choice(self.buttons), "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", comm))

    def _next_reply(self) -> dict | None:
        """The kernel's next message to all front ends; None after a tenth of a second without."""
        try:
            reply = self.client.get_iopub_msg(timeout=0.1)
        except Empty:
            return None
        content = reply["content"]
        if reply["msg_type"] == "comm_open":
            state = content["data"].get("state", {})
            if state.get("_model_name") == "ButtonModel":
                self.buttons.append(content["comm_id"])
        if reply["msg_type"] == "stream" and content["name"] == "stderr":
            self.errors += content["text"]
        return reply
