"""Exercises of lesson 03: migrate parameters."""

from collections.abc import Callable

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import call, number, several

__all__ = ["EXERCISES"]

FEW = 2_000_000


def strangers(answer: int, gpt, bert) -> Verdict:
    """How many tensors `zip` gives another's values between these two configurations."""
    from kit.models import Transformer

    number(answer, wanted="a whole number, such as 12")
    lists = (Transformer(config).named_parameters() for config in (gpt, bert))
    pairs = [(a, b) for (a, p), (b, q) in zip(*lists, strict=True) if p.shape == q.shape]
    bad = [(a, b) for a, b in pairs if a != b]
    if answer == len(bad):
        return right(f"Right. The first is {bad[0][1]}, with the values of {bad[0][0]}.")
    if answer == len(pairs):
        return wrong(
            f"{answer} pairs have equal shapes, but {len(pairs) - len(bad)} of them have "
            "equal names too."
        )
    return wrong(
        f"Not {answer}: print both lists side by side. Count the pairs with equal shapes and "
        "different names."
    )


def few_but_deep(parts: tuple[int | str, ...], body) -> Verdict:
    """Parts of the body with fewer than two million parameters, the embeddings or block 0 among
    them, so that the backward pass goes through all blocks."""
    from kit.models.layers import layer_sizes

    size = layer_sizes(body)
    parts = several(parts, 'such as (4, 5), or ("embeddings", 5)')
    unknown = [part for part in parts if part not in size]
    if unknown or not parts:
        return wrong(f"{parts}: choose from the parts {tuple(size)}.")
    trained = sum(size[part] for part in parts)
    if trained >= FEW:
        return wrong(f"{trained:,} parameters are trained: take fewer than {FEW:,}.")
    lowest = min(-1 if part == "embeddings" else part for part in parts)
    if lowest > 0:
        return wrong(
            f"The lowest part that learns is block {lowest}: the backward pass stops there."
        )
    return right(f"Right: {trained:,} parameters. Train them above: is it slow?")


def a_tenth(decay: float) -> Verdict:
    """The decay at which the embeddings of six blocks learn at a tenth of the uppermost's rate."""
    if not 0 < number(decay, wanted="a number between 0 and 1") <= 1:
        return wrong(f"{decay} is not between 0 and 1: lower layers would not learn more slowly.")
    share = share_of(decay)
    if 0.098 < share < 0.102:
        return right("Right: from the uppermost block to the embeddings there are six steps.")
    way = "smaller" if share > 0.1 else "larger"
    return wrong(
        f"With decay={decay} the embeddings learn at {share:.3f} of the uppermost block's rate: "
        f"try a {way} decay."
    )


def share_of(decay: float) -> float:
    """The embeddings' rate over that of block 5, as `layer_wise` sets them."""
    from kit.migrate import migrate
    from kit.models import Transformer, TransformerConfig
    from kit.sources import Source
    from kit.tasks import sentiment

    small = {"width": 8, "heads": 2, "intermediate_size": 16, "block_size": 9}
    body = Transformer(TransformerConfig(vocabulary=99, layers=6, **small))
    source = Source("six blocks", body, None)
    made = migrate(source, sentiment.head, "layer_wise", decay=decay)
    rate = {o.name: o.rate for o in made.origins}
    return rate["body.embed.tokens.weight"] / rate["body.blocks.5.attention.query.weight"]


SIGNATURE = "by_name(source, target)"


def named(by_name: Callable) -> Verdict:
    """by_name(source, target) copies by name and shape; returns the names that received nothing."""
    import torch

    source, target = _modules()
    theirs = {name: p.detach().clone() for name, p in source.named_parameters()}
    fresh = {name: p.detach().clone() for name, p in target.named_parameters()}
    shape = {name: p.shape for name, p in theirs.items()}
    missing = [name for name, p in fresh.items() if shape.get(name) != p.shape]
    answer = several(call(by_name, SIGNATURE, source, target), 'such as ["head.weight"]')
    for name, p in target.named_parameters():
        if name not in missing and not torch.equal(p, theirs[name]):
            twin = next((n for n in theirs if _same(p, theirs[n])), "")
            if twin:
                return wrong(f"{name} received the values of {twin}: pair tensors by their names.")
            if torch.equal(p, fresh[name]):
                return wrong(f"{name} received nothing, although the source has it.")
            return wrong(f"{name} has neither the source's values nor its own.")
        if name in missing and not _same(p, fresh[name]):
            return wrong(
                f"{name} must keep its values: the source has no such tensor of its shape."
            )
    if any(not torch.equal(p, theirs[name]) for name, p in source.named_parameters()):
        return wrong("The source has changed: copy from it, and leave it as it is.")
    places = {p.data_ptr() for p in source.parameters()}
    if any(p.data_ptr() in places for p in target.parameters()):
        return wrong(
            "Source and target now share memory, so training one changes the other: copy the "
            "values with p.copy_(...)."
        )
    if any(not p.requires_grad for p in target.parameters()):
        return wrong("Some tensors of the target can no longer be trained: only copy their values.")
    if sorted(map(str, answer)) != sorted(missing):
        return wrong(
            f"You returned {list(answer)[:4]}: the names that received nothing are "
            f"{len(missing)}, among them {missing[0]} and {missing[-1]}."
        )
    return right("Right: each value is in its place, and you know what is missing.")


def _same(p, q) -> bool:
    import torch

    return p.shape == q.shape and torch.equal(p, q)


def _modules():
    """A source and a target: one layer is missing on either side, and one has another size."""
    from torch import nn

    from kit.runtime import random_state

    with random_state(3):
        layers = {"embed": nn.Embedding(9, 4), "kind": nn.Embedding(2, 4), "norm": nn.Linear(4, 4)}
        source = nn.ModuleDict(layers | {"up": nn.Linear(4, 8), "scale": nn.Linear(4, 4)})
        layers = {"embed": nn.Embedding(9, 4), "norm": nn.Linear(4, 4), "up": nn.Linear(4, 6)}
        target = nn.ModuleDict(layers | {"scale": nn.Linear(4, 4), "head": nn.Linear(4, 2)})
    return source, target


EXERCISES = {
    "1": Exercise(
        judge=strangers,
        hints=(
            "`[n for n, _ in Transformer(bert).named_parameters()]` lists one side.",
            "Pair both lists with `zip`; keep the pairs with equal shapes.",
            "Of those, count the pairs whose names differ.",
        ),
    ),
    "2": Exercise(
        judge=few_but_deep,
        hints=(
            "The backward pass ends at the lowest part that learns, however many parts learn.",
            "The buttons of the widget say how many parameters each part has.",
            "One block has fewer than two million, the embeddings have far more.",
        ),
    ),
    "3": Exercise(
        judge=a_tenth,
        hints=(
            "Each layer below learns at `decay` times the rate of the one above.",
            "From block 5 down to the embeddings there are six steps: decay⁶ = 0.1.",
            "`0.1 ** (1 / 6)`",
        ),
    ),
    "4": Exercise(
        judge=named,
        hints=(
            "`dict(source.named_parameters())` finds a tensor of the source by its name.",
            "Go through `target.named_parameters()`: where the source has the name and the shape, "
            "copy; otherwise append the name to a list.",
            "Copy with `p.copy_(...)` inside `with torch.no_grad():`, and return the list.",
        ),
    ),
}
