"""Migrate: make a target from a source, by one of the strategies in `STRATEGIES`.

A strategy returns a `Migration` (a model, its parameter groups, a report) and trains nothing;
except `domain_first`, which calls the training function that it is given. To add one, write one
function (source body, head) -> Migration and one line in `PARAMETER`, `STRUCTURE` or `MIXED`.
"""

import copy
import inspect
from collections.abc import Callable, Sequence

from torch import nn

from kit import guards
from kit.errors import KitError
from kit.memory import check_memory
from kit.migrate.meaning import check_meaning, fixed_tables
from kit.migrate.migration import Migration, SourceTensor, TensorOrigin, WeightMap, group, migration
from kit.migrate.mixed.adapter import adapter
from kit.migrate.mixed.distillation import distil
from kit.migrate.mixed.domain_adaptation import domain_first
from kit.migrate.mixed.lora import lora, merge, quantized_lora
from kit.migrate.mixed.prefix import prefix_tuning, prompt_tuning
from kit.migrate.parameter import (
    bias_only,
    embeddings_only,
    frozen,
    full,
    gradual,
    l2_sp,
    layer_wise,
    reinitialised,
    top_layers,
    unfrozen,
)
from kit.migrate.report import shortened
from kit.migrate.structure.architecture import from_scratch, into
from kit.migrate.structure.depth import choose_layers, deepen
from kit.migrate.structure.encoder_decoder import (
    decoder_like,
    encoder_like,
    grow_decoder,
    grow_encoder,
    warm_start,
)
from kit.migrate.structure.vocabulary import move_vocabulary
from kit.migrate.structure.width import narrow, widen
from kit.migrate.transfer import transfer
from kit.runtime import random_state
from kit.tokenizer import remember_tokenizer

__all__ = [
    "MIXED",
    "PARAMETER",
    "STRATEGIES",
    "STRUCTURE",
    "Migration",
    "SourceTensor",
    "TensorOrigin",
    "WeightMap",
    "check_options",
    "decoder_like",
    "encoder_like",
    "family",
    "group",
    "merge",
    "migrate",
    "migration",
    "transfer",
]

PARAMETER: dict[str, Callable[..., Migration]] = {
    "full": full,
    "frozen": frozen,
    "top_layers": top_layers,
    "unfrozen": unfrozen,
    "embeddings_only": embeddings_only,
    "gradual": gradual,
    "layer_wise": layer_wise,
    "l2_sp": l2_sp,
    "bias_only": bias_only,
    "reinitialised": reinitialised,
}
"""Parameter migration: all values are copied; the strategy decides which are trained, and how."""

STRUCTURE: dict[str, Callable[..., Migration]] = {
    "from_scratch": from_scratch,
    "into": into,
    "widen": widen,
    "deepen": deepen,
    "narrow": narrow,
    "choose_layers": choose_layers,
    "grow_decoder": grow_decoder,
    "grow_encoder": grow_encoder,
    "move_vocabulary": move_vocabulary,
}
"""Structure migration: the architecture changes, or is all that is used (`from_scratch`)."""

MIXED: dict[str, Callable[..., Migration]] = {
    "adapter": adapter,
    "lora": lora,
    "quantized_lora": quantized_lora,
    "prefix_tuning": prefix_tuning,
    "prompt_tuning": prompt_tuning,
    "warm_start": warm_start,
    "distil": distil,
    "domain_first": domain_first,
}
"""Mixed migration: values of the source and new modules in one model."""

STRATEGIES = PARAMETER | STRUCTURE | MIXED
"""Every strategy by name: (body of the source, head, **options) -> Migration."""

THEN = "gradual"
"""Default second strategy of `domain_first`: that of ULMFiT."""


def family(strategy: str) -> str:
    """The family of a strategy: "parameter", "structure" or "mixed".

    Raises KitError for a name that is not in `STRATEGIES`.
    """
    _strategy(strategy)
    if strategy in PARAMETER:
        return "parameter"
    return "structure" if strategy in STRUCTURE else "mixed"


def check_options(strategy: str, options: dict, others: Sequence[str] = ()) -> None:
    """Refuse options that a strategy does not have, and ask for those that it needs.

    others: names of options that the caller reads itself.
    Raises KitError with the names.
    """
    names, required = _option_names(strategy)
    if strategy == "domain_first":
        then = options.get("then", THEN)
        if then == "domain_first":
            raise KitError("then='domain_first' never ends: give another strategy.")
        more_names, more_required = _option_names(then)
        names += [name for name in more_names if name not in names]
        required += more_required
    names += [name for name in others if name not in names]
    if unknown := [name for name in options if name not in names]:
        raise KitError(
            f"{strategy} has no option {', '.join(map(repr, unknown))}: "
            f"choose from {', '.join(names)}."
        )
    if missing := [name for name in required if name not in options]:
        raise KitError(f"{strategy} needs {', '.join(missing)}: give {missing[0]}=....")


