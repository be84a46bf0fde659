"""The widget for the user's own data without a browser: four messy files, from reading to use."""

import contextlib
import csv
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from messy import MESSY

from kit import audit, sources
from kit.errors import KitError
from kit.html import download
from kit.models import ClassHead, Model, TagHead, Transformer, TransformerConfig
from kit.sources import Source
from kit.tasks import own_data, sentiment
from kit.tasks.classification import ClassificationTask
from kit.tasks.own_data import (
    KINDS,
    HeadlinesTask,
    PairsTask,
    TaggingTask,
    described,
    folders,
    task_of,
)
from kit.tasks.own_data.predictions import Predictions, text_column
from kit.tokenizer import unfamiliar
from kit.widgets import OwnData
from kit.widgets.base.static import static
from kit.widgets.own_data import columns, own_data_figure
from kit.widgets.own_data.controls import uploaded

ROOT = Path(__file__).parent.parent


def said(widget: OwnData) -> str:
    """What the line of status says."""
    return unescape(re.sub("<[^>]+>", "", widget.status.value))


def error(widget: OwnData) -> str:
    """What the line of status says, which must be an error."""
    assert "#8A1C00" in widget.status.value, said(widget)
    return said(widget)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which a notebook would run."""
    path = tmp_path_factory.mktemp("notebook")
    with contextlib.chdir(path):
        yield path


@pytest.fixture(scope="module")
def trained(folder) -> dict[str, OwnData]:
    """Kind -> the widget after the messy file was read, trained on and saved."""
    widgets = {}
    for kind, messy in MESSY.items():
        path, _ = messy.write(folder)
        widget = OwnData(kind).open(path)
        widget.control.value = kind == "classes"
        widget.train().wait()
        widget.ask.value = messy.ask
        assert widget.name.value == f"{path.stem}-model" and not widget.saved_view.value
        widgets[kind] = widget.save(f"{kind}-model")
    return widgets


@pytest.mark.parametrize("kind", KINDS)
def test_a_messy_file_is_read_and_all_of_it_is_said(kind: str, trained) -> None:
    widget, messy = trained[kind], MESSY[kind]
    assert (len(widget.report.good), len(widget.report.bad)) == (messy.good, messy.bad)
    assert (widget.text.value, widget.label.value) == messy.columns
    for text in messy.said:
        assert text in widget.report_view.value, text
    assert sum(map(len, widget.data.values())) == messy.good


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_stands_beside_its_controls(kind: str, trained) -> None:
    widget = trained[kind]
    assert "source" in widget.scores and len(widget.scores) > 1
    assert ("from scratch" in widget.scores) == (kind == "classes")
    [drawn] = widget.picture.children
    bars = dict(zip(drawn.data[0].y, drawn.data[0].x, strict=True))
    metric = widget.experiment.task.METRIC
    assert bars["with a source"] == own_data_figure.percent(metric, widget.scores["source"])
    assert len(bars) == len(widget.scores) and widget.answer.value
    assert MESSY[kind].name in static(widget.view)  # on a page without a kernel


def test_what_was_saved_loads_with_the_three_lines_that_are_shown(trained, tmp_path) -> None:
    """In a fresh process, in another folder, exactly these lines; the answers are the widget's."""
    shown = {k: unescape(re.search(r"<pre[^>]*>(.*?)</pre>", w.saved_view.value, re.DOTALL)[1])
             for k, w in trained.items()}  # fmt: skip
    assert all(len(code.splitlines()) == 3 for code in shown.values())
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(shown.values())],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for line, (kind, widget) in zip(done.stdout.splitlines(), trained.items(), strict=True):
        one = widget.experiment
        assert line == str(one.task.predict(one.model, one.tokenizer, [MESSY[kind].ask]))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_overwritten_without_a_word(kind: str, trained, folder) -> None:
    widget, saved = trained[kind], folder / f"{kind}-model"
    before = {path: path.stat().st_mtime_ns for path in saved.iterdir()}
    widget.save(f"{kind}-model")
    assert "is there already, and nothing was written" in error(widget)
    assert widget.name.value == f"{kind}-model-2"  # free for the next click
    assert {path: path.stat().st_mtime_ns for path in saved.iterdir()} == before
    card = sources.load(saved).card
    assert card["task"]["kind"] == kind and card["data"]["file"] == MESSY[kind].name
    assert card["score"] == widget.scores["source"] and "Hugging Face" in widget.saved_view.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_file_is_predicted_row_by_row(kind: str, trained, folder) -> None:
    widget, messy = trained[kind], MESSY[kind]
    widget.predict(folder / messy.second).wait()
    assert "is predicted" in said(widget)
    path = folder / f"{Path(messy.second).stem}-predictions.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == messy.rows
    assert sum(bool(row["prediction"]) != bool(row["problem"]) for row in rows) == messy.rows
    assert sum(not row["problem"] for row in rows) == messy.answered
    page = widget.predicted_view.value
    assert (
        f'download="{path.name}"' in page and f"{messy.answered:,} of {messy.rows:,} rows" in page
    )
    assert ("rows with an answer" in page) == (kind == "pairs")  # whose second file has answers
    widget.predict(folder / messy.second).wait()
    assert path.with_stem(f"{path.stem}-2").exists()  # and the first is as it was


