"""Your own data in three clicks: upload a file, say which column is which, train."""

import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from kit import sources
from kit.data import own
from kit.data.own import Column
from kit.data.own.readers import reader
from kit.errors import KitError
from kit.html import note
from kit.migrate import migrate
from kit.tasks import classification, topics
from kit.train import Run, training_steps
from kit.widgets.base.job import Job, Working

__all__ = ["OwnData", "guess", "uploaded"]

LABELS = (50, 100, 200, 400, 800, 1600)
SOURCES = {"small and fast": "transformer_encoder", "MiniLM, better and slower": "minilm"}
WANTS = {"text": Column("text"), "label": Column("class")}


def uploaded(value) -> tuple[str, bytes]:
    """Name and content of the file in a FileUpload's value, of ipywidgets 7 or of 8.

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
    """Which columns are the text and the class: the longest values on average, and, of the
    others, the fewest different ones (yet more than one)."""
    names = list(rows[0])
    size = {name: sum(len(str(row.get(name, ""))) for row in rows) for name in names}
    text = max(names, key=size.get)
    others = [name for name in names if name != text] or [text]
    different = {name: len({str(row.get(name)) for row in rows}) for name in others}
    several = [name for name in others if different[name] > 1] or others
    return text, min(several, key=different.get)


class OwnData(Working):
    """The widget. `open(path)` does what an upload does; `train()` presses the button."""

    def __init__(self, seed: int = 0) -> None:
        import ipywidgets as w

        self.seed, self.folder = seed, tempfile.TemporaryDirectory()
        self.path = self.report = self.data = self.model = self.source = None
        self.names: tuple[str, ...] = ()
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
        self.named = w.Dropdown(description="source", options=SOURCES, **wide)
        self.status = w.HTML(note("Any file of texts with a class each: .csv, .jsonl, .parquet."))
        self.shown, self.answer = w.HTML(), w.HTML()
        self.ask = w.Text(description="Ask it:", layout={"width": "820px"}, disabled=True, **wide)
        self._listen()
        self.view = w.VBox(
            [
                w.HBox([self.upload, self.text, self.label, self.keep]),
                w.HBox([self.labels, self.named, *self.job.row]),
                *(self.status, self.shown, self.ask, self.answer),
            ]
        )

    def _listen(self) -> None:
        self.upload.observe(lambda _: self._try(self._uploaded), "value")
        for choice in (self.text, self.label):
            choice.observe(lambda _: self._try(self._check), "value")
        self.ask.observe(lambda _: self._try(self._asked), "value")

    def open(self, path: str | Path) -> "OwnData":
        """Look at a file on this machine."""
        self._try(partial(self._opened, Path(path)))
        return self

    def train(self) -> "OwnData":
        """Train on the good rows; a second click while it trains changes nothing."""
        if self.report is not None:
            self.job.start()
        return self

    def _try(self, what) -> None:
        """Do something; what the user can put right is said in the widget."""
        try:
            what()
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
        self.path = self.report = None
        self.job.button.disabled = True
        source = reader(path)
        columns = source.columns()
        if not columns:
            raise KitError(f"{path.name} has no row with columns: is its first line their names?")
        rows = [row.content for row, _ in zip(source.rows(), range(200), strict=False)]
        text, label = guess([row for row in rows if isinstance(row, dict)])
        for choice, column in ((self.text, text), (self.label, label)):
            choice.options, choice.value = columns, column
        self.path = path
        self._check()

    def _check(self) -> None:
        """Read the file with the columns that are chosen, and show what was found."""
        if self.path is None or None in (self.text.value, self.label.value):
            return
        columns = {"text": self.text.value, "label": self.label.value}
        self.report = own.read(self.path, WANTS, columns=columns)
        self.shown.value = self.report._repr_html_()
        found = len(self.report.wants["label"].names)
        self.job.button.disabled = not 2 <= found <= 100
        if found < 2 or found > 100:
            self._say(
                f"{self.label.value!r} has {found} different values: choose the column with the "
                "classes, 2 to 100 of them.",
                "error",
            )
            return
        self._say(f"{found} classes. Right columns? Then press “3 · Train”.")

    def _work(self, stopping) -> None:
        self.data = self.report.data(keep=self.keep.value, least=20)
        names = self.report.wants["label"].names
        self._say("Fetching the source …")
        source = sources.load(self.named.value)
        head = partial(topics.head, classes=len(names))
        target = migrate(source, head, seed=self.seed)
        few = min(self.labels.value, len(self.data["train"]))
        rows = topics.sample(self.data["train"], few, self.seed)
        run = Run(name="own data")
        loop = training_steps(
            target.model,
            topics.encode(rows, source.tokenizer),
            topics.recipe(few, seed=self.seed),
            run=run,
            groups=target.groups,
        )
        self._go(loop, run, stopping)
        # Together: names and pieces are the model's own, whatever is chosen or opened next.
        self.model, self.source, self.names = target.model, source, names
        self._score(rows, names, stopped=run.spent < 1)

    def _go(self, loop, run: Run, stopping) -> None:
        drawn = 0.0
        for _ in loop:
            if stopping():
                break
            if time.monotonic() - drawn > 0.3:
                drawn, self.job.bar.value = time.monotonic(), run.spent
                self._say(f"Update {len(run.steps)}: loss {run.steps[-1]['loss']:.2f}")
        loop.close()
        self.job.bar.value = run.spent

    def _score(self, rows, names: tuple[str, ...], stopped: bool) -> None:
        test = self.data["test"].select(range(min(1000, len(self.data["test"]))))
        answers = topics.predict(self.model, self.source.tokenizer, test["text"][:], names)
        right = topics.score(answers, test, names)["accuracy"]
        self.scores = {"source": right} | topics.baselines(rows, test)
        said = ", ".join(
            f"{name} {self.scores[key]:.0%}"
            for name, key in (("counting words (TF-IDF)", "tfidf"), ("majority", "majority"))
        )
        self._say(
            f"{'Stopped early. ' if stopped else ''}With {len(rows):,} labels {right:.0%} of "
            f"{len(test):,} test texts are right; {said}. Now ask it something."
        )
        self.ask.disabled = False
        self._answer()

    def _asked(self) -> None:
        if not self.job.running:  # else it is answered when the training has ended
            self._answer()

    def _answer(self) -> None:
        if not self.ask.value.strip():
            self.answer.value = ""
            return
        [answer] = classification.classify(
            self.model, self.source.tokenizer, self.ask.value, self.names
        )
        self.answer.value = topics.show(self.ask.value, answer)

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
