"""Twenty short sentences about films in each of six languages, the same ones: for a show.

They were written by the kit's authors and nobody else has labelled them: twenty sentences are no
test set, and an accuracy on them is no measurement of a language.
"""

import json
from importlib import resources

from kit.errors import KitError

__all__ = ["LANGUAGES", "sentences"]

LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "zh": "Chinese",
}
"""Code of a language -> its name."""


def sentences(language: str) -> list[dict]:
    """The rows of a language: "text" and "label" (1: praise, 0: blame), ten of each.

    Row i says in each language the same. Raises KitError for a language that is not there.
    """
    if language not in LANGUAGES:
        raise KitError(f"language={language!r}: give one of {', '.join(LANGUAGES)}.")
    content = (resources.files("kit") / "data" / "multilingual.json").read_text(encoding="utf-8")
    texts = json.loads(content)[language]
    return [
        {"text": text, "label": label}
        for label, kind in ((1, "positive"), (0, "negative"))
        for text in texts[kind]
    ]
