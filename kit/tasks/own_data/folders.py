"""Save a model of the user's own data: a kit checkpoint, and a Hugging Face folder beside it.

NAME/               source.json and tensors.safetensors: `kit.sources.load` reads it
NAME-huggingface/   config.json, model.safetensors, tokenizer, head.safetensors, README.md (the
                    model card), where the body is of a family that `transformers` has
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import safetensors.torch

from kit.errors import KitError, saving
from kit.files import scratch
from kit.models import ClassHead, TagHead
from kit.sources import Source, checkpoint, export
from kit.tasks import entities
from kit.tasks.classification import LIMIT
from kit.tasks.own_data import described

if TYPE_CHECKING:
    from kit.tasks import Task

__all__ = ["Saved", "code", "free", "model_card", "save"]

POOLS = {
    "mean": "(hidden * mask).sum(1) / mask.sum(1)",
    "first": "hidden[:, 0]",
    "last": "hidden[torch.arange(len(hidden)), mask.sum(1)[:, 0] - 1]",
}
"""`pool` of a ClassHead -> the same in a line of torch."""


@dataclass(frozen=True)
class Saved:
    """Where a model was saved."""

    folder: Path
    """The kit checkpoint."""
    huggingface: Path | None
    """The Hugging Face folder, if there is one."""
    reason: str = ""
    """Why there is none."""


def beside(folder: Path) -> Path:
    """The Hugging Face folder that belongs to a checkpoint."""
    return folder.with_name(f"{folder.name}-huggingface")


def free(folder: str | Path) -> Path:
    """The folder, or the first of folder-2, folder-3, ... that is not there, nor what belongs to
    it."""
    folder = Path(folder)
    names = [folder, *(folder.with_name(f"{folder.name}-{i}") for i in range(2, 1000))]
    return next(name for name in names if not name.exists() and not beside(name).exists())


def save(source: Source, folder: str | Path, task: "Task") -> Saved:
    """Write the model and its task as a checkpoint, and for `transformers` where that can be.

    Raises KitError where one of the two folders is there already: nothing is overwritten.
    """
    folder = Path(folder).expanduser()
    if not folder.name:
        raise KitError("the name of the folder is empty: give one, such as own-model.")
    for there in (folder, beside(folder)):
        if there.exists():
            raise KitError(
                f"{there} is there already, and nothing was written: give another name, such as "
                f"{free(folder)}."
            )
    source = replace(source, card=source.card | {"task": described(task)})
    checkpoint.save(source, folder)
    try:
        return Saved(folder, _export(source, beside(folder)))
    except KitError as error:
        return Saved(folder, None, _why(source, error))


def _why(source: Source, error: KitError) -> str:
    """Why there is no Hugging Face folder: without the config, and without the remedy, which is
    the checkpoint that was just written."""
    said = re.sub(r" \(\w+Config\(.*\)\)", "", str(error)).partition(" Save it with")[0]
    said = f"{source.card.get('from', source.name)} ({type(source.body).__name__}): {said}"
    reads = isinstance(source.head, ClassHead | TagHead)
    return said + " A model that was made from MiniLM has such a folder." * reads


def code(folder: str | Path, text: str | Sequence[str]) -> str:
    """The three lines of Python that load a saved model and let it answer one text, of which they
    show the beginning."""
    text = text if isinstance(text, str) else " ".join(text)
    text = shorten(text, 70, placeholder="") or text[:70]
    return (
        "from kit import sources\n"
        "from kit.tasks import own_data\n"
        f"print(own_data.predict(sources.load({str(folder)!r}), [{text!r}]))"
    )


def _export(source: Source, folder: Path) -> Path:
    """The body by `kit.sources.export`, and beside it the head, which `transformers` lacks."""
    head = source.head
    if not isinstance(head, ClassHead | TagHead):
        raise KitError(
            f"a model that writes texts ({type(head).__name__}) is of no family of Hugging Face's "
            "that the kit can write: only the kit checkpoint has all of it."
        )
    tensors = {name: t.detach().contiguous() for name, t in head.linear.state_dict().items()}
    names = source.card["task"]["names"]
    with saving(f"{source.name!r}", folder), scratch(folder) as space:
        new = export(replace(source, head=None), space / "new")
        safetensors.torch.save_file(tensors, new / "head.safetensors", {"format": "pt"})
        config = json.loads((new / "config.json").read_text(encoding="utf-8"))
        config["id2label"] = dict(enumerate(names))
        config["label2id"] = {name: i for i, name in enumerate(names)}
        (new / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
        (new / "README.md").write_text(model_card(source, folder), encoding="utf-8")
        os.replace(new, folder)
    return folder


def model_card(source: Source, folder: Path) -> str:
    """The model card, as Markdown with the metadata of Hugging Face's hub above it."""
    card, about = source.card, source.card["task"]
    kind = {"classes": "text-classification", "tags": "token-classification"}[about["kind"]]
    scores = {"this model": card.get("score")} | card.get("controls", {})
    rows = [f"| {name} | {value:.3f} |" for name, value in scores.items() if value is not None]
    facts = [f"- {key}: {value}" for key, value in card.get("data", {}).items()]
    return "\n".join(
        [
            *("---", "library_name: transformers", f"pipeline_tag: {kind}", "---", ""),
            *(f"# {source.name}", ""),
            f"{card.get('from', 'A source')}, fine-tuned ({card.get('strategy', 'full')}) with "
            f"lm-transfer-kit on data of its user: {about['kind']}, {len(about['names'])} of them: "
            f"{', '.join(about['names'][:20])}.",
            *("", "## Data", "", *facts),
            *("", f"## Scores: {card.get('metric', 'of the test rows')}", ""),
            *("| | test rows |", "| --- | ---: |", *rows),
            *("", "## Limits", ""),
            "It was trained and tested on rows of one file. Test it on texts of the place where it "
            "is to be used, and look at its mistakes, before anybody relies on it. The licence of "
            "the source and that of the data both hold.",
            *("", "## Use", "", "```python", _snippet(source, folder), "```", ""),
        ]
    )


