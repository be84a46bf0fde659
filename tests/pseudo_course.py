"""What a reader sees of the kit that is imported: python tests/pseudo_course.py CHAPTER ...

It prints JSON: place -> texts, numbers. A test runs it with the kit of the pseudo-language, looks
for words without a mark, and compares the numbers with those of the English kit. Nothing here is
trained: widgets are made as the lessons make them, and asked.
"""

import html
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "solutions"))

TRAITS = ("description", "tooltip", "placeholder")
FIGURE = {
    "x",
    "y",
    "text",
    "name",
    "title",
    "ticktext",
    "hovertext",
    "texttemplate",
    "hovertemplate",
}
HIDDEN = r"<(style|script|code)\b.*?</\1>"
UNSTABLE = {"template", "uid", "meta", "margin", "width", "ax", "ay", "font"}
"""Keys of a figure whose numbers are not data, or depend on the length of words."""


def of_html(page: str) -> Iterator[str]:
    """The texts of a page, also of tooltips; what is code is left out."""
    page = re.sub(HIDDEN, " ", page, flags=re.DOTALL)
    yield from re.findall(r'\b(?:title|aria-label|alt)="([^"]*)"', page)
    yield html.unescape(re.sub(r"<[^>]*>", " ", page))


def of_figure(part: object, key: str = "") -> Iterator[str]:
    """The texts of a plotly figure, as a dictionary."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name not in ("template", "meta"):
                yield from of_figure(value, name)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from of_figure(value, key)
    elif isinstance(part, str) and key in FIGURE:
        yield from of_html(re.sub(r"%\{[^}]*\}", " ", part))


def of_widget(widget: object) -> Iterator[str]:
    """The texts of an ipywidget and of its children."""
    if hasattr(widget, "to_plotly_json"):
        yield from of_figure(widget.to_plotly_json())
        return
    for child in getattr(widget, "children", ()):
        yield from of_widget(child)
    for trait in TRAITS:
        yield str(getattr(widget, trait, None) or "")
    yield from getattr(widget, "_options_labels", ())
    if type(widget).__name__ in ("HTML", "Label"):
        yield from of_html(widget.value)


def seen(shown: object) -> list[str]:
    """The texts of a widget, a figure, a table, a verdict, a drawing or a string."""
    if hasattr(shown, "to_plotly_json"):
        found = of_figure(shown.to_plotly_json())
    elif hasattr(shown, "to_html"):
        found = of_html(shown.to_html())
    elif hasattr(shown, "_repr_html_"):
        found = of_html(shown._repr_html_())
    elif hasattr(shown, "_ipython_display_"):  # a widget of the course, with all its controls
        parts = (part for part in vars(shown).values() if hasattr(part, "comm"))
        found = [text for part in parts for text in of_widget(part)]
    else:
        found = of_html(html.escape(str(shown), quote=False))
    return sorted({" ".join(text.split()) for text in found} - {""})


def numbers(shown: object) -> list[str]:
    """The numbers of a table or of a figure: the same ones in every language."""
    if hasattr(shown, "to_plotly_json"):
        return sorted(of_data(shown.to_plotly_json()))
    if hasattr(shown, "to_html"):
        shown = shown.to_html(table_uuid="x")
        return sorted(re.findall(r"\d[\d.,]*", re.sub(HIDDEN, " ", shown, flags=re.DOTALL)))
    if hasattr(shown, "_ipython_display_"):
        figures = (part for part in vars(shown).values() if hasattr(part, "to_plotly_json"))
        return sorted(number for figure in figures for number in of_data(figure.to_plotly_json()))
    return []


def of_data(part: object) -> Iterator[str]:
    """The numbers of a plotly figure, as a dictionary."""
    if isinstance(part, dict):
        yield from (n for key, value in part.items() if key not in UNSTABLE for n in of_data(value))
    elif hasattr(part, "tolist"):
        yield from of_data(part.tolist())
    elif isinstance(part, list | tuple):
        yield from (n for value in part for n in of_data(value))
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield f"{part:.6g}"


def quizzes() -> dict[str, Callable]:
    from kit import exercises
    from kit.exercises.quiz import FOLDER

    names = sorted(path.stem[-2:] for path in FOLDER.glob("quiz_*.py"))
    return {name: lambda name=name: exercises.quiz(name) for name in names}


def hints() -> dict[str, Callable]:
    from importlib import import_module

    from kit import exercises
    from kit.exercises.quiz import FOLDER

    lessons = sorted(path.stem[-2:] for path in FOLDER.glob("lesson_*.py"))
    names = [
        f"{lesson}.{number}"
        for lesson in lessons
        for number in import_module(f"kit.exercises.lesson_{lesson}").EXERCISES
    ]
    return {name: lambda name=name: exercises.hint(name) for name in names}


def verdicts() -> dict[str, Callable]:
    """What the first wrong answer to each exercise learns."""
    from importlib import import_module

    from kit import exercises

    def of(name: str) -> Callable:
        lesson, number = name.split(".")
        wrong = import_module(f"lesson_{lesson}").WRONG[number]
        return lambda: exercises.check(name, *wrong[0]).text

    return {name: of(name) for name in hints()}


def errors() -> dict[str, Callable]:
    """The messages of wrong calls in many rooms."""
    import test_bare_errors

    from kit import results, sources
    from kit.data import corpora, own, splits
    from kit.errors import KitError
    from kit.exercises import check, quiz
    from kit.migrate import migrate
    from kit.widgets import Descent, LossCurves

    def said(call: Callable) -> str:
        try:
            call()
        except KitError as error:
            return str(error)
        raise AssertionError("there was no error")

    calls = {name: call for name, (call, _) in test_bare_errors.CALLS.items()}
    calls |= {
        "a source": lambda: sources.load("nothing"),
        "a corpus": lambda: corpora.pinned("train", ("nothing",)),
        "a language": lambda: splits.messages("xx"),
        "a file": lambda: own.read("nothing.csv", ("text", "label")),
        "a result": lambda: results.load("nothing"),
        "an exercise": lambda: check("03.99", 1),
        "a quiz": lambda: quiz("99"),
        "a strategy": lambda: migrate(test_bare_errors.source(), None, "nothing"),
        "no source": lambda: migrate("rnn_encoder", None, "full"),
        "a widget": lambda: Descent(),
        "an argument": lambda: LossCurves(nothing=1),
    }
    return {name: lambda call=call: said(call) for name, call in calls.items()}


def tables() -> dict[str, Callable]:
    from kit import results

    names = [name for name in results.names() if name not in ("replays", "gpu")]
    return {name: lambda name=name: results.table(name) for name in names}


CHAPTERS = (quizzes, hints, verdicts, errors, tables)


def main(*names: str) -> None:
    import pseudo_widgets

    chapters = {chapter.__name__: chapter for chapter in (*CHAPTERS, *pseudo_widgets.CHAPTERS)}
    found = {}
    for chapter in names:
        for name, make in chapters[chapter]().items():
            shown = make()
            found[f"{chapter}: {name}"] = {"texts": seen(shown), "numbers": numbers(shown)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
