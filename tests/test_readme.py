"""README.md: its length, its code, and the findings that it puts into words."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit import results, sources
from kit.models import Model
from kit.results import by_budget, load
from kit.tasks import classification

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.search(r"<!-- begin transfer -->\n```python\n(.*?)```", TEXT, re.DOTALL)[1]
NAMES = ("negative", "positive")
SHORT = 300
"""Rows of the user's file: enough for the course's smallest sources to learn in seconds."""


@pytest.fixture
def reviews(tmp_path: Path, data) -> list[str]:
    """reviews.csv: sentences of products with their classes, as a user would write them."""
    from kit.tasks.sentiment import load

    rows = list(load("products")["train"].shuffle(seed=0).select(range(SHORT)))
    with (tmp_path / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows((row["text"], NAMES[row["label"]]) for row in rows)
    return [row["text"] for row in rows]


def test_the_readme_is_short() -> None:
    assert len(TEXT.splitlines()) <= 110


def test_the_transfer_has_ten_lines_and_works(reviews: list[str], tmp_path: Path) -> None:
    assert len([line for line in CODE.splitlines() if line.strip()]) == 10
    asks = f"\nprint(task.predict(result.model, source.tokenizer, {reviews[:50]!r}))\n"
    (tmp_path / "transfer.py").write_text(CODE + asks, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "transfer.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for told in ("full", "before training", "from_scratch", "majority", "tfidf"):
        assert re.search(rf"^ *{told} 0\.\d{{3}}$", done.stdout, re.MULTILINE), done.stdout
    saved = sources.load(tmp_path / "reviews-model")
    assert saved.card["strategy"] == "full" and 0.5 < saved.card["scores"]["accuracy"] <= 1
    answers = classification.classify(
        Model(saved.body, saved.head), saved.tokenizer, reviews[:50], NAMES
    )
    assert str(answers) == done.stdout.splitlines()[-1] and set(answers) == set(NAMES)


def test_what_the_readme_says_in_words_is_what_was_measured() -> None:
    found = by_budget(load("see_it_work")["rows"])
    assert abs(found[400]["full"][0] - found[8066]["from_scratch"][0]) < 0.01
    assert found[0]["full_elsewhere"][0] - found[0]["tfidf_elsewhere"][0] > 0.1
    summaries = load("summaries")
    kinds = {row["kind"] for row in summaries["rows"]} - {"minilm"}
    [transformer] = [kind for kind in kinds if "transformer" in kind.lower()]
    rows = [r for r in summaries["rows"] if r["kind"] == transformer and r["articles"] == 400]
    rows = [row for row in rows if not row["first"]]
    scores = results.intervals(results.by_seed(rows, lambda row: row["way"], "rouge1"))
    (mixed, wide), (scratch, narrow) = scores["mixed"], scores["scratch"]
    assert abs(mixed - scratch) < wide + narrow
    assert summaries["controls"]["chosen words"]["rouge1"] > max(mixed, scratch)


def test_the_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert len(links) > 10
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing, missing