def test_a_score_on_texts_that_were_trained_on_says_so(trained, folder) -> None:
    widget = trained["classes"]
    widget.predict(folder / MESSY["classes"].name).wait()
    found = widget.predictions
    assert found.scored == 41 and found.known == len(widget.experiment.rows)
    assert "of them were trained on, so this score flatters" in widget.predicted_view.value
    assert [row["place"] for row in found.rows][:2] == ["line 2", "line 3"]
    assert [row["problem"] for row in found.rows].count("") == found.answered


def test_a_second_file_without_texts_is_one_message(trained, folder) -> None:
    widget = trained["classes"]
    (folder / "no.csv").write_text("mail,when\nx,y\n")
    widget.predict(folder / "no.csv").wait()
    assert "has the columns mail, when, and no 'Mail'" in error(widget)
    (folder / "blank.csv").write_text('Mail\n" "\n" "\n')
    widget.predict(folder / "blank.csv").wait()
    assert "no row of blank.csv can be used (text is empty: 2)" in error(widget)
    widget.other_path.value = "nowhere.csv"
    assert "nowhere.csv is no file" in error(widget)
    assert text_column("a.csv", ["mails"], "Mail") == "mails"


def test_stopped_predictions_keep_what_there_is(trained, folder) -> None:
    one = trained["classes"].experiment
    (folder / "many.csv").write_text("Mail\n" + "".join(f"Mail {i}\n" for i in range(150)))
    found = own_data.predictions.predict_file(
        folder / "many.csv", one.task, one.model, one.tokenizer, columns={"text": "Mail"},
        watch=lambda share: share > 0.5,
    )  # fmt: skip
    assert found.answered == 128 and len(found.rows) == 150
    assert found.rows[-1]["problem"] == "stopped before it" and not found.rows[-1]["prediction"]


def test_stop_keeps_the_model_and_a_second_click_starts_nothing(folder, trained) -> None:
    widget = OwnData().open(folder / MESSY["classes"].name)
    ends = []
    widget.status.observe(
        lambda change: "Update" in change["new"] and not ends and ends.append(widget.job.stop()),
        "value",
    )
    widget.train()
    thread = widget.job._thread
    assert widget.train().job._thread is thread and widget.job.button.disabled
    widget.save("too-early")
    assert "is running" in error(widget) and not Path("too-early").exists()
    widget.wait()
    assert ends and said(widget).startswith("Stopped early. ")
    assert "from scratch" not in widget.scores and "tfidf" in widget.scores
    assert not widget.kind.disabled and not widget.save_button.disabled


def test_nothing_is_done_before_there_is_a_model(folder) -> None:
    widget = OwnData()
    assert not widget.train().job.running
    widget.save("none")
    assert "no model was trained yet" in error(widget) and not Path("none").exists()
    assert "no model was trained yet" in error(widget.predict("a.csv"))
    widget.ask.value = "Is anybody there?"
    assert not widget.answer.value
    with pytest.raises(KitError, match="kind='songs' is unknown"):
        OwnData("songs")


