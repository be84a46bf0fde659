"""Named entities: which words of a sentence name a person, an organisation, a place?

CoNLL-2003, 20,744 sentences of Reuters news of 1996/97, tagged by people (Tjong Kim Sang & De
Meulder 2003, aclanthology.org/W03-0419; for research and teaching). W words of a text, C tags.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from kit import train
from kit.data.archives import ARCHIVES
from kit.data.cache import stored
from kit.data.own import Column
from kit.data.splits import SPLITS, tagged
from kit.errors import KitError
from kit.loss import IGNORE
from kit.migrate import Migration, migrate
from kit.models import TagHead
from kit.runtime import cache_dir
from kit.tasks import tagging
from kit.tasks.sampling import sample
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import DatasetDict

    from kit.sources import Source

__all__ = ["COLUMNS", "KINDS", "METRIC", "TAGS", "align", "baselines", "encode"]
__all__ += ["head", "interval", "load", "marked", "names", "options", "predict", "recipe"]
__all__ += ["sample", "score", "scorer", "show", "words"]

KINDS = {"PER": "person", "ORG": "organisation", "LOC": "place", "MISC": "other name"}
TAGS = ("O", *(f"{begin}-{kind}" for kind in KINDS for begin in "BI"))
"""O: no entity; B-…: its first word; I-…: each further one."""
OUTSIDE = "O"
METRIC = "f1"
COLUMNS = {"words": Column("words"), "tags": Column("tags", TAGS)}

LIMIT = 128
"""Pieces that are read at once; a longer text is read in several windows."""
CAPITAL, CAPITALS = "^", "~"
"""What tells a tokenizer that makes all letters small: a word begins with a capital, or has no
small letter."""

COLOURS = {"PER": "#CC79A7", "ORG": "#56B4E9", "LOC": "#009E73", "MISC": "#E69F00"}
VERSION = 1  # of the table in the cache: count up when the code that makes it changes


def load() -> "DatasetDict":
    """CoNLL-2003's usual splits: 14,041 sentences to train, 3,250 to validate, 3,453 to test.

    Columns:
        id      string, such as "train/0"
        words   list of strings, as the corpus cuts them: punctuation is a word
        tags    list of the numbers of `TAGS`, one a word; every entity begins with a B-
    """
    from datasets import ClassLabel, Dataset, DatasetDict, DatasetInfo, Features, List, Value
    from pyarrow import compute

    table = stored(cache_dir() / "entities" / f"conll-{VERSION}.parquet", tagged)
    kinds = {"id": Value("string"), "words": List(Value("string"))}
    features = Features(kinds | {"tags": List(ClassLabel(names=list(TAGS)))})
    about = ARCHIVES["conll"]
    info = DatasetInfo(about.what, about.citation, license=about.licence, features=features)
    splits = {}
    for name in SPLITS:
        rows = table.filter(compute.equal(table["split"], name)).select(list(features)).to_pydict()
        splits[name] = Dataset.from_dict(rows, features=features, info=info, split=name)
    return DatasetDict(splits)


def head(width: int, tokenizer: Tokenizer | None = None, *, tags: Sequence[str] = TAGS) -> TagHead:
    """A fresh head: from a body of this width to the C tags of each piece."""
    return TagHead(width, len(tags))


def options(strategy: str, source: "Source") -> dict:
    """The rates for `migrate`, chosen on validation, one seed (docs/LOG.md)."""
    small = _small(source)
    rate = {"RNN": 3e-3, "Transformer": 1e-3}[type(source.body).__name__] if small else 3e-4
    if strategy == "from_scratch":
        return {"rate": rate}
    if strategy == "lora":
        return {"rate": 1e-2 if small else 3e-3}
    if strategy in ("full", "choose_layers", "narrow"):
        return {"rate": rate, "head_rate": rate if small else 3e-3}
    return {}


def target(source: "Source", strategy: str = "full", *, seed: int = 0, **given) -> Migration:
    """The source migrated to tags, at the rates that were chosen for it (`options`)."""
    return migrate(source, head, strategy, seed=seed, **options(strategy, source) | given)


def _small(source: "Source") -> bool:
    return source.body.width < 200


def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT, *, marks: bool | None = None
) -> list[dict]:
    """Rows with words and tags as examples for `fit`, at most `limit` pieces each.

    The first piece of each word carries its tag; what goes on and what is special carries
    IGNORE, which costs nothing. marks: whether words are `marked`; None where the vocabulary
    has no capitals.
    """
    found, marks = [], _uncased(tokenizer) if marks is None else marks
    for row in rows:
        ids, first = align(row["words"], tokenizer, limit, marks)
        y = np.full(len(ids), IGNORE)
        there = first >= 0
        y[first[there]] = np.asarray(row["tags"])[there]
        found.append({"ids": ids, "y": y.tolist()})
    return found


def align(
    words: Sequence[str], tokenizer: Tokenizer, limit: int | None = None, marks: bool | None = None
) -> tuple[list[int], np.ndarray]:
    """(ids, first): the pieces of the words, and of each word where its first piece is; -1 for
    a word without one (nothing but control characters, or beyond the `limit`)."""
    text, owner = list(words), range(len(words))
    if _uncased(tokenizer) if marks is None else marks:
        text, owner = marked(words)
    ids, of = tokenizer.align(text, limit)
    first = np.full(len(words), -1)
    for place in reversed(range(len(ids))):
        if of[place] is not None and owner[of[place]] is not None:
            first[owner[of[place]]] = place
    return ids, first


def marked(words: Sequence[str]) -> tuple[list[str], list[int | None]]:
    """The words with `CAPITAL` before each that begins with a capital and `CAPITALS` before each
    that has no small letter; and of each the number of the word, None for a mark."""
    text, owner = [], []
    for number, word in enumerate(words):
        if word[:1].isupper():
            text.append(CAPITALS if len(word) > 1 and word.isupper() else CAPITAL)
            owner.append(None)
        text.append(word)
        owner.append(number)
    return text, owner


def _uncased(tokenizer: Tokenizer) -> bool:
    """Whether the vocabulary makes all letters small, so that Turkey and turkey are one."""
    return tokenizer.encode("Turkey") == tokenizer.encode("turkey")


def recipe(
    n: int, strategy: str = "full", *, seed: int = 0, source: "Source | None" = None
) -> Recipe:
    """How to fine-tune on n sentences: in small batches, more often the fewer there are. A source
    as large as MiniLM gets a quarter of the passes, its control as well: it needs no more, and a
    slow machine has no time for more. Chosen on validation (docs/LOG.md)."""
    share = 1.0 if source is None or _small(source) else 0.25
    epochs = share * (6 + 2000 / n)
    return Recipe(epochs=epochs, batch_size=8, keep_best=False, evaluations=5, seed=seed)


LETTERS = r"[^\s!-/:-@\[-`{-~…“”‘’«»„–—،؛؟。、]+"
WORD = re.compile(rf"(?:[A-Z]\.){{2,}}|['’]s\b|{LETTERS}(?:(?!['’]s\b)[-.&/'’]{LETTERS})*|\S")
END = frozenset(".!?。؟")


def words(text: str) -> list[str]:
    """A text cut into words about as the corpus cuts them: punctuation is a word of its own."""
    return WORD.findall(text)


def predict(
    model: nn.Module,
    tokenizer: Tokenizer,
    texts: str | Iterable[str | Sequence[str]],
    *,
    tags: Sequence[str] = TAGS,
    marks: bool | None = None,
) -> list[list[str]]:
    """The tags of each text, one a word: of a text as one writes it, of its `words`; a list of
    words is taken as it is. Of any length: what is longer than 128 pieces is read in windows.
    marks: as in `encode`.

    Raises KitError for what is neither, and for what is empty.
    """
    rows = [_words(text) for text in ([texts] if isinstance(texts, str) else texts)]
    if not rows:
        raise KitError("there is no text: give at least one sentence.")
    marks, windows, examples = _uncased(tokenizer) if marks is None else marks, [], []
    for row, of in enumerate(rows):
        for start, end in _windows(of, tokenizer, marks):
            ids, first = align(of[start:end], tokenizer, LIMIT, marks)
            windows.append((row, start, first))
            examples.append({"ids": ids, "y": 0})
    if OUTSIDE not in tags:
        raise KitError(f"the tags {', '.join(tags)} have no {OUTSIDE!r}, for a word in no entity.")
    logits = [np.zeros((len(of), len(tags)), np.float32) for of in rows]
    for own in logits:
        own[:, list(tags).index(OUTSIDE)] = 1e-3  # a word without a piece is no entity
    for (row, start, first), found in zip(windows, train.predict(model, examples), strict=True):
        if found.shape[-1] != len(tags):
            raise KitError(
                f"the model answers with {found.shape[-1]} tags, and {len(tags)} are named "
                f"({', '.join(tags[:5])}, ...): give tags=, the names that it was trained on."
            )
        there = np.flatnonzero(first >= 0)
        logits[row][start + there] = found[first[there]]
    return [[tags[i] for i in tagging.best(own, tags)] for own in logits]


def _words(text: str | Sequence[str]) -> list[str]:
    if isinstance(text, str):
        return words(check_texts([text])[0])
    if not isinstance(text, list | tuple | np.ndarray) or not len(text):
        check_texts(text if isinstance(text, bytes) else [text])
    wrong = [word for word in text if not isinstance(word, str)]
    if wrong:
        raise KitError(f"{wrong[0]!r:.60} is no word: give a text in quotes, or a list of words.")
    return list(text)


def _windows(words: list[str], tokenizer: Tokenizer, marks: bool) -> list[tuple[int, int]]:
    """(first word, the one after the last) of windows of at most `LIMIT` pieces, which end where
    a sentence does if one ends in their second half."""
    text, owner = marked(words) if marks else (words, range(len(words)))
    size, ahead = np.zeros(len(words), int), 0
    for pieces, number in zip(_pieces(text, tokenizer), owner, strict=True):
        ahead += pieces  # a mark counts for the word that it stands before
        if number is not None:
            size[number], ahead = ahead, 0
    begins = np.append(0, np.cumsum(size))  # (W + 1,)
    if begins[-1] <= LIMIT - 2:
        return [(0, len(words))]
    found, start = [], 0
    while start < len(words):
        room = begins[start] + LIMIT - 2
        end = max(start + 1, int(np.searchsorted(begins, room, "right")) - 1)
        stops = [i + 1 for i in range((start + end) // 2, end) if words[i] in END]
        end = stops[-1] if stops and end < len(words) else end
        found.append((start, end))
        start = end
    return found


def _pieces(words: Sequence[str], tokenizer: Tokenizer) -> list[int]:
    """How many pieces each word has in running text."""
    return [len(i) for i in tokenizer.encode_many([f" {word}" for word in words], special=False)]


def names(tags: Sequence[int | str], known: Sequence[str] = TAGS) -> list[str]:
    """Tags as words. known: what the numbers among them stand for."""
    words = []
    for tag in tags:
        if isinstance(tag, str):
            words.append(tag)
        elif 0 <= tag < len(known):
            words.append(known[tag])
        else:
            raise KitError(
                f"the tags hold the number {tag}, and there are {len(known)} tags, 0 to "
                f"{len(known) - 1} ({', '.join(known[:5])}, ...): give tags=, the names of yours."
            )
    return words


def _truth(rows: Iterable[dict], tags: Sequence[str] | None) -> list[list[str]]:
    """The true tags of each row as words: by `tags`, else by the names that the data itself has
    (a `datasets.Dataset` of `kit.data.own`), else by `TAGS`."""
    known = _known(rows) if tags is None else tags
    return [names(row["tags"], known) for row in rows]


def score(
    answers: Sequence[Sequence[str]], rows: Iterable[dict], *, tags: Sequence[str] | None = None
) -> dict[str, float]:
    """f1, precision and recall of whole entities, 0 to 1, and f1 of each kind: "f1 PER", …

    tags: what the numbers in the rows stand for; default: what the rows themselves say.
    """
    return tagging.score(answers, _truth(rows, tags))


def interval(
    answers: Sequence[Sequence[str]], rows: Iterable[dict], *, tags: Sequence[str] | None = None
) -> tuple[float, float]:
    """95 % interval of F1 over the sentences: `tagging.interval`. tags: as in `score`."""
    return tagging.interval(answers, _truth(rows, tags))


def scorer(
    rows: Iterable[dict],
    tokenizer: Tokenizer,
    limit: int | None = None,
    *,
    tags: Sequence[str] | None = None,
) -> Callable[[nn.Module], float]:
    """From a model to its F1 on these rows, or on the first `limit` of them. tags: as in `score`."""
    truth = _truth(rows, tags)[:limit]
    known = tuple(tags) if tags is not None else _known(rows)
    words = [row["words"] for row in islice(rows, limit)]
    return lambda model: tagging.score(predict(model, tokenizer, words, tags=known), truth)[METRIC]


def _known(rows: Iterable[dict]) -> tuple[str, ...]:
    """The names that the data itself has for its tags, else `TAGS`."""
    feature = (getattr(rows, "features", None) or {}).get("tags")
    return tuple(getattr(getattr(feature, "feature", None), "names", None) or TAGS)


def baselines(train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
    """F1 on `test` of giving each word the tag that it most often had in `train`, and O to a
    word that was never there."""
    known, truth = _known(train), _truth(test, None)
    seen: dict[str, Counter] = defaultdict(Counter)
    for row in train:
        for word, tag in zip(row["words"], names(row["tags"], known), strict=True):
            seen[word][tag] += 1
    usual = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
    answers = [[usual.get(word, "O") for word in row["words"]] for row in test]
    return {"most frequent tag": tagging.score(answers, truth)[METRIC]}


def show(text: str | Sequence[str], answer: Sequence[str]) -> str:
    """A text with its entities marked, each with its kind, as HTML; markup in it stays text."""
    if isinstance(text, str):
        places = [found.span() for found in WORD.finditer(text)]
    else:
        ends = np.cumsum([len(word) + 1 for word in text]).tolist()
        places = [(end - len(word) - 1, end - 1) for word, end in zip(text, ends, strict=True)]
        text = " ".join(text)
    page, at = [], 0
    for kind, first, last in tagging.spans(answer[: len(places)]):
        start, end = places[first][0], places[last][1]
        page += [escape(text[at:start]), _mark(escape(text[start:end]), kind)]
        at = end
    return (
        '<div dir="auto" style="font-size:19px;line-height:2.1;color:#1A1A1A;background:white;'
        f'padding:.4em 1em;max-width:60em">{"".join(page)}{escape(text[at:])}</div>'
    )


def _mark(content: str, kind: str) -> str:
    colour = COLOURS.get(kind, "#8C8C8C")
    return (
        f'<span style="background:{colour}40;border-bottom:3px solid {colour};padding:.1em .25em;'
        f'border-radius:.25em;box-decoration-break:clone;-webkit-box-decoration-break:clone">'
        f'{content} <b style="font-size:.7em">{escape(kind)}</b></span>'
    )
