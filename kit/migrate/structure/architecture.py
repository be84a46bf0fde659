"""Structure migration to any architecture: with fresh values (the control), or copied by name."""

import copy

from torch import nn

from kit.errors import KitError
from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    group,
    is_moved,
    migration,
)
from kit.migrate.transfer import transfer
from kit.models import LanguageHead

__all__ = ["anew", "fitting", "follow", "from_scratch", "into"]


def from_scratch(body: nn.Module, head: nn.Module, *, rate: float = 3e-4) -> Migration:
    """The source's architecture with fresh values, all trained: the control.

    The difference in score between a strategy and this one is the effect of the source's values.
    """
    weight_map = WeightMap(body, head)
    # Which words share a vector is architecture, and no value.
    fresh = body.fresh() if hasattr(body, "fresh") else type(body)(body.config)
    if is_moved(head):
        tie = {"tie": fresh.embedding.weight} if _tied(head, body) else {}
        head = anew(head, **tie)
    return migration(fresh, head, weight_map, [group(rate, fresh, head)])


def anew(head: nn.Module, **changes) -> nn.Module:
    """A head of the same config with fresh values, those of its decoder too.

    changes: values of the config that replace the head's own.
    """
    config = {
        name: type(value)(value.config) if isinstance(value, nn.Module) else value
        for name, value in head.config.items()
    }
    return type(head)(**config | changes)


def _tied(head: nn.Module, body: nn.Module) -> bool:
    own = getattr(head, "weight", None)
    return own is not None and own is getattr(body.embedding, "weight", None)


def follow(head: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Tie a head that is tied to the old body's token embeddings to the new body's."""
    if _tied(head, old):
        head.weight = new.embedding.weight


def fitting(head: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """The head for a body `new` that takes the place of the body `old`.

    A head of another width is made again with fresh values. A head that is tied to the old body's
    token embeddings is tied to the new body's, and keeps its bias.

    Raises KitError for the source's own language head where the new body has another vocabulary.
    """
    tied, vocabulary = _tied(head, old), new.config.vocabulary
    language = isinstance(head, LanguageHead) and is_moved(head)
    if language and head.config["vocabulary"] != vocabulary:
        if not tied or head.bias is not None:
            raise KitError(
                f"the head predicts {head.config['vocabulary']:,} tokens, and the new body reads "
                f"{vocabulary:,}: give a fresh head, head=lambda width: LanguageHead(width, "
                f"{vocabulary})."
            )
    elif new.width == old.width:
        follow(head, old, new)
        return head
    changes: dict = {"width": new.width}
    if tied:
        changes |= {"vocabulary": vocabulary, "tie": new.embedding.weight}
    made = type(head)(**head.config | changes)
    if tied:
        made.moved, made.bias = is_moved(head), head.bias
    return made


def into(
    body: nn.Module,
    head: nn.Module,
    *,
    target: nn.Module,
    names: dict[str, str] | None = None,
    fresh: tuple[str, ...] = (),
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Copy the source's values into a body of your own, by name, and train all parameters.

    target: the body; it is copied.
    names, fresh: as in `kit.migrate.transfer`. Without them the source must have a tensor of the
        name and shape of each of the target's; a KitError names those that it lacks.
    A head that is tied to the source's token embeddings is tied to the target's.
    """
    weight_map = WeightMap(body, head)
    target = copy.deepcopy(target)
    transfer(body, target, weight_map, names=names, fresh=fresh)
    head = fitting(head, body, target)
    return migration(target, head, weight_map, both(rate, head_rate, head, target))
