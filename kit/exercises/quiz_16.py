"""Quiz of lesson 16: use bigger machines."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Two processes with batches of 16 train like one process with batches of 32. Why?",
        answers=(
            "The gradient of a batch is the sum of its examples' gradients, wherever these are "
            "computed.",
            "Each process finds its own minimum, and the mean of the two models is taken at the "
            "end.",
            "The learning rate is divided by the number of processes.",
        ),
        right=0,
        why=(
            "The sum does not depend on who computes which term, up to rounding.",
            "The sum is taken in each update, so that both always have the same parameters.",
            "The rate stays: the update is the same.",
        ),
    ),
    Question(
        "A ring of 64 processes sums a gradient of 100 MB. How much does each process send?",
        answers=("6,300 MB: it sends it to all others.", "1.6 MB.", "About 197 MB."),
        right=2,
        why=(
            "Nobody sends to everybody: each has one neighbour.",
            "This is one part. How many parts does it send?",
            "2 × 63 / 64 × 100 MB: hardly more than with eight processes.",
        ),
    ),
    Question(
        "Two processes train with LoRA about twice as fast as one, and in full much less. What "
        "explains it?",
        answers=(
            "LoRA computes its forward pass in one process only.",
            "LoRA sums a few hundred kB in each update, full fine-tuning all of the model.",
            "LoRA has a smaller batch.",
        ),
        right=1,
        why=(
            "Both compute the whole forward pass, each for its share of the sentences.",
            "Only what is trained has a gradient, and only gradients are sent.",
            "The batch is the same in both.",
        ),
    ),
    Question(
        "A model of 7 billion parameters is to be trained in full in float32 on GPUs of 80 GB. "
        "What is needed at least?",
        answers=(
            "One GPU: the parameters are 27 GB.",
            "Two GPUs, each with a copy of the model.",
            "Two GPUs that share parameters, gradients and moments, and room for activations.",
        ),
        right=2,
        why=(
            "Gradients and AdamW's moments come on top: four numbers a parameter, 108 GB.",
            "A copy of everything is 108 GB in each of them.",
            "54 GB in each, and the rest is for activations.",
        ),
    ),
)
