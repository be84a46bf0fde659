"""The controls of the widget for the user's own data, and how they are laid out."""

from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

from kit.display_names import display_name
from kit.errors import KitError, saving
from kit.files import temporary_folder
from kit.tasks.own_data import KINDS
from kit.tasks.translation import LANGUAGES, OTHER
from kit.widgets.base.job import Job, JobWidget

__all__ = ["Controls", "existing", "unused", "uploaded"]

KIND_NAMES = {
    "texts with classes": "classes",
    "words with tags": "tags",
    "pairs of texts": "pairs",
    "articles with headlines": "headlines",
}
LABELS = (50, 100, 200, 400, 800, 1600)
QUESTIONS = {
    "classes": ("2 · The text is in", "the class in"),
    "tags": ("2 · The words are in", "the tags in"),
    "pairs": ("2 · The text is in", "its translation in"),
    "headlines": ("2 · The article is in", "its headline in"),
}
"""Kind of data -> what the two menus of columns are called."""
NO_GROUPS = ("no column", None)
"""What the menu of groups offers beside the columns of the file."""
ACCEPT = ".csv,.tsv,.json,.jsonl,.ndjson,.parquet,.conll,.bio,.iob"


def uploaded(value) -> tuple[str, bytes]:
    """The name and the content of the file in a FileUpload's value, of ipywidgets 7 or 8.

    7: {name: {"content": bytes, ...}}. 8: ({"name": name, "content": memoryview, ...},).
    """
    if not value:
        raise KitError("nothing was uploaded: choose a .csv, .jsonl or .parquet file.")
    if isinstance(value, Mapping):
        name, file = list(value.items())[-1]
    else:
        name, file = value[-1]["name"], value[-1]
    return name, bytes(file["content"])


