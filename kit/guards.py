"""Guards: the arguments of a public function are checked before it begins, and a wrong call is
answered with the call as it should be.

    @guarded("migrate(source, lambda width: ClassHead(width, 2), 'full')", source=a_source)
    def migrate(source, head, strategy): ...

A check is a function from a value to "", or to what is wrong with it. It knows the kit's classes by
their attributes, so that this module imports none of them.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from numbers import Integral
from pathlib import Path
from typing import Any

from kit.errors import KitError

__all__ = [
    "a_count",
    "a_folder",
    "a_function",
    "a_head",
    "a_model",
    "a_name",
    "a_path",
    "a_recipe",
    "a_seed",
    "a_source",
    "a_split",
    "a_task",
    "a_tokenizer",
    "a_writer",
    "answers_to",
    "as_number",
    "columns_of",
    "examples_of",
    "groups_of",
    "guarded",
    "guarded_class",
    "ids_of",
    "models_of",
    "names_of",
    "prompts_of",
    "rows_with",
    "several_ids",
]

Check = Callable[[Any], str]


def guarded(call: str, **checks: Check) -> Callable[[Callable], Callable]:
    """A decorator: the function raises KitError, with `call`, for arguments that it does not have
    or misses, and for the first that its check refuses. Defaults are not checked.

    call: how the function is called. checks: argument -> its check.
    """

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)
        name = function.__name__

        @wraps(function)
        def checked(*args, **kwargs):
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise KitError(f"{name}: {error}. Call it like {call}.") from None
            for argument, check in checks.items():
                if argument in given and (problem := check(given[argument])):
                    raise KitError(f"{name}: {argument} is {problem}. Call it like {call}.")
            return function(*args, **kwargs)

        return checked

    return decorate


def guarded_class(call: str) -> Callable[[type], type]:
    """The same for a class: `guarded` on the fields with which it is made."""

    def decorate(kind: type) -> type:
        make = kind.__init__
        make.__name__ = kind.__name__
        kind.__init__ = guarded(call)(make)
        return kind

    return decorate


def described(value: object) -> str:
    """A value in a few words."""
    kind = type(value).__name__
    if isinstance(value, str):
        return f"the text {value!r:.40}"
    if isinstance(value, bool | int | float | None):
        return repr(value)[:40]
    if _has(value, "body", "tokenizer", "card"):
        return f"the source {value.name!r:.40}"
    if isinstance(value, list | tuple) and value:
        return f"a {kind} of {type(value[0]).__name__}"
    return f"a {kind}"


def _has(value: object, *names: str) -> bool:
    return not isinstance(value, type) and all(hasattr(value, name) for name in names)


def _is_frame(value: object) -> bool:
    return _has(value, "columns", "iloc")


def _is_module(value: object) -> bool:
    return _has(value, "named_parameters", "forward")


def a_source(value: object) -> str:
    """A `Source`."""
    if _has(value, "body", "tokenizer", "card"):
        return ""
    hint = ", and not a source"
    if isinstance(value, str | Path):
        hint = f", and not a source: load it first, sources.load({str(value)!r})"
    elif _has(value, "model", "origins"):
        hint = (
            ", the target of a migration: a source of it is Source(name, m.model.body, m.tokenizer)"
        )
    return described(value) + hint


def a_model(value: object) -> str:
    """A torch module."""
    if _is_module(value):
        return ""
    hint = ", and not a model"
    if _has(value, "model", "training"):
        hint = ": give its model, m.model, and **m.training to fit"
    elif _has(value, "model", "fit"):
        hint = ", an experiment: give its model, experiment.model"
    elif _has(value, "body", "card"):
        hint = ", and not a model: migrate it first, m = migrate(source, head), and give m.model"
    return described(value) + hint


def a_writer(value: object) -> str:
    """A model, or a source, with a body and a head that predicts the next token."""
    if not _has(value, "body", "head"):
        if problem := a_model(value):
            return problem
        return f"a {type(value).__name__} without a head: give Model(body, LanguageHead.tied(body))"
    if value.head is None:
        return f"{described(value)}, which has no head: take one that was trained to write"
    if _has(value.head, "decoder"):
        return ""
    head = type(value.head).__name__
    if not _has(value.head, "words") and head in ("ClassHead", "TagHead", "RatingHead"):
        return f"a model with a {head}, which writes nothing: take one with a LanguageHead"
    config = getattr(value.body, "config", None)
    if getattr(config, "layers", None) == 0:
        return "a table of word vectors, which sees no other word and writes none: take a writer"
    reads_ahead = getattr(config, "causal", True) is False or getattr(
        config, "bidirectional", False
    )
    if reads_ahead:
        return "an encoder, which reads the whole text and cannot continue one: take a writer"
    return ""


def a_head(value: object) -> str:
    """A function from the width to a fresh head, or None."""
    if value is None:
        return ""
    if _is_module(value):
        return f"the module {type(value).__name__}, and not a function that makes one"
    if not callable(value) or _has(value, "body", "card"):
        return f"{described(value)}, and neither None nor a function from the width to a head"
    return ""


def a_recipe(value: object) -> str:
    """A `Recipe`."""
    if _has(value, "factor", "batch_size"):
        return ""
    return f"{described(value)}, and not a recipe: give Recipe(epochs=3), or task.recipe(n)"


def a_tokenizer(value: object) -> str:
    """A `Tokenizer` of the kit."""
    if _has(value, "encode_many", "special"):
        return ""
    if _has(value, "tokenizer"):
        return f"{described(value)}: give its tokenizer, source.tokenizer"
    if _has(value, "vocab_size") or _has(value, "get_vocab"):
        return f"a {type(value).__name__} of another library: give Tokenizer.load('tokenizer.json')"
    return f"{described(value)}, and not a tokenizer"


def a_task(value: object) -> str:
    """A task: a module of `kit.tasks`, or an object like one."""
    if _has(value, "METRIC", "encode", "score"):
        return ""
    if isinstance(value, str):
        return f"a name: give the task itself, tasks.task({value!r})"
    return f"{described(value)}, and not a task: give tasks.task('topics') for instance"


def a_name(value: object) -> str:
    """A text."""
    return "" if isinstance(value, str) else f"{described(value)}, and not a name"


def a_function(value: object) -> str:
    """A function, or None."""
    if value is None or (callable(value) and not isinstance(value, type)):
        return ""
    return f"{described(value)}, and not a function"


def a_folder(value: object) -> str:
    """The path of a folder, or None."""
    if value is None or isinstance(value, str | Path):
        return "" if value != "" else "empty: give the name of a folder"
    return f"{described(value)}, and not the path of a folder: give one, such as 'my_folder'"


def a_seed(value: object) -> str:
    """A whole number, 0 or more."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return "" if whole and value >= 0 else f"{described(value)}, and not a whole number from 0 on"


