"""The user's own data: upload a file, choose its columns, train, keep the model, use it."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kit import sources, tasks
from kit.data import own
from kit.errors import KitError
from kit.experiment import Experiment, prepare
from kit.html import download
from kit.tasks.own_data import KINDS, folders, predictions
from kit.tasks.translation import OTHER
from kit.tokenizer import unfamiliar
from kit.widgets.base.style import hide_buttons, live
from kit.widgets.base.thinking import thinking
from kit.widgets.own_data import own_data_figure as pictures
from kit.widgets.own_data.columns import ENDINGS, guess, language_of, look, row_bytes
from kit.widgets.own_data.controls import existing, unused
from kit.widgets.own_data.report_page import BUSY, ReportPage

__all__ = ["OwnData"]

MOST_CLASSES = 100
LARGE_BYTES = 5_000_000
"""Bytes of a file above which it is read in the background: some seconds."""


class OwnData(ReportPage):
    """The widget. `open(path)`, `train()`, `save(folder)` and `predict(path)` do what its controls
    do; `wait()` blocks until a training or a prediction has ended."""

    def __init__(self, kind: str = "classes", *, seed: int = 0) -> None:
        """kind: a name in `kit.tasks.own_data.KINDS`."""
        if kind not in KINDS:
            raise KitError(f"kind={kind!r} is unknown: choose one of {', '.join(KINDS)}.")
        self.seed = seed
        self.path: Path | None = None
        self.report = None
        self.ready = False
        """Whether the file and its columns can be trained on."""
        self.data = None
        self.experiment: Experiment | None = None
        self.scores: dict[str, float] = {}
        self.predictions: predictions.Predictions | None = None
        self._columns: dict[str, str] = {}
        self._row_bytes = 1.0
        """Bytes of a row of the file, about."""
        self._facts: dict = {}
        super().__init__(kind)
        self._listen()
        self._ask_columns()

    def _listen(self) -> None:
        for control, action in (
            (self.kind, self._ask_columns),
            (self.upload, self._uploaded),
            (self.path_box, self._path_written),
            (self.text, self._check),
            (self.label, self._check),
            (self.language, self._check),
            (self.other, self._other_uploaded),
            (self.other_path, self._other_written),
            (self.ask, self._asked),
        ):
            control.observe(lambda _, action=action: self._try(action), "value")
        self.save_button.on_click(lambda _: self._try(self._save))
        self.page_button.on_click(lambda _: self.make_report())

    def open(self, path: str | Path) -> "OwnData":
        """Read a file on this machine; it returns when the file is read."""
        busy = self.job.running
        self._try(partial(self._opened, Path(path)))
        if not busy:
            self.job.wait()
        return self

    def train(self) -> "OwnData":
        """Train on the rows without errors; during a training it does nothing."""
        if self.ready:
            self.job.start()
        return self

    def save(self, folder: str | Path | None = None) -> "OwnData":
        """Save the trained model under this name; default: the name in the box."""
        if folder is not None:
            self.name.value = str(folder)
        self._try(self._save)
        return self

    def predict(self, path: str | Path) -> "OwnData":
        """Predict the rows of a second file; during a training it does nothing."""
        self._try(partial(self._start_predictions, Path(path).expanduser()))
        return self

    def _try(self, action: Callable[[], None]) -> None:
        """Call an action of the user; an error that the user can mend is shown in the widget."""
        if not self._listening:
            return
        try:
            action()
        except KitError as error:
            self._say(str(error), "error")

    def _ask_columns(self) -> None:
        """Ask for the columns of the chosen kind; a file that is open is read again."""
        kind = self.kind.value
        with self._quiet():
            self._show_kind(kind)
        if self.path is not None:
            self._opened(self.path, kind)
        else:
            self._say("A file of rows: .csv, .tsv, .jsonl, .parquet; of tags also .conll.")

    def _uploaded(self) -> None:
        if self.upload.value:
            self._opened(self._stored(self.upload.value))

    def _path_written(self) -> None:
        if self.path_box.value.strip():
            self._opened(existing(self.path_box.value))

    def _opened(self, path: Path, kind: str | None = None) -> None:
        """Read a file as this kind of data; default: what its ending says, or what is chosen."""
        if self.job.running:
            raise KitError(BUSY)
        self.path, self.report, self.ready = None, None, False
        self.job.button.disabled = True
        self.report_view.value = ""
        columns, rows = look(path)
        self._row_bytes = row_bytes(path, rows)
        kind = kind or ENDINGS.get(path.suffix.lower(), self.kind.value)
        with self._quiet():
            self.kind.value = kind
            self._show_kind(kind)
            self.text.options = self.label.options = columns
            self.text.value, self.label.value = guess(kind, columns, rows)
            if code := language_of(self.label.value):
                self.language.value = code
        self.path = path
        self._check()

    def _chosen(self) -> dict[str, str]:
        """What the task calls a column -> what the file calls it."""
        first, *_, answer = KINDS[self.kind.value].columns
        return {first: self.text.value, answer: self.label.value}

    def _check(self) -> None:
        """Read the file with the chosen columns, and show the report of its rows."""
        if self.path is None or None in (self.text.value, self.label.value):
            return
        self.report, self.ready = None, False
        self.job.button.disabled = self.page_button.disabled = True
        self.page_view.value = ""
        self._offer_groups()
        if self.text.value == self.label.value:
            raise KitError(
                f"the text and the answer are both in {self.text.value!r}: choose two columns."
            )
        if self.path.stat().st_size <= LARGE_BYTES:
            self._read()
        elif not self.job.start(self._read):
            raise KitError(BUSY)

    def _read(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Read the file and show its report. A large one is read in the background, so that the
        bar moves and *Stop* is heard."""
        kind, began = KINDS[self.kind.value], time.monotonic()
        expected = self.path.stat().st_size / self._row_bytes

        def watch(rows: int) -> bool:
            self.job.bar.value = min(0.99, rows / expected)
            seconds = time.monotonic() - began
            self._say(f"Reading {self.path.name}: {rows:,} rows in {seconds:.0f} s …")
            return stopping()

        try:
            self.report = own.read(self.path, kind.columns, columns=self._chosen(), watch=watch)
        finally:
            self.job.bar.value = 0.0
        self.report_view.value = self.report._repr_html_()
        found = self._found()
        kind.task(self.report, self.language.value)  # names that nobody can learn are refused
        self.ready = True
        self.job.button.disabled = False
        self.page_button.disabled = self.kind.value != "classes"
        self._say(f"{found}. Right columns? Then press “3 · Train”.")

    def _found(self) -> str:
        """What the rows hold, in a few words; KitError for what is not of this kind."""
        good, kind = len(self.report.good), self.kind.value
        if kind == "classes":
            classes = len(self.report.wants["label"].names)
            if not 2 <= classes <= MOST_CLASSES:
                raise KitError(
                    f"{self.label.value!r} has {classes} different values: choose the column with "
                    f"the classes, 2 to {MOST_CLASSES} of them."
                )
            return f"{classes} classes"
        if not good:
            raise KitError(f"no row can be used ({self.report.most()}): other columns, or kind?")
        if kind == "tags":
            tags = self.report.wants["tags"].names
            kinds = sorted({tag[2:] for tag in tags if tag[1:2] == "-"})
            return f"{good:,} sentences, tags of {', '.join(kinds[:8]) or 'no kind'}"
        if kind == "pairs":
            self._one_language()
            return f"{good:,} pairs"
        return f"{good:,} articles"

    def _one_language(self) -> None:
        """Obey a column "language" of the file; several languages are refused."""
        if "language" not in self.report.good.column_names:
            return
        there = sorted(set(self.report.good["language"][:]))
        code = language_of(there[0]) or OTHER
        if len(there) > 1:
            raise KitError(
                f"the column 'language' has {len(there)} languages, {', '.join(there[:5])}: a "
                "model here learns one. Give a file for each language."
            )
        with self._quiet():
            self.language.value = code

    def _work(self, stopping) -> None:
        if not self.ready:
            raise KitError("there is nothing to train on: open a file, and choose its columns.")
        kind, columns = KINDS[self.kind.value], self._chosen()
        self._say("Dividing the rows into train, validation and test …")
        self.data = self.report.data(keep=self.keep.value, least=20)
        self.report_view.value = self.report._repr_html_()  # with what was found after dividing
        task = kind.task(self.report, self.language.value)
        test = self.data["test"].select(range(min(kind.test_rows, len(self.data["test"]))))
        if not len(test):
            raise KitError("no row is left for the test: give more rows, of more different texts.")
        n = min(self.labels.value, len(self.data["train"]))
        rows = task.sample(self.data["train"], n, self.seed)
        baselines = task.baselines(rows, test)  # a row that cannot be scored is named at once
        self._say("Fetching the source …")
        make = partial(
            *(prepare, sources.load(self.source.value)),
            **{"task": task, "rows": rows, "seed": self.seed} | kind.options(),
        )
        share = 0.5 if self.control.value else 1.0
        experiment = make(strategy=kind.strategy, name="own data")
        whole = self._train(experiment, stopping, 0.0, share)
        self._say("Scoring the test rows …")
        scores = {"source": experiment.score(test)}
        if whole and self.control.value:
            control = make(strategy=kind.control, name="from scratch")
            if self._train(control, stopping, share, 1.0):
                self._say("Scoring the test rows …")
                scores["from scratch"] = control.score(test)
        # The experiment keeps its task, columns and tokenizer when another file is opened.
        self.experiment, self._columns = experiment, columns
        self._facts = {
            "file": self.report.where,
            "rows": f"{len(self.report):,}, {len(self.report.good):,} of them good",
            "trained on": f"{len(rows):,} rows, {len(test):,} others for the test",
        }
        metric = task.METRIC
        self.scores = {name: found[metric] for name, found in scores.items()} | baselines
        experiment.scores = scores["source"]
        experiment.controls = {k: v for k, v in self.scores.items() if k != "source"}
        self._conclude(whole, len(test))

    def _train(self, experiment: Experiment, stopping, begin: float, end: float) -> bool:
        """Train, and move the bar from `begin` to `end`; False if it was stopped before."""
        run, drawn, loop = experiment.run, 0.0, experiment.steps()
        what = "From scratch, update" if begin else "Update"
        for _ in loop:
            if stopping():
                break
            if time.monotonic() - drawn > 0.3:
                drawn = time.monotonic()
                self.job.bar.value = begin + (end - begin) * run.spent
                self._say(f"{what} {run.updates}: loss {run.steps[-1]['loss']:.2f}")
        loop.close()
        self.job.bar.value = begin + (end - begin) * run.spent
        return run.spent >= 1

    def _conclude(self, whole: bool, tested: int) -> None:
        experiment, metric = self.experiment, self.experiment.task.METRIC
        title = f"{len(experiment.rows):,} labels, {tested:,} test rows"
        drawn = live(pictures.figure(self.scores, metric, title))
        hide_buttons(drawn)
        self.picture.children = [drawn]
        self.saved_view.value = self.predicted_view.value = ""  # what they show is another model's
        self.name.value = str(folders.free(f"{Path(self._facts['file']).stem}-model"))
        strange = unfamiliar(experiment.tokenizer, tasks.inputs(experiment.task, experiment.rows))
        told = pictures.conclusion(self.scores, metric, len(experiment.rows), tested)
        stopped = "" if whole else "Stopped early. "
        self._say(f"{stopped}{told} {strange}Now ask it something, or save it.")
        self._answer()

    def _trained(self) -> Experiment:
        """The last trained model; KitError during a training, and before the first."""
        if self.job.running:
            raise KitError(BUSY)
        if self.experiment is None:
            raise KitError("no model was trained yet: open a file, then press “3 · Train”.")
        return self.experiment

    def _save(self) -> None:
        experiment, name = self._trained(), self.name.value.strip()
        if not name:
            raise KitError("the name of the folder is empty: write one, such as own-model.")
        folder = Path(name).expanduser().absolute()
        task, metric = experiment.task, experiment.task.METRIC
        source = experiment.source(
            folder.name,
            data=self._facts,
            metric=metric,
            score=experiment.scores[metric],
        )
        try:
            saved = folders.save(source, folder, task)
        except KitError:
            self.name.value = str(folders.free(name))  # free for the next click
            raise
        example = self.ask.value.strip() or tasks.inputs(task, experiment.rows)[0]
        self.saved_view.value = pictures.saved_page(
            str(saved.folder),
            saved.huggingface and str(saved.huggingface),
            saved.reason,
            folders.code(saved.folder, example),
        )
        self._say(f"Saved as {saved.folder.name}.")

    def _other_uploaded(self) -> None:
        if self.other.value:
            self._start_predictions(self._stored(self.other.value))

    def _other_written(self) -> None:
        if self.other_path.value.strip():
            self._start_predictions(existing(self.other_path.value))

    def _start_predictions(self, path: Path) -> None:
        self._trained()
        self.job.start(partial(self._predict, path))

    def _predict(self, path: Path, stopping) -> None:
        experiment = self.experiment

        def watch(share: float) -> bool:
            self.job.bar.value = share
            self._say(f"{path.name}: {share:.0%} is predicted.")
            return stopping()

        found = predictions.predict_file(
            path,
            experiment.task,
            experiment.model,
            experiment.tokenizer,
            columns=self._columns,
            trained=tasks.inputs(experiment.task, experiment.rows),
            watch=watch,
        )
        self.job.bar.value = 1.0
        self.predictions = found
        target = unused(Path.cwd() / f"{path.stem}-predictions.csv")
        found.write(target)
        link = download(target.name, found.csv().encode("utf-8-sig"))
        self.predicted_view.value = pictures.predictions_page(
            pictures.prediction_message(found, experiment.task.METRIC, target), found.rows, link
        )
        self._say(f"{path.name} is predicted: see below.")

    def _asked(self) -> None:
        if not self.job.running:  # a question during the training is answered at its end
            self._answer()

    def _answer(self) -> None:
        text, experiment = self.ask.value, self.experiment
        if not text.strip() or experiment is None:
            self.answer.value = ""
            return
        with thinking(self.status):
            [answer] = experiment.task.predict(experiment.model, experiment.tokenizer, [text])
        self.answer.value = experiment.task.show(text, answer)
