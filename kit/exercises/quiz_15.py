"""Quiz of lesson 15: cross frameworks."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A checkpoint holds all tensors with their names and shapes. What does it not say?",
        answers=(
            "How many layers the model has.",
            "What is computed with the tensors: the activation, the place of the norms, the number "
            "of heads.",
            "Which numbers the tensors have.",
        ),
        right=1,
        why=(
            "The names count the layers.",
            "Two models with the same tensors can be two functions. The settings and the program "
            "say which one it is.",
            "The numbers are what a checkpoint holds.",
        ),
    ),
    Question(
        "Why does a matrix of 384 × 384 that was not transposed raise no error?",
        answers=(
            "PyTorch transposes it by itself.",
            "The attention does not depend on the direction of a matrix.",
            "It has the shape that the layer expects, and a shape is all that is checked.",
        ),
        right=2,
        why=(
            "It copies what it is given.",
            "It does: without the transpose the accuracy without labels is near chance.",
            "Rows and columns have the same number, so that both directions fit.",
        ),
    ),
    Question(
        "A converted model reaches 67 % after fine-tuning, and counting words reaches 65 %. Was "
        "the conversion right?",
        answers=(
            "Yes: it is above the baseline, and a wrong copy would not be.",
            "Nobody can tell from these two numbers.",
            "No: a right copy is always far above.",
        ),
        right=1,
        why=(
            "In this lesson a copy with a fault is above it too.",
            "A faulty copy learns as well, only less. What tells is a comparison of outputs before "
            "any training.",
            "On some tasks a source is worth little, even if it is right.",
        ),
    ),
    Question(
        "You publish a model. What helps others most to check their conversion?",
        answers=(
            "A few inputs, as texts, with the outputs of your own program.",
            "The number of parameters.",
            "The loss at the end of the training, with the number of updates.",
        ),
        right=0,
        why=(
            "Then anybody can make a parity test, also where your framework no longer runs.",
            "A faulty copy has as many.",
            "To compare it one needs your data, and it says little of a single fault.",
        ),
    ),
)