class Controls(JobWidget):
    """The base of `OwnData`: its controls, and what they show. A subclass has `_work`."""

    def __init__(self, kind: str) -> None:
        self.space = temporary_folder()
        self.folder = Path(self.space.name)
        """Where uploaded files are; it goes with the widget."""
        self._listening = True
        self._build()
        self.kind.value = kind
        self._show_kind(kind)

    def _build(self) -> None:
        """Make the controls, and lay them out."""
        import ipywidgets as w

        wide = {"style": {"description_width": "initial"}}
        box = {"continuous_update": False} | wide
        self.kind = w.ToggleButtons(
            options=[(display_name(name), kind) for name, kind in KIND_NAMES.items()],
            value="classes",
        )
        self.kind.style.button_width = "200px"
        self.upload = w.FileUpload(accept=ACCEPT, description="1 · Upload a file")
        self.path_box = w.Text(placeholder="or write its path", **box)
        self.text = w.Dropdown(options=(), **wide)
        self.label = w.Dropdown(options=(), **wide)
        languages = [(display_name(name), code) for code, name in LANGUAGES.items()]
        languages.append(("another language", OTHER))
        self.language = w.Dropdown(options=languages, value="it", description="language", **wide)
        self.keep = w.Checkbox(value=True, description="leave out bad rows", indent=False)
        self.labels = w.Dropdown(description="labels, at most", options=LABELS, value=200, **wide)
        self.source = w.Dropdown(description="source", options=KINDS["classes"].sources, **wide)
        self.control = w.Checkbox(value=True, description="also from scratch", indent=False)
        self.name = w.Text(value="own-model", description="4 · Save as", **box)
        self.save_button = w.Button(description="Save", icon="save")
        self._build_report()
        self.other = w.FileUpload(accept=ACCEPT, description="5 · Predict a file")
        self.other_path = w.Text(placeholder="or write its path", **box)
        self.ask = w.Text(description="Ask it:", **box)
        self.status, self.report_view, self.saved_view = w.HTML(), w.HTML(), w.HTML()
        self.predicted_view, self.answer, self.picture = w.HTML(), w.HTML(), w.VBox([])
        locks = (self.kind, self.upload, self.path_box, self.text, self.label, self.language)
        locks += (self.keep, self.labels, self.source, self.control, self.name, self.save_button)
        locks += (self.other, self.other_path, self.page_button, self.compare)
        self.job = Job(self._work, self._say, "3 · Train", width="130px", bar="160px", locks=locks)
        self.job.button.disabled = True
        widths = {self.upload: "190px", self.other: "190px", self.path_box: "300px"}
        widths |= {self.other_path: "250px", self.name: "280px", self.save_button: "90px"}
        widths |= {
            self.page_button: "100px",
            self.ask: "820px",
            self.keep: "170px",
            self.control: "160px",
        }
        for control, width in widths.items():
            control.layout.width = width
        self.view = w.VBox(self._rows())

    def _rows(self) -> list:
        """The controls and what they show, from top to bottom."""
        return [
            self.kind,
            _row(self.upload, self.path_box, self.keep),
            _row(self.text, self.label, self.language),
            _row(self.labels, self.source, self.control, *self.job.row),
            _row(self.page_button, self.compare),
            self.status,
            _row(_scrolled(self.report_view), self.picture),
            _scrolled(self.page_view),
            _row(self.name, self.save_button, self.other, self.other_path),
            self.saved_view,
            self.predicted_view,
            self.ask,
            self.answer,
        ]

    def _build_report(self) -> None:
        """Make the controls of the report."""
        import ipywidgets as w

        self.page_button = w.Button(description="Report", icon="file-text-o", disabled=True)
        self.page_button.tooltip = "leaks, sources, doubted labels, a learning curve: one page"
        style = {"description_width": "initial"}
        self.compare = w.Dropdown(options=[NO_GROUPS], description="compare groups in", style=style)
        self.page_view = w.HTML()

    @contextmanager
    def _quiet(self):
        """Change controls without calling what observes them."""
        self._listening = False
        try:
            yield
        finally:
            self._listening = True

    def _show_kind(self, kind: str) -> None:
        """Ask for what this kind of data needs."""
        self.text.description, self.label.description = QUESTIONS[kind]
        self.language.layout.display = "" if kind == "pairs" else "none"
        self.compare.layout.display = "" if kind == "classes" else "none"
        if dict(self.source.options) != KINDS[kind].sources:
            self.source.options = KINDS[kind].sources

    def _offer_groups(self) -> None:
        """Offer the columns that are neither the text nor the class; a choice that is still there
        stays."""
        taken = (self.text.value, self.label.value)
        columns = [name for name in self.text.options if name not in taken]
        before = self.compare.value
        self.compare.options = [NO_GROUPS, *((name, name) for name in columns)]
        self.compare.value = before if before in columns else None

    def _stored(self, value) -> Path:
        """An uploaded file, written to a folder of this widget."""
        name, content = uploaded(value)
        path = Path(self.folder, Path(name).name or "file")
        with saving(name, path):
            path.write_bytes(content)
        return path


def existing(written: str) -> Path:
    """The file with this path; KitError where there is none."""
    path = Path(written.strip()).expanduser()
    if not path.is_file():
        raise KitError(f"{path} is no file (this is {Path.cwd()}): check its path, or upload it.")
    return path


def unused(path: Path) -> Path:
    """The path, or the first of name-2.csv, name-3.csv, ... that is not there."""
    names = [path, *(path.with_stem(f"{path.stem}-{i}") for i in range(2, 1000))]
    return next(name for name in names if not name.exists())


def _row(*controls):
    """Controls in a row, which breaks where the page is narrow."""
    import ipywidgets as w

    return w.HBox(list(controls), layout={"flex_flow": "row wrap"})


def _scrolled(view):
    """A view of limited height, with a scroll bar where it is longer."""
    import ipywidgets as w

    view.layout.width = "100%"
    layout = {"max_height": "330px", "overflow": "auto", "flex": "1 1 360px"}
    return w.Box([view], layout=layout)