def _option_names(strategy: str) -> tuple[list[str], list[str]]:
    """The options of a strategy: all names, and those without a default."""
    parameters = inspect.signature(_strategy(strategy)).parameters.values()
    options = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    required = [p.name for p in options if p.default is p.empty and p.name != "then"]
    return [p.name for p in options], required


@guards.guarded(
    "migrate(source, lambda width: ClassHead(width, 2), 'full')",
    source=guards.a_source,
    head=guards.a_head,
    strategy=guards.a_name,
    seed=guards.a_seed,
)
def migrate(
    source,
    head: Callable[[int], nn.Module] | None,
    strategy: str = "full",
    *,
    seed: int = 0,
    **options,
) -> Migration:
    """A target for a new task, made from `source` by one of `STRATEGIES`.

    source: a `kit.sources.checkpoint.Source`; it is copied, never changed.
    head: a function from the width D to a fresh head, `lambda width: ClassHead(width, 2)`; None
        for the source's own head with its values.
    seed: decides all fresh values; the random numbers of the caller do not change. The head is
        made first, so that it is the same under any strategy.
    options: those of the strategy, such as `rate`.

    Raises KitError for an unknown strategy, for an option that it does not have or misses, and for
    a strategy that has no meaning for this source (`kit.migrate.meaning`).
    """
    make = _strategy(strategy)
    check_options(strategy, options)
    check_meaning(source.body, strategy, options, source.head if head is None else None)
    if strategy == "domain_first":
        options["then"] = _strategy(options.get("then", THEN))
    _check_room(source, strategy, options)
    with random_state(seed):
        # Body and head in one copy: a tied head stays tied.
        body, own_head = copy.deepcopy((source.body, source.head if head is None else None))
        target_head = _own(own_head) if head is None else _fresh(head, source)
        target = make(body, target_head, **options)
    target.strategy, target.source = strategy, source.name
    target.tokenizer = target.tokenizer or source.tokenizer
    remember_tokenizer(target.model.body, target.tokenizer)
    target.warnings += fixed_tables(target.model.body, fresh=strategy == "from_scratch")
    if head is not None and source.head is not None:
        target.warnings += _unused_head(source)
    return target


def _strategy(name: str) -> Callable[..., Migration]:
    if name not in STRATEGIES:
        raise KitError(
            f"strategy {name!r} is unknown: choose one of {', '.join(map(repr, STRATEGIES))}."
        )
    return STRATEGIES[name]


def _check_room(source, strategy: str, options: dict) -> None:
    """Raise KitError where the target needs more memory than there is: a copy of the source, times
    larger where the strategy makes it wider."""
    numbers = sum(p.numel() for p in source.body.parameters())
    if strategy == "widen":
        times = options.get("times", 2)
        numbers *= 1 + (times**2 if isinstance(times, int | float) else 1)
    check_memory(
        4 * numbers,
        f"The target of {strategy} ({numbers:,} parameters)",
        "take a smaller source.",
    )


def _unused_head(source) -> list[str]:
    """A warning that names the tensors of the source's head, which a fresh head replaces."""
    table = getattr(source.body.embedding, "weight", None)
    names = [name for name, p in source.head.named_parameters() if p is not table]
    return [f"not used of the source's own head: {shortened(names)}."] if names else []


def _own(head: nn.Module | None) -> nn.Module:
    if head is None:
        raise KitError("this source has no head of its own: give one, head=lambda width: ...")
    # Strategies copy a head that moved, and train it at the rate of the body.
    head.moved = True
    return head


def _fresh(head: Callable[[int], nn.Module], source) -> nn.Module:
    width = source.body.width
    try:
        inspect.signature(head).bind(width)
    except TypeError as error:
        name = getattr(head, "__name__", "head")
        raise KitError(
            f"{name} cannot be called with the width alone ({error}): give a function, "
            "head=lambda width: ClassHead(width, 2)."
        ) from None
    fresh = head(width)
    if not isinstance(fresh, nn.Module):
        raise KitError(
            f"head returned a {type(fresh).__name__}, and no module: give a function that makes a "
            "head, head=lambda width: ClassHead(width, 2)."
        )
    config = getattr(fresh, "config", None)
    if isinstance(config, dict) and config.get("width", width) != width:
        raise KitError(
            f"the head has width {config['width']} and the source's body {width}: "
            "use the width that is given, head=lambda width: ClassHead(width, 2)."
        )
    if set(fresh.parameters()) & set(source.body.parameters()):
        raise KitError(
            "the head shares a tensor with the source, which training would change: give "
            "head=None for the source's own head."
        )
    return fresh