def a_count(value: object) -> str:
    """A whole number, 1 or more."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return "" if whole and value >= 1 else f"{described(value)}, and not a whole number from 1 on"


def _first(value: Iterable) -> object:
    """The first element of what can be read several times; None of anything else."""
    if isinstance(value, list | tuple) or _has(value, "column_names", "__getitem__", "__len__"):
        return value[0] if len(value) else None
    return None


def _several(value: object, what: str, remedy: str) -> str:
    """What is wrong with a value that should hold several things."""
    if isinstance(value, str | bytes):
        return f"one text, {value!r:.40}, and no {what}: {remedy}"
    if _is_frame(value):
        return f"a DataFrame, of which its columns' names would be read: {remedy}"
    if isinstance(value, Mapping):
        return f"one dict, and no list of {what}: {remedy}"
    if _is_module(value) or _has(value, "encode_many") or not isinstance(value, Iterable):
        return f"{described(value)}, and no list of {what}: {remedy}"
    return ""


def rows_with(*columns: str) -> Check:
    """Rows as dicts with these columns: a list, or a `datasets.Dataset`."""
    listed = ", ".join(f"'{column}': ..." for column in columns)
    row = f"{{{listed}}}" if columns else "row"
    remedy = f"give rows as dicts, [{row}, ...], or a part of task.load(), data['train']"

    def check(value: object) -> str:
        if _is_frame(value):
            remedy_of_frame = f"{remedy}, or frame.to_dict('records')"
            return f"a DataFrame, of which its columns' names would be read: {remedy_of_frame}"
        if (
            isinstance(value, Mapping)
            and value
            and all(_has(v, "features") for v in value.values())
        ):
            return f"all splits at once ({', '.join(map(str, value))}): give one, data['train']"
        if problem := _several(value, "rows", remedy):
            return problem
        first = _first(value)
        if first is None:
            return ""
        if not isinstance(first, Mapping):
            return f"{described(value)}, and no list of rows: {remedy}"
        if missing := [column for column in columns if column not in first]:
            there = ", ".join(map(str, first))
            return f"rows with {there[:80] or 'nothing'} and without {missing[0]!r}: {remedy}"
        return ""

    return check


def examples_of(value: object) -> str:
    """Examples: dicts with "ids", or a function from an epoch's number to them."""
    remedy = (
        "make examples of rows, task.encode(rows, tokenizer), or of windows of token ids, "
        "objectives.next_token(windows)"
    )
    if callable(value) and not _is_module(value):
        return ""
    if callable(getattr(value, "part", None)):  # a `kit.train.Stream`
        return ""
    if problem := _several(value, "examples", remedy):
        return problem
    first = _first(value)
    if isinstance(first, Mapping) and "ids" in first and not hasattr(first["ids"], "__len__"):
        return f"examples whose ids are {described(first['ids'])}, no row of tokens: {remedy}"
    if first is not None and (not isinstance(first, Mapping) or "ids" not in first):
        kind = (
            f"rows with {', '.join(map(str, first))}"
            if isinstance(first, Mapping)
            else described(value)
        )
        return f"{kind}, and no examples with 'ids': {remedy}"
    return ""


