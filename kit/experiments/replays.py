"""Trainings of the lessons as they went, to be replayed in a lecture: with the widgets themselves.

    python -m kit.experiments replays              # what is missing
    python -m kit.experiments replays --again films    # those whose name begins so, anew

Writes kit/results/data/replays.json after each; two threads, and nothing else should run.
"""

import argparse
import gc
import time
from collections.abc import Iterator

import nbformat

from kit import results, runtime, sources
from kit.results import load, see_it_work
from kit.tasks import entities, sentiment
from kit.widgets.base.race import REPLAYS, Race
from kit.widgets.entities.tagging_race import TaggingRace
from kit.widgets.labels.side_by_side import SideBySide
from kit.widgets.parameters.freeze import RECORDED, Freeze
from kit.widgets.translation.translation_race import TranslationRace

FILE = results.FOLDER / f"{REPLAYS}.json"


def of_lesson(number: str, name: str):
    """What a lesson calls by this name, made by its own cells."""
    [path] = (FILE.parents[2] / "notebooks").glob(f"{number}_*.ipynb")
    known: dict = {}
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code" and cell.id != "setup" and name not in known:
            exec(cell.source, known)  # the project's own text
    return known[name]


def widgets() -> Iterator[Race]:
    """Each widget in each setting that is recorded."""
    race = of_lesson("02", "race")
    for race.seconds.value in (10, 30):
        yield race
    films, source = sentiment.load(), sources.minilm()
    for labels in (0, 50, 100, 400, 1600):
        yield SideBySide(source, films, see_it_work.summary(), labels=labels)
    play = Freeze(source, films, load("freeze"))
    for parts in RECORDED:
        yield play.choose(*parts)
    for sentences in (100, 200, 300, 1000):
        yield TaggingRace(source, entities.load(), sentences=sentences)
    yield TranslationRace(sources.load("translator"), load("translation"), "it", pairs=300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--again", default=None)
    options = parser.parse_args()
    known = load(REPLAYS)["recordings"]
    for widget in widgets():
        setting = widget.setting
        if setting in known and not (options.again and setting.startswith(options.again)):
            continue
        began = time.monotonic()
        widget.train().wait()
        print(f"{setting}, {time.monotonic() - began:.0f} s: {widget.status.value}", flush=True)
        known[setting] = widget.recording()
        save(known)
        del widget
        gc.collect()


def save(known: dict) -> None:
    about = {
        "what": "trainings of the lessons as they went: curves, and scores of the end",
        "command": f"python -m kit.experiments {REPLAYS}",
    }
    runtime.write_json(FILE, about | {"recordings": known})


if __name__ == "__main__":
    main()
