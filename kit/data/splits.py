"""Splits: the labelled texts, divided by hash into train, validation and test.

The division is the same on every machine. Pretraining may read only train texts (without their
labels), so `kit.data.corpora` needs it too: that is why it is here and not in the tasks.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from kit.data.archives import ARCHIVES, read, read_all
from kit.data.cache import stored
from kit.data.duplicates import groups
from kit.errors import KitError
from kit.runtime import cache_dir

__all__ = ["DOMAINS", "LANGUAGES", "SPLITS", "articles", "clean", "digest", "fill", "messages"]
__all__ += ["ratings", "tagged"]

SPLITS = ("train", "validation", "test")

DOMAINS = {  # the name of each domain of the ratings, and of its file in the archive
    "films": "movieReviewSnippets",
    "products": "amazonReviewSnippets",
    "news": "nytEditorialSnippets",
    "tweets": "tweets",
}
BY_DOCUMENT = ("products", "news")  # whose ids are document_sentence

LANGUAGES = ("en", *(name[11:] for name in ARCHIVES if name.startswith("jupyterlab-")))
VERSION = 1  # of the table in the cache: count up when the code that makes it changes
FOLDERS = {"pt": ("pt_BR", "pt_BR", "pt_BR"), "zh": ("zh_CN", "zh_Hans", "zh_Hans")}


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal: a random number that is the same everywhere."""
    return sha256(text.encode()).hexdigest()


def clean(text: str) -> str:
    """The text with HTML entities decoded, single spaces, and no empty lines.

    Entities are decoded twice, because some texts are escaped twice: "Lord &amp;amp; Taylor".
    """
    lines = html.unescape(html.unescape(text)).splitlines()
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def fill(sizes: dict[str, int], salt: str) -> dict[str, str]:
    """The split of each group: 80 % of the texts are train, 10 % validation, 10 % test.

    sizes: group -> number of texts. The groups are taken in the order of the hashes of
    "salt/group", so that a salt gives an order of its own.
    """
    split, before, total = {}, 0, sum(sizes.values())
    for group in sorted(sizes, key=lambda group: digest(f"{salt}/{group}")):
        tenth = 10 * before // total
        split[group] = SPLITS[0] if tenth < 8 else SPLITS[tenth - 7]
        before += sizes[group]
    return split


def ratings(domain: str) -> list[dict]:
    """The rated sentences of a domain: id, text, rating (-4 to 4), label, group, split.

    label is 1 where the rating is positive, else 0. A group is a set of near-duplicates or the
    sentences of one document. The files are UTF-8, although they are often read as Latin-1.
    """
    content = read("ratings", f"hutto_ICWSM_2014/{DOMAINS[domain]}_GroundTruth.txt")
    lines = (line.split("\t") for line in content.decode("utf-8").splitlines())
    ids, rated, texts = zip(*lines, strict=True)
    texts = [" ".join(clean(text).split()) for text in texts]
    documents = [name.split("_")[0] for name in ids] if domain in BY_DOCUMENT else None
    group = [ids[first] for first in groups(texts, together=documents)]
    split = fill(Counter(group), domain)
    rows = [
        {
            "id": ids[i],
            "text": texts[i],
            "rating": float(rated[i]),
            "label": int(float(rated[i]) > 0),
            "group": group[i],
            "split": split[group[i]],
        }
        for i in range(len(ids))
    ]
    # The files are sorted by class: their first hundred sentences are all positive.
    return sorted(rows, key=lambda row: digest(f"{domain}/row/{row['id']}"))


def articles() -> list[dict]:
    """The BBC's news articles without repetitions: id, topic, headline, text, split.

    175 of the 2,225 files share two fifths of their word pairs with an earlier file and are left
    out. Articles that share one fifth, such as follow-ups with the same quotations, are all in
    one split. The lines of a text are its paragraphs.
    """
    return stored(cache_dir() / "splits" / f"articles-{VERSION}.table", _articles).to_pylist()


def _articles() -> list[dict]:
    rows = []
    for name, content in sorted(read_all("bbc", "*/bbcnews/data/*/*.txt").items()):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:  # one file of them
            text = content.decode("cp1252")
        headline, *body = clean(text).split("\n")
        topic, number = name.removesuffix(".txt").split("/")[-2:]
        about = {"id": f"{topic}/{number}", "topic": topic, "headline": headline}
        rows.append(about | {"text": "\n".join(body)})
    copy_of = groups([row["text"] for row in rows])
    rows = [row for i, row in enumerate(rows) if copy_of[i] == i]
    story = [rows[i]["id"] for i in groups([row["text"] for row in rows], share=(1, 5))]
    split = fill(Counter(story), "articles")
    return [row | {"split": split[of]} for row, of in zip(rows, story, strict=True)]


