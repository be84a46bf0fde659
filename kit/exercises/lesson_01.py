"""Exercises of lesson 01: minimise a loss."""

from kit.errors import KitError
from kit.exercises import Exercise, Verdict, right, wrong

__all__ = ["EXERCISES"]

RATINGS = (4.0, 1.0, 1.0)


def one_for_all(answer: float) -> Verdict:
    """The number that makes Σ (y - answer)² smallest for the three ratings."""
    import torch

    from kit import loss

    at = torch.tensor(float(answer), requires_grad=True)
    loss.squared_error(at.expand(3), torch.tensor(RATINGS)).backward()
    if abs(at.grad) < 0.01:
        return right("Right: there the slope is 0. It has a well-known name. Which?")
    way = "down" if at.grad > 0 else "up"
    return wrong(f"At {answer:g} the slope is {float(at.grad):+.1f}: L falls if you move {way}.")


def largest_rate(answer: float) -> Verdict:
    """The largest rate, to one decimal, at which descent on “and”, “bad” still comes down."""
    from kit.tasks import sentiment
    from kit.train.loss_surface import Surface

    if not 0 < answer < 100:
        return wrong(f"{answer} is no rate to learn with: between 0 and 100.")
    square = Surface.of(sentiment.load()["train"], ("and", "bad"), "squared_error")
    first, last = descent(square, answer)
    if last >= first:
        return wrong(f"At {answer} the mean loss rose from {first:.2f} to {last:.2g}.")
    first, last = descent(square, answer + 0.1)
    if last < first:
        return wrong(f"{answer} comes down, but so does {answer + 0.1:.1f}.")
    return right("Right. Compare it with 2/λ.")


def descent(surface, rate: float) -> tuple[float, float]:
    """The mean loss before and after 200 updates at this rate."""
    from kit.train.loss_surface import Walker

    walker = Walker(surface, "SGD", rate, start=(1.5, 1.0))
    for _ in range(200):
        walker.step()
    return walker.means[0], walker.means[-1]


def round_surface(answer: tuple[str, str]) -> Verdict:
    """Two words whose curvatures at the minimum differ by less than a quarter."""
    from kit.tasks import sentiment
    from kit.train.loss_surface import Surface

    try:
        surface = Surface.of(sentiment.load()["train"], answer)
    except KitError as error:
        return wrong(str(error))
    often = surface.X.sum(0).int().tolist()
    flat, steep = surface.minimum()[1].tolist()
    if steep / flat < 1.25:
        return right(f"Right: {steep / flat:.2f}. The words are in {often} sentences.")
    return wrong(
        f"The curvatures differ {steep / flat:.1f} times; the words are in {often} sentences."
    )


EXERCISES = {
    "1": Exercise(
        judge=one_for_all,
        hints=(
            "At the smallest L the slope is 0: moving either way makes it worse.",
            "The slope is 2 · Σ (answer − rating). When is that sum 0?",
        ),
    ),
    "2": Exercise(
        judge=largest_rate,
        hints=(
            "Choose the squared error in the widget, and raise η until the loss climbs.",
            "`Surface.of(rows, ('and', 'bad'), 'squared_error').minimum()` gives θ and both λ.",
            "Just below 2/λ, λ being the larger one; cut to one decimal.",
        ),
    ),
    "3": Exercise(
        judge=round_surface,
        hints=(
            "A word that is in few sentences makes a flat direction.",
            "So take two words that are in about as many sentences, and seldom in the same ones.",
            "Count: `mentions(rows, ('but', 'with')).sum(0)`.",
        ),
    ),
}
