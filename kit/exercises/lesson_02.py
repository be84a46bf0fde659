"""Exercises of lesson 02: pretrain a model."""

from collections.abc import Callable
from math import log2

from kit.exercises import Exercise, Verdict, right, wrong

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
    if abs(bits - found[better]) > 0.01:
        would = 2 ** (bits * BYTES[better])
        return wrong(f"{bits} bits per byte are a perplexity of {would:.0f}: not that of {better}.")
    if better != min(found, key=found.get):
        return wrong("That is its number, but the other one needs fewer bits.")
    return right("Right: a lower perplexity says nothing where tokens differ.")


def as_unsure_as_a_die(temperature: float) -> Verdict:
    """The temperature, to one decimal, at which the baked Transformer has 3 bits of entropy."""
    from kit import sources
    from kit.tasks.next_token import NeuralPredictor, entropy, sharpen

    if not 0 < temperature <= 3:
        return wrong(f"{temperature} is out of the widget's range: above 0, at most 3.")
    writer = NeuralPredictor(sources.load("transformer_writer"))
    logits = writer.next(writer.read(TEXT))
    near = min((i / 10 for i in range(1, 31)), key=lambda t: abs(entropy(sharpen(logits, t)) - 3))
    found = entropy(sharpen(logits, float(temperature)))
    if abs(temperature - near) < 0.05:
        return right(f"Right: {found:.1f} bits, and log₂ 8 = 3.")
    way = "too high" if found > 3 else "too low"
    return wrong(f"At {temperature} it has {found:.1f} bits; a die with eight faces has 3: {way}.")


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
    from kit.tasks.next_token import pretraining_recipe
    from kit.train import fit, total_loss

    if not callable(make):
        return wrong("Give a function that makes a model, not the model: begin with `lambda:`.")
    model = make()
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
            "So a token costs log₂ of the perplexity. How many bytes does that pay for?",
            "log₂(20) / 2 against log₂(80) / 4.",
        ),
    ),
    "2": Exercise(
        judge=as_unsure_as_a_die,
        hints=(
            "A die with eight faces has log₂ 8 = 3 bits of entropy.",
            "Choose “Transf., baked” in the widget and drag τ: the line above the bars says the "
            "entropy.",
            "It is below 1: the model must be made surer than it is.",
        ),
    ),
    "3": Exercise(
        judge=worth_more,
        hints=(
            "In ten seconds, more updates may beat a better model: look at the number of updates.",
            "Most of the time goes to the last layer, width × V products: a narrower body is "
            "faster.",
            "Keep the bias of log frequencies: `writer` sets it. Then try widths of 96 to 160, and "
            "`cell`.",
        ),
    ),
}
