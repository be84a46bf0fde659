"""Quiz of lesson 14: prompt a large model."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A prompt has an AUC of 94 % and an accuracy of 63 %. What is wrong?",
        answers=(
            "The model does not know the task.",
            "The scores are in the right order, but the threshold between the labels is not where "
            "it should be.",
            "The prompt has too few examples.",
        ),
        right=1,
        why=(
            "Then the AUC would be near 50 %.",
            "AUC looks only at the order of the texts. The prompt adds the same preference for "
            "one label to all of them.",
            "More examples may move the threshold too, to the right place or past it.",
        ),
    ),
    Question(
        "Why does the order of the examples change the answers, although their content is the "
        "same?",
        answers=(
            "The model reads from left to right: other tokens stand near the question, and the "
            "last labels weigh more or less than the first.",
            "The server draws its answers at random.",
            "Another order has another number of tokens.",
        ),
        right=0,
        why=(
            "A causal model computes a function of the whole sequence, which has an order.",
            "The probabilities were read at temperature 0, without any draw.",
            "The same sentences have the same tokens in any order.",
        ),
    ),
    Question(
        "You calibrate by texts without content, such as “N/A”. Which number can this never "
        "change, with two labels?",
        answers=(
            "The accuracy.",
            "The share of texts that get the first label.",
            "The AUC.",
        ),
        right=2,
        why=(
            "It changes as soon as one text crosses the threshold.",
            "This is what calibration is for: it moves the threshold.",
            "Every score is moved by the same factor, so that the order of the texts stays.",
        ),
    ),
    Question(
        "The examples get labels drawn by lot, and the accuracy hardly falls. What does this say?",
        answers=(
            "The model has learnt from wrong labels.",
            "Much of what the examples give is the form: which labels there are, and what the "
            "texts look like.",
            "The labels were right by chance.",
        ),
        right=1,
        why=(
            "No parameter has changed. Nothing was learnt that would last beyond the prompt.",
            "The task itself was known from the pretraining; the prompt says which task is meant.",
            "In several draws this does not happen each time.",
        ),
    ),
)
