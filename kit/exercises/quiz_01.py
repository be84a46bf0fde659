"""Quiz of lesson 01: minimise a loss."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A classifier gives the right class a probability of 1 %. Why is cross-entropy better here "
        "than the squared error of the probability?",
        (
            "Its slope is near −1 here, and that of the squared error of the probability near 0.",
            "Its value is larger, and a larger loss is always the better one to minimise.",
            "It can be computed faster, because a logarithm takes less time than a square.",
        ),
        right=0,
        why=(
            "Training follows the slope. With a slope near 0 the model hardly learns from its "
            "worst mistakes.",
            "Only the slope changes θ. A constant that is added to a loss makes it larger and "
            "changes nothing.",
            "Both take very little time, compared with the model.",
        ),
    ),
    Question(
        "During training on all examples, the loss falls for ten steps, and then jumps up and "
        "down without falling. What should you try?",
        (
            "More steps, because the loss needs time to settle.",
            "A lower learning rate.",
            "A larger model, which can reach a lower loss.",
        ),
        right=1,
        why=(
            "Above the limit 2/λ, each step jumps over the minimum again, however many there are.",
            "θ jumps from one side of the valley to the other: the rate is above the limit that "
            "the curvature sets.",
            "A larger model has a lower minimum, perhaps. With this rate it would not reach it "
            "either.",
        ),
    ),
    Question(
        "Every sentence of the training set is copied once, so that there are 2N of them. What "
        "happens to the gradient of the sum L, and to that of the mean L/N?",
        (
            "Both double, because there is twice as much to learn.",
            "Neither changes, because nothing new can be learnt.",
            "That of L doubles, and that of the mean stays the same.",
        ),
        right=2,
        why=(
            "The mean is divided by twice as many sentences.",
            "L is a sum over sentences: each of them now counts twice.",
            "This is why the lesson divides by N: the same learning rate then suits every number "
            "of sentences.",
        ),
    ),
    Question(
        "Why does AdamW change the weight of a rare word faster than SGD does?",
        (
            "It draws sentences with rare words more often.",
            "It has a higher learning rate.",
            "It divides the step by the recent size of this weight's gradients, which is small.",
        ),
        right=2,
        why=(
            "Both draw their batches at random, from the same sentences.",
            "In the table its rates are lower: 0.05 to 0.2, against 2 to 10.",
            "Most sentences do not have the word, so that its gradients are small. Divided by "
            "their own size, they make a step of the usual length.",
        ),
    ),
)
