"""Real JupyterLab in a real browser, for tests of lessons and widgets.

    with lab(folder) as page:
        page.open("00_see_it_work.ipynb")
        page.run_all(seconds=60)
        page.picture("see_it_work")

Run as a command it finds a Chromium for the tests, or installs one.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.parse import urlsplit

import edition
import lesson_runs
import nbformat
from nbformat import NotebookNode
from playwright.sync_api import Locator, Page, Route, WebSocket, sync_playwright

__all__ = ["MEASURED", "Lab", "chromium", "lab", "lesson"]

PICTURES = Path(__file__).parent.parent / "build" / "pictures"
KERNEL = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel?.status"
MEASURED: list[tuple[str, float]] = []
"""What was measured since a test began: (what, value); the tests' summary prints it."""
RUN_ALL = """() => {
    window.ran = false;
    window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => window.ran = true);
}"""
FAILURES = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .flatMap(cell => cell.model.type === 'code' ? cell.model.outputs.toJSON() : [])
    .filter(output => output.output_type === 'error')
    .map(output => output.ename + ': ' + output.evalue)"""
NOTEBOOK = "() => JSON.stringify(window.jupyterapp.shell.currentWidget.context.model)"
ASK = """async code => {
    const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
    const request = kernel.requestExecute({ code, store_history: false });
    let printed = '', failure = null;
    request.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') printed += content.text;
        if (header.msg_type === 'error') failure = `${content.ename}: ${content.evalue}`;
    };
    await request.done;
    if (failure) throw new Error(failure);
    return printed;
}"""
# Scroll to each cell in turn: Lab draws a cell's output once it is near.
SCROLL_THROUGH = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (const cell of document.querySelectorAll('.jp-Notebook .jp-Cell')) {
        cell.scrollIntoView({ block: 'center' });
        await frame();
        await frame();
    }
}"""
# Milliseconds from the key to the moment when plotly has drawn again.
STOPWATCH = """plot => {
    window.delays = [];
    let pressed = null;
    document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
    plot.on('plotly_afterplot', () => {
        if (pressed !== null) window.delays.push(performance.now() - pressed);
        pressed = null;
    });
}"""

# Milliseconds from a menu, a slider or a toggle to the first change elsewhere in the outputs.
WATCH = """(() => {
    window.answered = [];
    let pressed = null, control = null;
    const touched = event => {
        const found = event.target.closest?.('.jp-OutputArea .jupyter-widgets.widget-inline-hbox, '
            + '.jp-OutputArea .widget-toggle-buttons');
        const button = event.target.closest?.('button');
        if (!found || event.type === 'click' && !button) return;
        [pressed, control] = [performance.now(), found];
    };
    for (const kind of ['change', 'keydown', 'click'])
        document.addEventListener(kind, touched, true);
    new MutationObserver(changes => {
        const seen = node => node.nodeType === 1 ? node : node.parentElement;
        const other = change => seen(change.target)?.closest('.jp-OutputArea')
            && !control.contains(change.target);
        if (pressed === null || !changes.some(other)) return;
        window.answered.push(performance.now() - pressed);
        pressed = null;
    }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
})()"""