def prompts_of(value: object) -> str:
    """Prompts: a list of lists of token ids."""
    remedy = "give a list of encoded texts, [tokenizer.encode('Once', special=False)]"
    if problem := _several(value, "prompts", remedy):
        return problem
    first = _first(value)
    if isinstance(first, str):
        return f"{described(value)}, texts and not token ids: {remedy}"
    if isinstance(first, Integral):
        return f"one prompt, and no list of prompts: {remedy}"
    if isinstance(first, Mapping):
        return f"{described(value)}, and no list of token ids: {remedy}"
    return ""


def several_ids(value: object) -> str:
    """Token ids, such as those that end a text."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return f"{described(value)}, and no list of token ids: give [tokenizer.eos]"
    return ""


def answers_to(value: object) -> str:
    """Answers, one for each row: what `predict` returns."""
    remedy = "give one for each row, what task.predict(model, tokenizer, texts) returns"
    if problem := _several(value, "answers", remedy):
        return problem
    first = _first(value)
    return f"a list of rows, and no answers: {remedy}" if isinstance(first, Mapping) else ""


def a_path(value: object) -> str:
    """The path of a file or folder."""
    return (
        "None: give the path of a folder, such as 'my_folder'" if value is None else a_folder(value)
    )


def a_split(value: object) -> str:
    """One split of a data set, a `datasets.Dataset`."""
    if _has(value, "column_names", "select"):
        return ""
    if _has(value, "column_names", "keys"):
        return f"all splits at once ({', '.join(value)}): give one, data['train']"
    return f"{described(value)}, and no datasets.Dataset: make one, Dataset.from_list(rows)"


def groups_of(value: object) -> str:
    """Parameter groups: [{"params": [...], "rate": r}, ...], or None."""
    remedy = "give [{'params': [...], 'rate': 1e-4}], as a strategy returns them (m.groups)"
    if value is None:
        return ""
    if not isinstance(value, list | tuple):
        return f"{described(value)}, and no list of groups: {remedy}"
    for group in value:
        if not isinstance(group, Mapping) or "params" not in group:
            return f"a list with {described(group)}, and no list of groups: {remedy}"
        if unknown := [name for name in group if name not in ("params", "rate", "start")]:
            return f"a group with {unknown[0]!r}, which has no effect: {remedy}"
        if "rate" not in group:
            return f"a group without a rate: {remedy}"
        if isinstance(group["params"], str) or not isinstance(group["params"], list | tuple):
            return f"a group whose params are {described(group['params'])}: {remedy}"
    return ""


def models_of(value: object) -> str:
    """Several models, as a list."""
    if problem := _several(value, "models", "give [first, second]"):
        return problem
    return next((problem for model in value if (problem := a_model(model))), "")


def columns_of(value: object) -> str:
    """What a task wants: {name: Column}."""
    remedy = "give task.COLUMNS, or {'text': Column('text'), 'label': Column('class')}"
    if not isinstance(value, Mapping):
        return f"{described(value)}: {remedy}"
    wrong = [name for name, column in value.items() if not _has(column, "kind", "names")]
    return f"a dict whose {wrong[0]!r} is no Column: {remedy}" if wrong else ""


def ids_of(value: object) -> str:
    """Token ids: one list of whole numbers."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return f"{described(value)}, and no list of token ids: give tokenizer.encode(text)"
    nested = isinstance(_first(value), list | tuple | str)
    return f"{described(value)}, and not one list of token ids: give one of them" if nested else ""


def names_of(value: object) -> str:
    """A dict from names to what they stand for, or None."""
    kind = f"{described(value)}, and no dict: give {{'name': ...}}"
    return "" if value is None or isinstance(value, Mapping) else kind


def as_number(value: object) -> float:
    """What a score function returned, as a number; raises KitError for what is none."""
    if isinstance(value, Mapping | str | list | tuple | None):
        raise KitError(
            f"the score function returned {described(value)}, and no number: return one, such as "
            "task.score(answers, rows)[task.METRIC]."
        )
    return float(value)
