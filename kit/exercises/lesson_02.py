"""Exercises of lesson 02: pretrain a model."""

from collections.abc import Callable
from math import log2

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import Refusal, call, kind, number, numbers

__all__ = ["EXERCISES"]

PERPLEXITY, BYTES = {"A": 20, "B": 80}, {"A": 2, "B": 4}
TEXT = "The government said it would"

MARGIN = 0.01
"""Bits per byte."""


def better_by_the_byte(better: str, bits: float) -> Verdict:
    """Which of two models needs fewer bits per byte, log2(perplexity) / bytes a token."""
    found = {name: log2(PERPLEXITY[name]) / BYTES[name] for name in BYTES}
    if better not in found:
        return wrong(f"{better!r} is neither 'A' nor 'B'.")
    bits = number(bits, "the bits per byte")
    if abs(bits - found[better]) > 0.01:
        would = 2 ** (bits * BYTES[better])
        return wrong(
            f"{bits} bits per byte would be a perplexity of {would:.0f}: not that of {better}."
        )
    if better != min(found, key=found.get):
        return wrong(f"This is the number of {better}, but the other model needs fewer bits.")
    return right("Right: a lower perplexity says nothing where tokens differ.")


def as_unsure_as_a_die(temperature: float) -> Verdict:
    """The temperature, to one decimal, at which the shipped Transformer has 3 bits of entropy."""
    from kit import sources
    from kit.tasks.next_token import NeuralPredictor, entropy, sharpen

    temperature = number(temperature, "the temperature")
    if not 0 < temperature <= 3:
        return wrong(
            f"{temperature} is outside the widget's range: give a number above 0, at most 3."
        )
    writer = NeuralPredictor(sources.load("transformer_writer"))
    logits = writer.next(writer.read(TEXT))
    near = min((i / 10 for i in range(1, 31)), key=lambda t: abs(entropy(sharpen(logits, t)) - 3))
    found = entropy(sharpen(logits, float(temperature)))
    if abs(temperature - near) < 0.05:
        return right(f"Right: {found:.1f} bits, and log₂ 8 = 3.")
    way = "too high" if found > 3 else "too low"
    return wrong(f"At {temperature} it has {found:.1f} bits; a die with eight faces has 3: {way}.")


def nucleus(answer: Callable) -> Verdict:
    """A function that keeps the most probable tokens whose probabilities sum to `mass` or more."""
    import torch

    p = torch.tensor([0.10, 0.40, 0.05, 0.30, 0.15])
    given = p.clone()
    result = call(answer, "top_p(p, 0.6)", given, 0.6)
    if not isinstance(result, torch.Tensor) or result.shape != p.shape:
        shape = list(result.shape) if isinstance(result, torch.Tensor) else kind(result)
        raise Refusal(f"top_p returns {shape}: return a tensor of 5 probabilities, like p.")
    text = f"top_p({numbers(p)}, 0.6) is {numbers(result)}"
    if torch.allclose(result, p):
        return wrong(f"{text}: nothing was removed. 0.40 and 0.30 together are enough.")
    kept = torch.tensor([0.0, 0.4, 0.0, 0.3, 0.0])
    faults = {
        "the token that reaches 0.6 is missing: 0.40 alone is not enough": kept * 0 + (p == 0.4),
        "divide by the sum, so that the probabilities are 1 together again": kept,
        "these are the probabilities in the order of their size. Give them back in their places": (
            torch.tensor([0.4, 0.3, 0, 0, 0]) / 0.7
        ),
        "one token too many: the two most probable ones have 0.7 already": (
            torch.tensor([0, 0.4, 0, 0.3, 0.15]) / 0.85
        ),
        "that keeps each token with 0.6 or more, or the others: the *sum* is to reach 0.6": p * 0,
    }
    for fault, value in faults.items():
        if torch.allclose(result, value.float(), atol=1e-4):
            return wrong(f"{text}: {fault}.")
    if not torch.allclose(result, kept / 0.7, atol=1e-4):
        return wrong(f"{text}, and not {numbers(kept / 0.7)}.")
    if not torch.equal(given, p):
        return wrong("The result is right, but top_p has changed the p that it was given.")
    whole = call(answer, "top_p(p, 1.0)", p.clone(), 1.0)
    if not torch.allclose(whole, p, atol=1e-4):
        return wrong(f"top_p(p, 1.0) keeps every token, and yours is {numbers(whole)}.")
    return right("Right: two tokens are left, with 0.57 and 0.43.")


def worth_more(
    make: Callable, windows, held_out, size: int, theirs: float, updates: int = 60
) -> Verdict:
    """A writer that, after as many updates, needs fewer bits per byte than the lesson's RNN: by
    `MARGIN`, for two runs of the same model differ by less.

    make: no argument -> Model. windows, held_out: ids (N, T). size: bytes of held_out. theirs:
    the RNN's bits per byte.
    """
    from kit import objectives
    from kit.metrics import bits_per_byte
    from kit.models import Model
    from kit.tasks.next_token import pretraining_recipe
    from kit.train import fit, total_loss

    if not callable(make):
        return wrong("Give a function that makes a model, not the model: begin with `lambda:`.")
    model = call(make, "mine()")
    if not isinstance(model, Model):
        raise Refusal(f"mine() returns {kind(model)}: return `writer(...)`, a model.")
    run = fit(
        model, objectives.next_token(windows), pretraining_recipe("RNN", updates), name="mine"
    )
    nats, _ = total_loss(model, objectives.next_token(held_out))
    mine = bits_per_byte(nats, size)
    words = (
        f"{mine:.2f} bits per byte after {run.updates} updates, {run.seconds:.0f} s; the RNN had "
        f"{theirs:.2f}."
    )
    if mine < theirs - MARGIN:
        return right(f"Better: {words}")
    return wrong(f"{'Not better' if mine >= theirs else 'Too close to tell'}: {words}")


EXERCISES = {
    "1": Exercise(
        judge=better_by_the_byte,
        hints=(
            "Perplexity is 2 to the power of the bits that a token costs.",
            "So a token costs log₂ of the perplexity. How many bytes does a token have?",
            "log₂(20) / 2 against log₂(80) / 4.",
        ),
    ),
    "2": Exercise(
        judge=as_unsure_as_a_die,
        hints=(
            "A die with eight faces has log₂ 8 = 3 bits of entropy.",
            "Choose “Transf., shipped” in the widget and change τ: the line above the bars says "
            "the entropy.",
            "It is below 1: the model must become more certain than it is at τ = 1.",
        ),
    ),
    "3": Exercise(
        judge=nucleus,
        hints=(
            "`p.sort(descending=True)` gives the sorted values and their places.",
            "A token stays if the sum of those *before* it is below `mass`: "
            "`values.cumsum(0) - values < mass`.",
            "Make `kept = torch.zeros_like(p)`, then `kept[places[stay]] = values[stay]`, and "
            "divide by its sum.",
        ),
    ),
    "4": Exercise(
        judge=worth_more,
        hints=(
            "Every model makes the same 60 updates, so a slow model loses nothing here: look for "
            "one that learns more from each update.",
            "A wider RNN has more parameters: try widths above 192.",
            "`lambda: writer(RNN(RNNConfig(vocabulary=V, width=256, layers=1)))`",
        ),
    ),
}
