"""Exercises of lesson 01: minimise a loss."""

from collections.abc import Callable

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import Refusal, call, kind, number, numbers

__all__ = ["EXERCISES"]

RATINGS = (4.0, 1.0, 1.0)


def one_for_all(answer: float) -> Verdict:
    """The number that makes Σ (y - answer)² smallest for the three ratings."""
    import torch

    from kit import loss

    answer = number(answer, "your answer")
    at = torch.tensor(answer, requires_grad=True)
    loss.squared_error(at.expand(3), torch.tensor(RATINGS)).backward()
    if abs(at.grad) < 0.01:
        return right("Right: there the slope is 0. This number has a well-known name. Which?")
    way = "down" if at.grad > 0 else "up"
    return wrong(f"At {answer:g} the slope is {float(at.grad):+.1f}: L falls if you move {way}.")


def largest_rate(answer: float) -> Verdict:
    """The largest rate, to one decimal, at which descent on “and”, “bad” still lowers the loss."""
    from kit.tasks import sentiment
    from kit.train.loss_surface import Surface

    answer = number(answer, "your rate")
    if not 0 < answer < 100:
        return wrong(f"{answer} is no learning rate: give a number between 0 and 100.")
    square = Surface.of(sentiment.load()["train"], ("and", "bad"), "squared_error")
    first, last = descent(square, answer)
    if last >= first:
        return wrong(f"At {answer} the mean loss rose from {first:.2f} to {last:.2g}.")
    first, last = descent(square, answer + 0.1)
    if last < first:
        return wrong(f"At {answer} the loss falls, but at {answer + 0.1:.1f} it still falls too.")
    return right("Right. Compare it with 2/λ.")


def descent(surface, rate: float) -> tuple[float, float]:
    """The mean loss before and after 200 updates at this rate."""
    from kit.train.loss_surface import Walker

    walker = Walker(surface, "SGD", rate, start=(1.5, 1.0))
    for _ in range(200):
        walker.step()
    return walker.means[0], walker.means[-1]


def gradient_step(answer: Callable) -> Verdict:
    """A function that makes one step of gradient descent on the mean cross-entropy."""
    import torch

    X = torch.tensor([[1.0, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1]])  # (N, W)
    y, eta = torch.tensor([1.0, 0, 1, 1]), 2.0
    theta = torch.tensor([0.5, -1.0, 0.25])
    given = theta.clone()
    result = call(answer, "step(theta, X, y, eta)", given, X, y, eta)
    if not isinstance(result, torch.Tensor) or result.shape != theta.shape:
        shape = list(result.shape) if isinstance(result, torch.Tensor) else kind(result)
        raise Refusal(f"step returns {shape}: return the new θ, a tensor of 3 numbers like θ.")
    p = (X @ theta).sigmoid()
    total, n = X.T @ (p - y), len(y)
    new = theta - eta * total / n
    faults = {
        "that is the gradient. Return the new θ: θ − η ∇L/N": total / n,
        "it is the old θ: it has not moved": theta,
        "the step goes uphill. Subtract the gradient": theta + eta * total / n,
        "divide the gradient by N, the number of sentences": theta - eta * total,
        "multiply the gradient by η": theta - total / n,
        "p is a probability. Use the sigmoid of ŷ, not ŷ itself": (
            theta - eta * X.T @ (X @ theta - y) / n
        ),
    }
    for fault, value in faults.items():
        if torch.allclose(result, value, atol=1e-4):
            return wrong(f"For four sentences step returns {numbers(result)}: {fault}.")
    if not torch.allclose(result, new, atol=1e-4):
        return wrong(
            f"For four sentences step returns {numbers(result)}, and the new θ is {numbers(new)}. "
            f"Compare your p with {numbers(p)}, and your ∇L/N with {numbers(total / n)}."
        )
    if not torch.equal(given, theta):
        return wrong(
            "The new θ is right, but step has also changed the θ that it was given. Write "
            "`theta - ...`, not `theta -= ...`."
        )
    return right("Right. `fit` does this for every model, with torch's gradient.")


def noise(predicted: float, small: float, large: float) -> Verdict:
    """A predicted ratio, and the heights above the minimum with batches of 16 and of 64."""
    guess = number(predicted, "your prediction")
    few, many = number(small, "the first height"), number(large, "the second height")
    if not (few > 0 and many > 0):
        return wrong(f"{few:g} and {many:g}: a height above the minimum is more than 0.")
    if few < many:
        return wrong(
            f"With 16 sentences you have {few:.4f}, with 64 {many:.4f}. Fewer sentences make a "
            "noisier gradient: are the two heights in the right order?"
        )
    if not 2 < few / many < 8:
        return wrong(
            f"{few:.4f} is {few / many:.1f} times {many:.4f}: take the mean of more seeds."
        )
    return right(
        f"You predicted {guess:g} times and measured {few / many:.1f} times. The variance of a "
        "mean of B sentences is proportional to 1/B: a quarter of the sentences, four times the "
        "height."
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
        judge=gradient_step,
        hints=(
            "`X @ theta` has one ŷ for each sentence. `.sigmoid()` turns each into a probability.",
            "`X.T @ (p - y) / len(y)` is ∇L/N: one number for each weight.",
            "`return theta - eta * X.T @ (p - y) / len(y)`",
        ),
    ),
    "3": Exercise(
        judge=largest_rate,
        hints=(
            "Choose the squared error in the widget, and raise η until the loss rises.",
            "`Surface.of(rows, ('and', 'bad'), 'squared_error').minimum()` gives θ and both λ.",
            "The answer is just below 2/λ with the larger λ. Round it down to one decimal.",
        ),
    ),
    "4": Exercise(
        judge=noise,
        hints=(
            "How much noisier is the mean of 16 numbers than the mean of 64?",
            "`sum(height(16, seed) for seed in range(3)) / 3`, and the same with 64.",
        ),
    ),
}