def _snippet(source: Source, folder: Path) -> str:
    """Python that lets the folder answer without the kit; its outputs are the kit's."""
    names = source.card["task"]["names"]
    begin = (
        "import torch\n"
        "from safetensors.torch import load_file\n"
        "from transformers import AutoModel, AutoTokenizer\n\n"
        f"folder, names = {str(folder)!r}, {names}\n"
        "tokenizer, body = AutoTokenizer.from_pretrained(folder), "
        "AutoModel.from_pretrained(folder)\n"
        'head = load_file(f"{folder}/head.safetensors")\n'
    )
    run = "with torch.no_grad():\n    hidden = body.eval()(**inputs).last_hidden_state\n"
    logits = 'logits = {} @ head["weight"].T + head["bias"]\n'
    if isinstance(source.head, ClassHead):
        return (
            f'{begin}texts = ["A first text.", "And another one."]\n'
            'inputs = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, '
            f"max_length={LIMIT})\n{run}"
            'mask = inputs["attention_mask"][..., None]\n'
            f"vectors = {POOLS[source.head.pool]}\n{logits.format('vectors')}"
            "print([names[i] for i in logits.argmax(-1)])"
        )
    marks = ""
    if entities.uncased(source.tokenizer):
        marks = (
            f'# The tokenizer knows no capitals: "{entities.CAPITAL}" stands before a word with a '
            f'capital,\n# "{entities.CAPITALS}" before a word of capitals alone.\n'
        )
    words = '["^", "Mara", "sails", "."]' if marks else '["Mara", "sails", "."]'
    return (
        f"{begin}{marks}words = {words}\n"
        'inputs = tokenizer(words, is_split_into_words=True, return_tensors="pt", truncation=True, '
        f"max_length={LIMIT})\n{run}{logits.format('hidden[0]')}"
        "owner = inputs.word_ids()\n"
        "first = [owner.index(i) for i in range(len(words))]\n"
        "print([(word, names[logits[i].argmax()]) for word, i in zip(words, first)])"
    )
