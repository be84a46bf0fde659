"""Prompts for classification: an instruction, examples with their labels, and the question.

    Review: A fine film.
    Sentiment: positive

    Review: I left early.
    Sentiment:

A model that continues such a text writes a label next: in-context learning (Brown et al. 2020,
Language Models are Few-Shot Learners, arXiv:2005.14165). No parameter changes.
"""

from collections.abc import Sequence

from kit import guards
from kit.errors import KitError

__all__ = ["NEUTRAL", "chat", "few_shot", "reordered", "zero_shot"]

NEUTRAL = ("N/A", "", "[MASK]")
"""Texts without content, by which `kit.prompt.calibrated` learns what a prompt prefers (Zhao et al.
2021)."""

Example = tuple[str, str]
"""A text and its label."""


@guards.guarded("zero_shot('A fine film.')", text=guards.a_name)
def zero_shot(text: str, *, field: str = "Review", answer: str = "Sentiment") -> str:
    """The question alone: the text, and the name of the answer, after which the label follows."""
    return f"{field}: {text}\n{answer}:"


@guards.guarded("few_shot('A fine film.', [('Great.', 'positive')])", text=guards.a_name)
def few_shot(
    text: str,
    examples: Sequence[Example],
    *,
    field: str = "Review",
    answer: str = "Sentiment",
) -> str:
    """The examples with their labels, in this order, and then the question.

    examples: pairs of a text and its label; none of them gives `zero_shot`.
    """
    names = {"field": field, "answer": answer}
    shown = [f"{zero_shot(x, **names)} {label}\n\n" for x, label in _checked(examples)]
    return "".join(shown) + zero_shot(text, **names)


@guards.guarded("chat('A fine film.', ('negative', 'positive'))", text=guards.a_name)
def chat(
    text: str,
    labels: Sequence[str],
    examples: Sequence[Example] = (),
    *,
    field: str = "Review",
    answer: str = "Sentiment",
) -> list[dict[str, str]]:
    """The same as messages for a chat model: an instruction that names the labels, and each example
    as a question with its answer."""
    if isinstance(labels, str) or len(labels) < 2:
        raise KitError(f"labels={labels!r}: give at least two, such as ('negative', 'positive').")
    task = f"Answer with one word, {' or '.join(labels)}."
    system = {"role": "system", "content": f"What is the {answer.lower()} of the text? {task}"}
    messages = [system]
    for x, label in _checked(examples):
        messages.append({"role": "user", "content": f"{field}: {x}\n{task}"})
        messages.append({"role": "assistant", "content": label})
    return [*messages, {"role": "user", "content": f"{field}: {text}\n{task}"}]


def reordered(examples: Sequence[Example], order: Sequence[int]) -> list[Example]:
    """The examples in another order: `order` has each place, 0 to n - 1, once."""
    if sorted(order) != list(range(len(examples))):
        raise KitError(
            f"order={list(order)!r} is no order of {len(examples)} examples: give each of "
            f"{list(range(len(examples)))} once."
        )
    return [examples[i] for i in order]


def _checked(examples: Sequence[Example]) -> Sequence[Example]:
    """The examples; a KitError for what are no pairs of texts."""
    for pair in examples:
        texts = isinstance(pair, tuple | list) and len(pair) == 2
        if not texts or not all(isinstance(part, str) for part in pair):
            raise KitError(
                f"the example {pair!r:.60} is no pair of a text and its label: give "
                "[('Great.', 'positive'), ...]."
            )
    return examples
