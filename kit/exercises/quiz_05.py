"""Quiz of lesson 05: migrate both."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Why does B start at zero in LoRA, and not at random values?",
        answers=(
            "So that the target begins with exactly the answers of the source.",
            "So that A and B have the same size.",
            "Because zeros need less memory on the disk than other numbers, and compress well.",
        ),
        right=0,
        why=(
            "B A is then zero, so W′ = W. Random values would disturb the source before the first "
            "update.",
            "Their sizes come from W and the rank, not from the values.",
            "A zero takes as much memory as any other number.",
        ),
    ),
    Question(
        "Could A start at zero as well?",
        answers=(
            "Yes: training would find values for both.",
            "No: then neither A nor B would ever receive a gradient other than zero.",
            "No: then W would be deleted.",
        ),
        right=1,
        why=(
            "It could not: the gradient of each is a product with the other, and both are zero.",
            "The gradient of B contains A x, and that of A contains B. With both at zero, nothing "
            "moves.",
            "W is frozen; only the term that is added to it would be zero.",
        ),
    ),
    Question(
        "LoRA trains one number in 300. Why does it still need 69 % of the time of `full`?",
        answers=(
            "Because A and B are two matrices, and two products are slower than one.",
            "Because it needs more labels.",
            "Because every layer must still be computed, forward and backward.",
        ),
        right=2,
        why=(
            "They are thin, and their products take little time.",
            "It had the same 1,600 labels.",
            "The lowest LoRA is in the lowest block, so the backward pass goes all the way down. "
            "Only the gradients of the frozen matrices are saved.",
        ),
    ),
    Question(
        "An adapter computes y + U gelu(V y). Why can it not be merged, as LoRA can?",
        answers=(
            "Because U starts at zero.",
            "Because gelu is not linear, so no single matrix computes the same.",
            "Because it has more parameters than LoRA.",
        ),
        right=1,
        why=(
            "LoRA's B starts at zero too, and LoRA can be merged.",
            "Without gelu, U V y would be a matrix times y, and could be multiplied into the layer "
            "before it. With gelu it depends on y in a way that no matrix can express.",
            "The number of parameters does not matter for merging.",
        ),
    ),
)
