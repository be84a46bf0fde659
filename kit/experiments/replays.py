"""Replays: trainings of the lessons, recorded from the widgets, to be shown in a lecture.

    python -m kit.experiments replays                  # what is missing
    python -m kit.experiments replays --again films    # those whose name begins so, anew

Two threads, and nothing else should run.
"""

import gc
import json
import time
from collections.abc import Iterator
from pathlib import Path

from kit import files, results, sources
from kit.errors import KitError
from kit.experiments import parser
from kit.experiments.results_file import check_writable
from kit.results import see_it_work
from kit.tasks import entities, sentiment
from kit.widgets.base.race import REPLAYS, Race
from kit.widgets.entities.tagging_race import TaggingRace
from kit.widgets.labels.side_by_side import SideBySide
from kit.widgets.parameters.freeze import RECORDED, Freeze
from kit.widgets.translation.translation_race import TranslationRace

PATH = results.FOLDER / f"{REPLAYS}.json"
QUICK = "Its recordings take minutes, and hold the seconds of each update."
LESSONS = Path(__file__).parents[2] / "notebooks"


def main(arguments: list[str]) -> None:
    command = parser("replays", __doc__)
    command.add_argument("--again", help="record those anew whose name begins so")
    options = command.parse_args(arguments)
    check_writable(results.FOLDER)
    for widget in widgets():
        name = widget.setting
        again = options.again and name.startswith(options.again)
        if name in recordings() and not again:
            continue
        began = time.monotonic()
        widget.train().wait()
        print(f"{name}, {time.monotonic() - began:.0f} s: {widget.status.value}", flush=True)
        save(name, widget.recording())
        del widget
        gc.collect()


def widgets() -> Iterator[Race]:
    """Each widget in each setting that is recorded."""
    race = lesson_variable("02", "race")
    for race.updates.value in (60, 120, 400):
        yield race
    films, source = sentiment.load(), sources.minilm()
    for labels in (0, 50, 100, 400, 1600):
        yield SideBySide(source, films, see_it_work.summary(), labels=labels)
    freeze = Freeze(source, films, results.load("freeze"))
    for parts in RECORDED:
        yield freeze.choose(*parts)
    for sentences in (100, 200, 300, 1000):
        yield TaggingRace(source, entities.load(), sentences=sentences)
    yield TranslationRace(sources.load("translator"), results.load("translation"), "it", pairs=300)


def lesson_variable(number: str, name: str):
    """The variable of a lesson, after the lesson's own cells up to the one that sets it."""
    paths = list(LESSONS.glob(f"{number}_*.ipynb"))
    if not paths:
        raise KitError(f"lesson {number} is not in {LESSONS}: run this in the course's folder.")
    variables: dict = {}
    for cell in json.loads(paths[0].read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code" and cell["id"] != "setup" and name not in variables:
            exec("".join(cell["source"]), variables)  # the project's own text
    return variables[name]


def recordings() -> dict:
    """Name -> recording, of all that are recorded."""
    return results.load(REPLAYS)["recordings"] if PATH.exists() else {}


def save(name: str, recording: dict) -> None:
    """Add a recording, which says itself when and on which machine it was made."""
    content = {
        "what": "trainings of the lessons as they went: curves, and scores of the end",
        "command": f"python -m kit.experiments {REPLAYS}",
        "recordings": recordings() | {name: recording},
    }
    files.write_json(PATH, content)