@pytest.mark.parametrize(
    ("kind", "name", "content", "message"),
    [
        ("classes", "empty.csv", "", "empty.csv is empty"),
        ("classes", "one.csv", "text\nx\n", "text and the answer are both in 'text'"),
        ("classes", "same.csv", "text,label\nx,a\ny,a\n", "has 1 different values"),
        ("classes", "few.csv", "text,label\nx,a\ny,b\n", "2 good rows in few.csv are too few"),
        ("classes", "notes.txt", "some text", "of no kind that can be read"),
        ("tags", "numbers.jsonl", '{"words": ["a", "b"], "tags": [0, 3]}', "the tag '0' is none"),
        ("tags", "plain.conll", "Mara O\nsails O\n", "at least one kind of name"),
        ("pairs", "two.csv", "english,translation,language\na,b,de\nc,d,fr\n", "2 languages"),
        ("headlines", "dash.csv", "text,headline\n" + "".join(
            f"A long text number {i * 7919} tells of harbour {i * i}.,—\n" for i in range(30)
        ), "has no word, so no ROUGE"),
    ],
)  # fmt: skip
def test_each_fault_is_one_message_with_its_remedy(folder, kind, name, content, message) -> None:
    Path(name).write_text(content, encoding="utf-8")
    widget = OwnData(kind)
    widget.path_box.value = f" {folder / name} "
    widget.train().wait()
    assert message in error(widget) and "Error" not in said(widget)


def test_a_large_file_is_read_in_the_background_and_stop_ends_it(folder, monkeypatch) -> None:
    rows = "".join(f"text number {i} of the file,{'ab'[i % 2]}\n" for i in range(60))
    Path("large.csv").write_text("text,label\n" + rows)
    small = OwnData().open(folder / "large.csv")
    monkeypatch.setattr("kit.widgets.own_data.own_data.LARGE_BYTES", 100)
    monkeypatch.setattr("kit.data.own.CHUNK_ROWS", 10)
    widget, heard, shares = OwnData(), [], []
    widget.status.observe(lambda _: heard.append(said(widget)), "value")
    widget.job.bar.observe(lambda change: shares.append(change["new"]), "value")
    widget.open(folder / "large.csv")
    assert widget.ready and said(widget) == said(small) and not widget.job.button.disabled
    assert widget.report.good[:] == small.report.good[:] and len(widget.report) == 60
    assert any("Reading large.csv: 20 rows" in text for text in heard)
    assert 0.2 < shares[1] < 0.5 and max(shares) < 1 and widget.job.bar.value == 0
    widget.status.observe(lambda _: widget.job.stop(), "value")
    widget.open(folder / "large.csv")
    assert "was stopped after 10 rows" in error(widget) and not widget.ready
    assert not widget.train().job.running  # there is nothing to train on


def test_another_kind_reads_the_same_file_again(folder) -> None:
    rows = "".join(f"Save page {i},Salva la pagina {i},{'ab'[i % 2]}\n" for i in range(20))
    Path("all.csv").write_text(f"english,translation,about\n{rows}")
    widget = OwnData().open(folder / "all.csv")
    assert widget.label.value == "about" and widget.language.layout.display == "none"
    widget.kind.value = "pairs"
    assert (widget.text.value, widget.label.value) == ("english", "translation")
    assert said(widget).startswith("20 pairs") and widget.language.layout.display == ""
    assert widget.text.description == "2 · The text is in" and widget.ready
    MESSY["tags"].write(folder)
    widget.open(folder / MESSY["tags"].name)
    assert widget.kind.value == "tags" and widget.ready  # as its ending says
    widget.kind.value = "pairs"
    assert widget.kind.value == "pairs" and "no row can be used" in error(widget)
    widget.open(folder / "all.csv")
    assert widget.kind.value == "pairs" and widget.ready


