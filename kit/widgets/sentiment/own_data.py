"""The user's own data in three steps: upload a file, choose its columns, train a classifier."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from kit import sources
from kit.data import own
from kit.data.own import Column
from kit.data.own.readers import reader
from kit.errors import KitError
from kit.experiment import Experiment, prepare
from kit.files import temporary_folder
from kit.html import note
from kit.tasks.classification import ClassificationTask
from kit.widgets.base.job import Job, JobWidget

__all__ = ["OwnData", "guess", "uploaded"]

LABELS = (50, 100, 200, 400, 800, 1600)
SOURCES = {"small and fast": "transformer_encoder", "MiniLM, better and slower": "minilm"}
COLUMNS = {"text": Column("text"), "label": Column("class")}
FIRST_ROWS = 200
"""Rows that are read to guess the columns."""
TEST_TEXTS = 1000
"""Test texts that are scored, at most."""
MOST_CLASSES = 100


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


def guess(rows: list[dict]) -> tuple[str, str]:
    """The names of the columns with the text and with the class: the column with the longest
    values, and, of the others, the one with the fewest distinct values, but more than one."""
    names = list(rows[0])
    length = {name: sum(len(str(row.get(name, ""))) for row in rows) for name in names}
    text = max(names, key=length.get)
    others = [name for name in names if name != text] or [text]
    distinct = {name: len({str(row.get(name)) for row in rows}) for name in others}
    several = [name for name in others if distinct[name] > 1] or others
    return text, min(several, key=distinct.get)


class OwnData(JobWidget):
    """The widget. `open(path)` does what an upload does; `train()` does what the button does."""

    def __init__(self, seed: int = 0) -> None:
        import ipywidgets as w

        self.seed = seed
        self.folder = temporary_folder()
        self.path: Path | None = None
        self.report = None
        self.data = None
        self.experiment: Experiment | None = None
        self.scores: dict[str, float] = {}
        self.job = Job(self._work, self._say, "3 · Train")
        self.job.button.disabled = True
        wide = {"style": {"description_width": "initial"}}
        self.upload = w.FileUpload(
            accept=".csv,.tsv,.jsonl,.parquet", description="1 · Upload a file"
        )
        self.upload.layout.width = "220px"
        self.text = w.Dropdown(description="2 · The text is in", options=(), **wide)
        self.label = w.Dropdown(description="the class in", options=(), **wide)
        self.keep = w.Checkbox(value=True, description="leave out bad rows", indent=False)
        self.labels = w.Dropdown(description="labels, at most", options=LABELS, value=200, **wide)
        self.source = w.Dropdown(description="source", options=SOURCES, **wide)
        self.status = w.HTML(note("Any file of texts with a class each: .csv, .jsonl, .parquet."))
        self.report_view = w.HTML()
        self.answer = w.HTML()
        self.ask = w.Text(description="Ask it:", layout={"width": "820px"}, disabled=True, **wide)
        self._listen()
        self.view = w.VBox(
            [
                w.HBox([self.upload, self.text, self.label, self.keep]),
                w.HBox([self.labels, self.source, *self.job.row]),
                *(self.status, self.report_view, self.ask, self.answer),
            ]
        )

    def _listen(self) -> None:
        self.upload.observe(lambda _: self._try(self._uploaded), "value")
        for choice in (self.text, self.label):
            choice.observe(lambda _: self._try(self._check), "value")
        self.ask.observe(lambda _: self._try(self._asked), "value")

    def open(self, path: str | Path) -> "OwnData":
        """Read a file on this machine."""
        self._try(partial(self._opened, Path(path)))
        return self

    def train(self) -> "OwnData":
        """Train on the rows without errors; during a training it does nothing."""
        if self.report is not None:
            self.job.start()
        return self

    def _try(self, action) -> None:
        """Call an action; an error that the user can mend is shown in the widget."""
        try:
            action()
        except KitError as error:
            self._say(str(error), "error")

    def _uploaded(self) -> None:
        if not self.upload.value:
            return
        name, content = uploaded(self.upload.value)
        path = Path(self.folder.name, Path(name).name or "file")
        path.write_bytes(content)
        self._opened(path)

    def _opened(self, path: Path) -> None:
        self.path = None
        self.report = None
        self.job.button.disabled = True
        file = reader(path)
        columns = file.columns()
        if not columns:
            raise KitError(f"{path.name} has no row with columns: is its first line their names?")
        rows = [row.content for row, _ in zip(file.rows(), range(FIRST_ROWS), strict=False)]
        text, label = guess([row for row in rows if isinstance(row, dict)])
        for choice, column in ((self.text, text), (self.label, label)):
            choice.options = columns
            choice.value = column
        self.path = path
        self._check()

    def _check(self) -> None:
        """Read the file with the chosen columns, and show the report of its rows."""
        if self.path is None or None in (self.text.value, self.label.value):
            return
        columns = {"text": self.text.value, "label": self.label.value}
        self.report = own.read(self.path, COLUMNS, columns=columns)
        self.report_view.value = self.report._repr_html_()
        classes = len(self.report.wants["label"].names)
        possible = 2 <= classes <= MOST_CLASSES
        self.job.button.disabled = not possible
        if not possible:
            self._say(
                f"{self.label.value!r} has {classes} different values: choose the column with the "
                f"classes, 2 to {MOST_CLASSES} of them.",
                "error",
            )
            return
        self._say(f"{classes} classes. Right columns? Then press “3 · Train”.")

    def _work(self, stopping) -> None:
        self.data = self.report.data(keep=self.keep.value, least=20)
        task = ClassificationTask(self.report.wants["label"].names)
        self._say("Fetching the source …")
        source = sources.load(self.source.value)
        labels = min(self.labels.value, len(self.data["train"]))
        rows = task.sample(self.data["train"], labels, self.seed)
        experiment = prepare(source, "full", task, rows, seed=self.seed, name="own data")
        self._train(experiment, stopping)
        # The experiment keeps the model's own classes and tokenizer when another file is opened.
        self.experiment = experiment
        self._evaluate()

    def _train(self, experiment: Experiment, stopping) -> None:
        run = experiment.run
        drawn = 0.0
        loop = experiment.steps()
        for _ in loop:
            if stopping():
                break
            if time.monotonic() - drawn > 0.3:
                drawn = time.monotonic()
                self.job.bar.value = run.spent
                self._say(f"Update {len(run.steps)}: loss {run.steps[-1]['loss']:.2f}")
        loop.close()
        self.job.bar.value = run.spent

    def _evaluate(self) -> None:
        experiment = self.experiment
        test = self.data["test"].select(range(min(TEST_TEXTS, len(self.data["test"]))))
        accuracy = experiment.score(test)["accuracy"]
        baselines = experiment.task.baselines(experiment.rows, test)
        self.scores = {"source": accuracy} | baselines
        tfidf = f"counting words (TF-IDF) {baselines['tfidf']:.0%}"
        majority = f"majority {baselines['majority']:.0%}"
        stopped = "Stopped early. " if experiment.run.spent < 1 else ""
        self._say(
            f"{stopped}With {len(experiment.rows):,} labels {accuracy:.0%} of {len(test):,} test "
            f"texts are right; {tfidf}, {majority}. Now ask it something."
        )
        self.ask.disabled = False
        self._answer()

    def _asked(self) -> None:
        if not self.job.running:  # a question during the training is answered at its end
            self._answer()

    def _answer(self) -> None:
        text = self.ask.value
        if not text.strip():
            self.answer.value = ""
            return
        experiment = self.experiment
        [answer] = experiment.task.predict(experiment.model, experiment.tokenizer, text)
        self.answer.value = experiment.task.show(text, answer)