@dataclass
class Lab:
    """One page of a running JupyterLab, and what went wrong in it."""

    page: Page
    address: str
    """Of the server."""
    below: str
    """Of the notebooks, as a path below the server's."""
    token: str
    errors: list[str] = field(default_factory=list)
    """Uncaught errors of the page's scripts."""
    strangers: list[str] = field(default_factory=list)
    """Requests to other hosts; none gets through."""
    received: int = 0
    """Bytes that came over the kernels' channels."""
    sent: int = 0
    """Bytes that the page sent over them."""

    def open(self, notebook: str, seconds: float = 60) -> None:
        """Show a notebook of the folder, by its name, and wait for its kernel."""
        self.page.goto(f"{self.address}/lab/tree/{self.below}{notebook}?token={self.token}&reset")
        self.wait_for_kernel(seconds)

    def wait_for_kernel(self, seconds: float = 60) -> None:
        """Wait until the kernel of the notebook in front has nothing to do."""
        self.page.wait_for_function(f"{KERNEL} === 'idle'", timeout=seconds * 1000)

    def run_all(self, seconds: float = 60) -> float:
        """Run every cell; the seconds that it took. A cell that raises is an error here."""
        start = time.perf_counter()
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function(
            f"window.ran && {KERNEL} === 'idle'", timeout=seconds * 1000, polling=50
        )
        took = time.perf_counter() - start
        failures = self.page.evaluate(FAILURES)
        assert not failures, failures
        MEASURED.append(("run all, s", took))
        return took

    def ask(self, code: str) -> str:
        """What the kernel of the notebook in front prints for the code."""
        return self.page.evaluate(ASK, code)

    def executed(self) -> NotebookNode:
        """The notebook in front, with its outputs."""
        return nbformat.reads(self.page.evaluate(NOTEBOOK), 4)

    def delay(self, handle: Locator, plot: Locator, presses: int = 20) -> float:
        """Median milliseconds from an arrow key on a slider's handle to the plot drawn again."""
        plot.evaluate(STOPWATCH)
        handle.focus()
        for i in range(presses):
            handle.press("ArrowRight" if i < presses / 2 else "ArrowLeft")
            self.page.wait_for_function(f"window.delays.length > {i}", timeout=5000)
        return self.delays()

    def delays(self) -> float:
        """The median of what the stopwatch has taken, in ms."""
        return noted("control to plot", self.page.evaluate("window.delays"))

    def answers(self) -> None:
        """Note how soon what was touched since the page was opened has changed something."""
        if taken := self.page.evaluate("window.answered"):
            noted(f"{len(taken)} controls to a change", taken)

    def picture(self, name: str) -> None:
        """Save what the page shows as build/pictures/NAME.png."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def see(self, plot: Locator, condition: str, seconds: float = 60) -> None:
        """Wait until a condition on a plot's `data` and `layout` holds; a plot that is not drawn
        yet has neither."""
        values = "const [data, layout] = [plot._fullData, plot._fullLayout];"
        self.page.wait_for_function(
            f"plot => {{ {values} return Boolean(data?.length) && ({condition}) }}",
            arg=plot.element_handle(),
            timeout=seconds * 1000,
        )

    def look(self, part: Locator, name: str, block: str = "center") -> None:
        """Scroll to a part of the page, and save what the page shows then."""
        part.evaluate(f"part => part.scrollIntoView({{ block: '{block}' }})")
        self.page.wait_for_timeout(400)
        self.picture(name)

    def _count(self, received: int, sent: int) -> None:
        self.received += received
        self.sent += sent

    def watch(self) -> None:
        """Note every error of the page, and stop and note every request to another host."""

        def only_home(route: Route) -> None:
            if urlsplit(route.request.url).netloc == urlsplit(self.address).netloc:
                route.continue_()
            else:
                self.strangers.append(route.request.url)
                route.abort()

        def count(channel: WebSocket) -> None:
            channel.on("framereceived", lambda frame: self._count(len(frame), 0))
            channel.on("framesent", lambda frame: self._count(0, len(frame)))

        self.page.on("websocket", count)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.context.route("**/*", only_home)
        self.page.add_init_script(WATCH)


def noted(what: str, taken: list[float]) -> float:
    """Note the median and the 95th percentile of milliseconds; the median."""
    taken = sorted(taken)
    MEASURED.append((f"{what}, median ms", statistics.median(taken)))
    MEASURED.append((f"{what}, 95th percentile", taken[int(0.95 * (len(taken) - 1) + 0.5)]))
    return statistics.median(taken)


@contextmanager
def lab(folder: Path, chosen: Path | None = None) -> Iterator[Lab]:
    """JupyterLab on a folder, in Chromium; at the end nothing must have gone wrong in the page.

    chosen: a folder of settings to begin with; such a server is the test's own, and ends with it.
    Without one, the tests of a process share a server.
    """
    with ExitStack() as stack, sync_playwright() as playwright:
        if chosen:
            (address, token), below = stack.enter_context(server(folder, chosen)), ""
        else:
            (address, token), below = shared_server(folder.parent), f"{folder.name}/"
            stack.callback(end_kernels, address, token)
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(120_000)  # two cores may be shared by many tests
        shown = Lab(page, address, below, token)
        shown.watch()
        yield shown
        shown.answers()
        browser.close()
    assert not shown.errors, shown.errors
    assert not shown.strangers, shown.strangers


@contextmanager
def lesson(path: Path, folder: Path, seconds: float = 900) -> Iterator[Lab]:
    """A copy of a lesson in the folder (Lab saves what it shows), run in a kernel with no more than
    Binder gives (tests/kernels), every output drawn."""
    committed = nbformat.read(path, 4)
    committed.metadata["kernelspec"] = {"name": "limited", "display_name": "As on Binder"}
    nbformat.write(committed, folder / path.name)
    with lab(folder) as shown:
        shown.open(path.name)
        shown.run_all(seconds)
        MEASURED.append(("peak", lesson_runs.peak(int(shown.ask("import os; print(os.getpid())")))))
        executed = shown.executed()
        lesson_runs.compare(committed, executed)
        lesson_runs.keep(path, executed, shown.ask(edition.question(executed)))
        shown.page.evaluate(SCROLL_THROUGH)
        yield shown


SERVERS = ExitStack()
"""The servers that tests share; conftest.py closes it at the end."""


@cache
def shared_server(folder: Path) -> tuple[str, str]:
    """The address and the token of this process's server on a folder."""
    return SERVERS.enter_context(server(folder))


