"""What readers see in place of names that the code looks up: of tasks, texts, ways, parts.

A name such as "films" is a key of dictionaries and of results files, so a translation of the
course may not change it there; it changes the right side of `DISPLAY_NAMES`.
"""

import re

__all__ = ["DISPLAY_NAMES", "display_name", "name_options"]

DISPLAY_NAMES = {
    # tasks, and texts of the same kind
    "films": "films",
    "news": "news",
    "entities": "entities",
    "headlines": "headlines",
    "translation": "translation",
    "topics": "topics",
    "products": "products",
    "tweets": "tweets",
    "editorials": "editorials",
    "messages": "messages",
    # scores and costs
    "accuracy": "accuracy",
    "memory": "memory",
    "precision": "precision",
    "seconds": "seconds",
    "CPU seconds": "CPU seconds",
    "seeds": "seeds",
    "seeds and test sentences": "seeds and test sentences",
    "peak memory": "peak memory",
    "tokens per second": "tokens per second",
    # what a model begins with, and controls
    "from scratch": "from scratch",
    "scratch": "scratch",
    "fresh": "fresh",
    "from words": "from words",
    "trained": "trained",
    "pretrained": "pretrained",
    "control": "control",
    "lead": "lead",
    "eight words": "eight words",
    "weighty words": "weighty words",
    "chosen words": "chosen words",
    "people": "people",
    "linear probe": "linear probe",
    "most frequent tag": "most frequent tag",
    "mean": "mean",
    "none": "none",
    "yes": "yes",
    "no": "no",
    # frameworks
    "framework": "framework",
    "largest difference": "largest difference",
    "CPU seconds to import": "CPU seconds to import",
    "first batch": "first batch",
    "a batch": "a batch",
    "the kit's": "the kit's",
    "peak memory, MB": "peak memory, MB",
    # processes
    "strategy": "strategy",
    "sent, MB": "sent, MB",
    "one process, ms": "one process, ms",
    "two, predicted": "two, predicted",
    "two, measured": "two, measured",
    "times as fast, predicted": "times as fast, predicted",
    "measured": "measured",
    "one with two threads": "one with two threads",
    "two, sharded": "two, sharded",
    # faults of a conversion
    "no fault": "no fault",
    "matrices not turned": "matrices not turned",
    "outputs not turned": "outputs not turned",
    "norms left fresh": "norms left fresh",
    "positions shifted by 2": "positions shifted by 2",
    "words shifted by 1": "words shifted by 1",
    "capitals kept": "capitals kept",
    "token types left out": "token types left out",
    "norm_eps 1e-5": "norm_eps 1e-5",
    "GELU by tanh": "GELU by tanh",
    "fresh values": "fresh values",
    # halves and sizes of models
    "parameter": "parameter",
    "structure": "structure",
    "mixed": "mixed",
    "first layers": "first layers",
    "spread layers": "spread layers",
    "layers": "layers",
    "block": "block",
    "blocks": "blocks",
    "and": "and",
    "bits": "bits",
    "width": "width",
    "embeddings": "embeddings",
    "parameters": "parameters",
    # what a migration did to a tensor
    "copied": "copied",
    "projected": "projected",
    "sliced": "sliced",
    "widened": "widened",
    "composed": "composed",
    "rounded": "rounded",
    "chosen": "chosen",
    # parts and settings of models
    "attention": "attention",
    "feed-forward": "feed-forward",
    "head": "head",
    "decoder": "decoder",
    "encoder": "encoder",
    "norms": "norms",
    "others": "others",
    "all": "all",
    "share": "share",
    "shapes": "shapes",
    "layer": "layer",
    "norm": "norm",
    "positions": "positions",
    "activation": "activation",
    "cell": "cell",
    "direction": "direction",
    "forward": "forward",
    "two-way": "two-way",
    "bidirectional": "bidirectional",
    "forget": "forget",
    "input": "input",
    "output": "output",
    "update": "update",
    "new": "new",
    "reset": "reset",
    "full": "full",
    "causal": "causal",
    "pre": "pre",
    "post": "post",
    "learned": "learned",
    "rotary": "rotary",
    "grouped": "grouped",
    "class": "class",
    "rating": "rating",
    "language": "language",
    "vector": "vector",
    "sequence": "sequence",
    "tag": "tag",
    # leaks and other findings of a report
    "leak": "leak",
    "duplicate": "duplicate",
    "variant": "variant",
    "near-duplicate": "near-duplicate",
    "easy rows": "easy rows",
    "group": "group",
    "shortcut": "shortcut",
    "class name": "class name",
    "surface form": "surface form",
    "wrong labels": "wrong labels",
    # stages of the course
    "pretrain": "pretrain",
    "migrate": "migrate",
    "fine-tune": "fine-tune",
    # single words in the lessons' tables
    "moved": "moved",
    "majority": "majority",
    "by document": "by document",
    "seen": "seen",
    "unseen": "unseen",
    "clean": "clean",
    "marked": "marked",
    "loss": "loss",
    "lookup": "lookup",
    "right": "right",
    "missed": "missed",
    "invented": "invented",
    "place": "place",
    "strong": "strong",
    "weak": "weak",
    "more": "more",
    "nothing": "nothing",
    "projection": "projection",
    "augmentation": "augmentation",
    "gender": "gender",
    "nationality": "nationality",
    "nationalities": "nationalities",
    "calendar": "calendar",
    "naive": "naive",
    "zipped": "zipped",
    "vectors": "vectors",
    "trigrams": "trigrams",
    "unigrams": "unigrams",
    "famous": "famous",
    "source": "source",
    "female": "female",
    "male": "male",
    "problem": "problem",
    "positive": "positive",
    "negative": "negative",
    # of a prompt
    "text": "text",
    "chat": "chat",
    # machines
    "host": "host",
    "widgets": "widgets",
    # languages
    "Catalan": "Catalan",
    "Chinese": "Chinese",
    "English": "English",
    "French": "French",
    "German": "German",
    "Italian": "Italian",
    "Japanese": "Japanese",
    "Polish": "Polish",
    "Portuguese": "Portuguese",
    "Romanian": "Romanian",
    "Russian": "Russian",
    "Spanish": "Spanish",
    "Ukrainian": "Ukrainian",
    # kinds of data
    "chinese": "chinese",
    "reuters": "reuters",
    "slovene": "slovene",
    "pairs of texts": "pairs of texts",
}
"""Name in the code -> what is shown for it."""


def display_name(name: str) -> str:
    """What readers see for a name; of "films, accuracy" for each part, and of a part with a number,
    as "layer 3", for each word. What has no entry is shown as it is."""
    if name in DISPLAY_NAMES:
        return DISPLAY_NAMES[name]
    return ", ".join(_part(part) for part in name.split(", "))


def _part(part: str) -> str:
    if re.search(r"\d", part):
        return re.sub(r"[A-Za-z][A-Za-z-]*", lambda word: DISPLAY_NAMES.get(word[0], word[0]), part)
    return DISPLAY_NAMES.get(part, part)


def name_options(names) -> list[tuple[str, str]]:
    """(what is shown, the name), as a menu has them."""
    return [(display_name(name), name) for name in names]