@pytest.mark.parametrize(
    ("kind", "names", "values", "chosen"),
    [
        ("classes", "id review stars", ["1", "a long text", "x"], ("review", "stars")),
        ("classes", "label text", ["a label that is longer", "text"], ("text", "label")),
        ("tags", "nr ner_tags tokens", ["1", "O B-PER O", "a b c"], ("tokens", "ner_tags")),
        ("pairs", "id de ru", ["1", "Datei", "Сохранить файл"], ("de", "ru")),
        ("pairs", "id en other", ["1", "File", "Datei"], ("en", "other")),
        ("headlines", "url story name", ["u", "a long story", "a name"], ("story", "name")),
    ],
)
def test_the_columns_are_guessed(kind, names, values, chosen) -> None:
    names = names.split()
    rows = [dict(zip(names, [f"{v}{i % 2}" for v in values], strict=True)) for i in range(4)]
    if kind == "classes" and "id" in names:
        rows = [row | {"id": str(i)} for i, row in enumerate(rows)]
    assert columns.guess(kind, names, rows) == chosen


def test_uploads_of_both_versions_of_ipywidgets() -> None:
    old = {"a.csv": {"content": b"x"}}
    new = ({"name": "a.csv", "content": memoryview(b"x")},)
    assert uploaded(old) == uploaded(new) == ("a.csv", b"x")
    with pytest.raises(KitError, match="nothing was uploaded"):
        uploaded({})


@pytest.mark.parametrize(
    "task",
    [
        ClassificationTask(("a", "b")),
        TaggingTask(("B-X", "O")),
        PairsTask("ru"),
        PairsTask("other"),
        HeadlinesTask(),
    ],
)
def test_a_card_describes_its_task(task) -> None:
    assert task_of(Source("s", None, None, card={"task": described(task)})) == task
    with pytest.raises(KitError, match="does not say what it was trained for"):
        task_of(Source("s", None, None))
    with pytest.raises(KitError, match="language 'klingon' is unknown"):
        PairsTask("klingon")


def test_articles_that_teach_no_keywords_still_have_baselines() -> None:
    rows = [{"text": "The bank rose.", "headline": "Film opens"}]
    assert list(HeadlinesTask().baselines(rows, rows)) == ["lead", "eight words"]
    with pytest.raises(KitError, match="has no word"):
        HeadlinesTask().baselines(rows, [{"text": "The bank rose.", "headline": "—"}])


def test_another_language_has_no_tag_and_no_bleu() -> None:
    tokenizer = sources.load("translator").tokenizer
    rows = [{"english": "Open file", "translation": "Файлды ашу"}]
    [example] = PairsTask("other").encode(rows, tokenizer)
    assert example["ids"] == tokenizer.encode("Open file")
    assert len(PairsTask("ru").encode(rows, tokenizer)[0]["ids"]) == len(example["ids"]) + 1
    assert PairsTask("other").score(["Файлды ашу"], rows) == {"chrf": pytest.approx(100)}
    assert set(PairsTask("ru").score(["Файлды ашу"], rows)) == {"chrf", "bleu"}


def test_a_script_that_the_source_has_not_seen_is_said() -> None:
    tokenizer = sources.load("transformer_encoder").tokenizer
    assert "byte by byte" in unfamiliar(tokenizer, ["Привет, как дела?"])
    assert not unfamiliar(tokenizer, ["How are you?", ["two", "words"]])
    assert "unknown to this source" in unfamiliar(sources.minilm().tokenizer, ["ᚠᚢᚦ ᚨᚱᚲ"])