def tagged() -> list[dict]:
    """The sentences of CoNLL-2003: id, words, tags (BIO), split (the official one)."""
    rows = []
    for file, split in zip(("train", "valid", "test"), SPLITS, strict=True):
        content = read("conll", f"neuroner/data/conll2003/en/{file}.txt").decode("utf-8")
        blocks = (block.splitlines() for block in re.split(r"\n\s*\n", content))
        kept = [lines for lines in blocks if lines and not lines[0].startswith("-DOCSTART-")]
        for number, lines in enumerate(kept):
            words, *_, tags = zip(*(line.split() for line in lines), strict=True)
            rows.append({"id": f"{split}/{number}", "words": list(words), "tags": list(tags)})
            rows[-1]["split"] = split
    return rows


def messages(language: str) -> list[dict]:
    """Software messages with their translations: english, translation, origin, split.

    Placeholders stay (`%(name)s`, `${name}`, `%1`); a message with a plural gives its singular.
    The split depends only on the words of the English text, so that no English text of the test
    is in the training text of any language or program. "en" has the English messages with an
    empty translation. Raises KitError for an unknown language.
    """
    if language not in LANGUAGES:
        raise KitError(f"language {language!r} is unknown: choose one of {', '.join(LANGUAGES)}.")
    rows = {}
    for origin, english, translation in _catalogues(language):
        english, translation = clean(english), clean(translation)
        named = re.fullmatch(r"[a-z]+(_\w+)+", english)  # a key without an English text
        if english and not named and (translation or language == "en"):
            rows.setdefault((english, translation), origin)
    return [
        {"english": english, "translation": translation, "origin": origin, "split": _side(english)}
        for (english, translation), origin in rows.items()
    ]


def _side(english: str) -> str:
    words = " ".join(re.findall(r"\w+", english.lower())) or english
    return SPLITS[max(0, int(digest(f"messages/{words}"), 16) % 10 - 7)]


def _catalogues(language: str) -> Iterator[tuple[str, str, str]]:
    """(origin, English, translation) of every message, as the catalogues have them."""
    pack = "fr" if language == "en" else language  # the fullest of them, for its English
    for content in read_all(f"jupyterlab-{pack}", "*/LC_MESSAGES/*.json").values():
        for key, value in json.loads(content).items():
            if key and isinstance(value, list):  # a dict describes the file
                yield "jupyterlab", key.split("\x04")[-1], "" if language == "en" else value[0]
    folders = FOLDERS.get(language, (language,) * 3)
    for origin, folder in zip(("plone", "django", "wagtail"), folders, strict=True):
        found = read_all(origin, f"*/{folder}/LC_MESSAGES/*.po")
        if language == "en":  # Plone's templates have more than its English folder
            found |= read_all(origin, "*.pot")
        for _, content in sorted(found.items()):
            for english, translation in _entries(content.decode("utf-8")):
                yield origin, english, "" if language == "en" else translation


def _entries(catalogue: str) -> Iterator[tuple[str, str]]:
    """(English, translation) of the entries of a `.po` file; the first one describes the file.

    Plone names some messages and puts their English in a comment, `#. Default: "..."`.
    """
    for entry in re.split(r"\n\s*\n", catalogue.replace("\r", "")):
        default = re.search(r'^#\. Default: (".*"(?:\n#\. ".*")*)', entry, re.M)
        english = _quoted(default[1]) if default else _field(entry, "msgid")
        if _field(entry, "msgid") and not re.search("^#,.*fuzzy", entry, re.M):
            yield english, _field(entry, "msgstr") or _field(entry, r"msgstr\[0\]")


def _field(entry: str, name: str) -> str:
    found = re.search(rf'^{name}((?:\s+".*")+)', entry, re.M)
    return _quoted(found[1]) if found else ""


def _quoted(lines: str) -> str:
    r"""The text of `"..."` lines, with \n, \t, \" and \\ undone."""
    text = "".join(re.findall(r'"(.*)"', lines))
    return re.sub(r"\\(.)", lambda c: {"n": "\n", "t": "\t"}.get(c[1], c[1]), text)
