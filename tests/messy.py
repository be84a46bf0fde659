"""A messy file of the user's own data for each kind, as real files are: what a widget must read.

Each has bad rows, and something of its own: a byte-order mark, semicolons, quotes, Windows' line
ends, UTF-16, a class with one row, IOB1 tags, a broken line.
"""

import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MESSY", "Messy"]

PLACES = ("Bergen", "Tromsø", "Lisbon", "Dover", "Genoa", "Riga", "Cork", "Porto", "Hull", "Nantes")
NAMES = ("Mara Lind", "Ole Dahl", "Ines Prado", "Tom Reed", "Ada Kerr")


@dataclass(frozen=True)
class Messy:
    """A file, and what is right about it."""

    name: str
    content: bytes
    good: int
    bad: int
    said: tuple[str, ...]
    """What the report must say."""
    columns: tuple[str, str]
    """The columns with the text and with the answer."""
    second: str
    """The name of a second file, with texts to predict."""
    second_content: bytes
    rows: int
    """How many rows it has."""
    answered: int
    """How many of them can be answered."""
    ask: str
    """A text to ask."""

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Both files in a folder."""
        paths = folder / self.name, folder / self.second
        for path, content in zip(paths, (self.content, self.second_content), strict=True):
            path.write_bytes(content)
        return paths


def classes() -> Messy:
    """Semicolons, doubled quotes, CRLF, a byte-order mark; one class has one row."""
    lines = ["Nr;Mail;About"]
    for i, place in enumerate(PLACES):
        lines += [
            f'{i};"The invoice from {place}; is ""wrong"" by {i * 7} euros";bill',
            f"{i};Please send invoice {i + 40} to {place} again;bill",
            f"{i};The screen in {place} stays black after {i} hours;broken",
            f"{i};Pump {i + 3} in {place} does not switch on;broken",
        ]
    lines += ["77;;bill", "78;Nobody said what this is about;", "79;one;field;more"]
    lines += ['80;"never closed;bill', "81;Where is your office?;question"]
    second = 'Mail\r\n"The invoice is ""wrong"" again"\r\nThe pump stays black\r\n"  "\r\n'
    return Messy(
        name="mails.csv",
        content=("\ufeff" + "\r\n".join(lines) + "\r\n").encode(),
        good=41,
        bad=4,
        said=(
            "text is empty",
            "label is empty",
            "another number of columns",
            "never closed",
            "one row alone is of class &#x27;question&#x27;",
            "has no row in validation, test",
        ),
        columns=("Mail", "About"),
        second="more.csv",
        second_content=second.encode(),
        rows=3,
        answered=2,
        ask="The invoice is too high.",
    )


def tags() -> Messy:
    """A CoNLL file with IOB1 tags, CRLF, four columns, and a word without a tag."""
    lines = ["-DOCSTART- -X- O O", ""]
    for i in range(30):
        first, last = NAMES[i % 5].split()
        place = PLACES[i % 10]
        lines += [f"{first} NNP I-NP I-PER", f"{last} NNP I-NP I-PER", "sails VBZ I-VP O"]
        lines += ["to TO I-PP O", f"{place} NNP I-NP I-LOC", f"{i} CD I-NP O", ". . O O", ""]
    lines += ["Broken", "sentence NN I-NP O", ""]
    second = "words\nAda Kerr sails to Bergen .\nNobody sails .\n\n"
    return Messy(
        name="names.conll",
        content="\r\n".join(lines).encode(),
        good=30,
        bad=1,
        said=("the tags were IOB1, and are BIO now", "a word and no tag"),
        columns=("words", "tags"),
        second="sentences.csv",
        second_content=second.encode(),
        rows=2,
        answered=2,
        ask="Mara Lind sails to Lisbon.",
    )


def pairs() -> Messy:
    """Russian pairs with tabs in UTF-16 (what Excel calls Unicode text), quotes as letters."""
    words = {"file": "файл", "folder": "папку", "page": "страницу", "user": "пользователя"}
    verbs = {"Open": "Открыть", "Close": "Закрыть", "Save": "Сохранить", "Delete": "Удалить"}
    verbs |= {"Show": "Показать", "Hide": "Скрыть"}
    lines = ["id\tEnglish\tRussian"]
    for i, (verb, russian) in enumerate(verbs.items()):
        lines += [f"{i}\t{verb} {one}\t{russian} {other}" for one, other in words.items()]
    lines += ['90\tWidth 5"\tШирина 5"', "91\tNothing yet\t", '92\t"Open" starts\t«Открыть»']
    second = "English\tRussian\nOpen folder\tОткрыть папку\nHide the users\tСкрыть всех\n\tНичего\n"
    return Messy(
        name="menu.tsv",
        content="\r\n".join(lines).encode("utf-16"),
        good=26,
        bad=1,
        said=("translation is empty", "quotes are read as letters"),
        columns=("English", "Russian"),
        second="other.tsv",
        second_content=second.encode(),
        rows=3,
        answered=2,
        ask="Open user",
    )


def headlines() -> Messy:
    """JSON Lines with a byte-order mark, empty lines, a broken line and a headline that lacks."""
    lines = []
    for i, place in enumerate(PLACES * 3):
        name = NAMES[i % 5]
        text = f"{name} reached {place} with boat {i} on Monday.\nThe wind was {i} knots there."
        row = {"title": f"{name} reaches {place} with boat {i}", "body": text, "seen": i}
        lines.append(json.dumps(row, ensure_ascii=False))
    lines[3:3] = [
        "",
        '{"title": "cut off", "body": "The fi',
        '{"title": null, "body": "No title."}',
    ]
    second = [{"body": "Ada Kerr reached Hull on Sunday."}, {"body": 7}]
    return Messy(
        name="news.jsonl",
        content=("\ufeff" + "\n".join(lines)).encode(),
        good=30,
        bad=2,
        said=("no JSON", "headline is empty"),
        columns=("body", "title"),
        second="today.jsonl",
        second_content="\n".join(map(json.dumps, second)).encode(),
        rows=2,
        answered=1,
        ask="Tom Reed reached Riga with a new boat on Friday.",
    )


MESSY = {"classes": classes(), "tags": tags(), "pairs": pairs(), "headlines": headlines()}
"""Kind of data -> its messy file."""