def end_kernels(address: str, token: str) -> None:
    """End what a test has left running on the shared server."""
    headers = {"Authorization": f"token {token}"}
    request = urllib.request.Request(f"{address}/api/sessions", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        sessions = json.load(answer)
    for session in sessions:
        url = f"{address}/api/sessions/{session['id']}"
        request = urllib.request.Request(url, headers=headers, method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()


@contextmanager
def server(folder: Path, chosen: Path | None = None) -> Iterator[tuple[str, str]]:
    """A JupyterLab server on a free port, with settings of its own: its address and token."""
    token = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as own,
        (Path(own) / "log").open("w") as log,
    ):
        process = subprocess.Popen(
            command(folder, port, token),
            env=os.environ | settings(Path(own), chosen),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api", process, Path(log.name))
            yield f"http://127.0.0.1:{port}", token
        finally:
            end(process)


def command(folder: Path, port: int, token: str) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--port-retries=0", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"),
    ]


def settings(own: Path, chosen: Path | None = None) -> dict[str, str]:
    """The environment that keeps a server away from the user's own Jupyter; no news pop-up."""
    news = own / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    if chosen:
        shutil.copytree(chosen, own / "settings")
    news.parent.mkdir(parents=True, exist_ok=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    return {
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(own / "ipython"),
    }


def wait_for(address: str, process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


def end(process: subprocess.Popen, seconds: float = 10) -> None:
    """End the server's process group: politely, so that it ends its kernels, or else by force."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended by itself
    process.wait()


def chromium() -> str | None:
    """$KIT_CHROMIUM, or a Chromium or Chrome on the path; None leaves it to playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    here = (os.environ.get("KIT_CHROMIUM"), *map(shutil.which, names))
    return next(filter(None, here), None)


def install() -> None:
    """Put a Chromium in place unless there is one."""
    if chromium():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the tests ...", flush=True)
        packages = ["--no-install-recommends", "chromium", "fonts-liberation"]
        for step in (["update"], ["install", "-y", *packages]):
            subprocess.run(["apt-get", "-qq", *step], check=True, stdout=subprocess.DEVNULL)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    install()
