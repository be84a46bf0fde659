"""Exercises of lesson 03: migrate parameters."""

from kit.exercises import Exercise, Verdict, right, wrong

__all__ = ["EXERCISES"]

FEW = 2_000_000


def strangers(answer: int, gpt, bert) -> Verdict:
    """How many tensors `zip` gives another's values between these two configurations."""
    from kit.models import Transformer

    lists = (Transformer(config).named_parameters() for config in (gpt, bert))
    pairs = [(a, b) for (a, p), (b, q) in zip(*lists, strict=True) if p.shape == q.shape]
    bad = [(a, b) for a, b in pairs if a != b]
    if answer == len(bad):
        return right(f"Right. The first is {bad[0][1]}, with the values of {bad[0][0]}.")
    if answer == len(pairs):
        return wrong(f"{answer} have equal shapes; {len(pairs) - len(bad)} of them are true twins.")
    return wrong(f"Not {answer}: print both lists side by side, and count where names differ.")


def few_but_deep(parts: tuple[int | str, ...], body) -> Verdict:
    """Parts of the body with fewer than two million parameters, the embeddings or block 0 among
    them, so that the backward pass goes through all blocks."""
    from kit.models.layers import layer_sizes

    size = layer_sizes(body)
    unknown = [part for part in parts if part not in size]
    if unknown or not parts:
        return wrong(f"{parts} are not among the parts {tuple(size)}.")
    trained = sum(size[part] for part in parts)
    if trained >= FEW:
        return wrong(f"{trained:,} parameters are trained: too many.")
    lowest = min(-1 if part == "embeddings" else part for part in parts)
    if lowest > 0:
        return wrong(f"The lowest part that learns is block {lowest}: the way back stops there.")
    return right(f"Right: {trained:,} parameters. Train it above: is it slow?")


def a_tenth(decay: float) -> Verdict:
    """The decay at which the embeddings of six blocks learn at a tenth of the uppermost's rate."""
    share = share_of(decay)
    if 0.098 < share < 0.102:
        return right("Right: there are six steps down.")
    way = "lower" if share > 0.1 else "raise"
    return wrong(f"At {decay} they learn at {share:.3f} of its rate: {way} it.")


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
            "How far the way back goes depends on the lowest part that learns, not on how many do.",
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
}