@pytest.mark.parametrize("head", ["class", "tags"])
def test_a_hugging_face_folder_answers_by_its_own_card(head: str, folder, capsys) -> None:
    """The Python in the model card, without the kit: its answers are the kit's."""
    torch.manual_seed(0)
    tokenizer = sources.minilm().tokenizer
    shape = {"width": 32, "layers": 2, "heads": 2, "intermediate_size": 64, "block_size": 64}
    config = TransformerConfig(vocabulary=tokenizer.size, token_types=2, norm_eps=1e-12, **shape)
    names = ("a", "b", "c") if head == "class" else ("B-PER", "I-PER", "O")
    own = ClassHead(32, 3) if head == "class" else TagHead(32, 3)
    torch.nn.init.normal_(own.linear.weight)
    model = Model(Transformer(config), own).eval()
    task = ClassificationTask(names) if head == "class" else TaggingTask(names)
    source = Source("mine", model.body, tokenizer, own, {"from": "tiny", "score": 0.5})
    saved = folders.save(source, folder / f"bert-{head}", task)
    card = (saved.huggingface / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: transformers") and "| this model | 0.500 |" in card
    about = ModelCard.load(saved.huggingface / "README.md").data  # as the hub reads it
    kind = "text-classification" if head == "class" else "token-classification"
    assert about.library_name == "transformers" and about.pipeline_tag == kind
    exec(re.search(r"```python\n(.*?)```", card, re.DOTALL)[1], {})  # the card's own lines
    shown = capsys.readouterr().out.strip()
    if head == "class":
        texts = ["A first text.", "And another one."]
        assert shown == str(own_data.predict(sources.load(saved.folder), texts))
    else:
        ids = torch.tensor([tokenizer.align(["^", "Mara", "sails", "."])[0]])
        logits = model(ids, torch.ones_like(ids, dtype=torch.bool))[0]
        first = [tokenizer.align(["^", "Mara", "sails", "."])[1].index(i) for i in range(4)]
        words = ["^", "Mara", "sails", "."]
        wanted = [(w, names[logits[i].argmax()]) for w, i in zip(words, first, strict=True)]
        assert shown == str(wanted)
    with pytest.raises(KitError, match="is there already"):
        folders.save(source, folder / f"bert-{head}", task)


def test_a_folder_that_cannot_be_written_is_one_message(trained, folder) -> None:
    (folder / "file").write_text("")
    widget = trained["tags"].save(folder / "file" / "model")
    assert "cannot be saved" in error(widget)
    with pytest.raises(KitError, match="cannot be saved"):
        Predictions([], 0).write(folder / "file" / "a.csv")


def test_the_figure_is_pure_and_large_files_get_no_link() -> None:
    scores = {"source": 0.8, "from scratch": 0.5, "majority": 0.25}
    [bars] = own_data_figure.traces(scores, "accuracy")
    assert bars["x"] == [25, 50, 80] and bars["y"][-1] == "with a source"
    assert own_data_figure.figure(scores, "chrf").layout.xaxis.title.text == "chrF, 0 to 100"
    assert download("a.csv", b"x").count("base64,eA==") == 1
    assert not download("a.csv", b"x" * 4_000_000)


def test_a_report_is_shown_saved_and_kept_when_it_is_stopped(folder, monkeypatch) -> None:
    widget = OwnData()
    widget.make_report()
    assert error(widget).startswith("there is nothing to report on")
    products = sentiment.load("products")["train"].select(range(300))
    rows = [
        (row["text"], row["label"], "" if i == 0 else "S" if i % 10 == 0 else "N")
        for i, row in enumerate(products)
    ]
    path = Path("goods.csv")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", "region"), *rows])
    monkeypatch.setitem(audit.report.__wrapped__.__kwdefaults__, "sources", ("rnn_encoder",))
    widget.open(path).make_report().wait()
    assert said(widget) == "The page is saved as goods-report.html: print it, or send it."
    assert "Try first: rnn_encoder" in widget.page_view.value
    page = Path("goods-report.html").read_text(encoding="utf-8")
    assert "Report on goods.csv" in page and "Next step" in page

    assert "Groups were not compared" in page
    assert [name for name, _ in widget.compare.options] == ["no column", "region"]
    widget.compare.value = "region"
    widget.make_report().wait()
    assert said(widget).startswith("Left out, with nothing in 'region': 1 rows. The page")
    assert ">region</th>" in widget.page_view.value and ">N</td>" in widget.page_view.value
    widget.label.value = "region"  # a class is no group
    assert [value for _, value in widget.compare.options] == [None, "label"]
    assert widget.compare.value is None
    widget.label.value = "label"

    say = widget._say
    monkeypatch.setattr(widget, "_say", lambda *a: (say(*a), "reads" in a[0] and widget.job.stop()))
    widget.make_report().wait()
    assert said(widget).startswith("Stopped before it was whole: sources, labels")
    assert Path("goods-report-3.html").exists() and "Leaks" in widget.page_view.value
    widget.kind.value = "tags"
    widget.make_report()
    assert error(widget).startswith("a report is made for classes")
