"""Quiz of lesson 11: choose a source."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "An estimate puts random vectors above a trained source, and fine-tuning does the "
        "opposite. How can that happen?",
        answers=(
            "The estimate judges the vectors as they are now, and fine-tuning moves them.",
            "Fine-tuning was done with so many labels that the source had no part in the result.",
            "The trained source has a smaller vocabulary.",
        ),
        right=0,
        why=(
            "Random vectors of words lie far apart, so a linear model can tell many of them apart. "
            "That is not what fine-tuning builds on.",
            "More labels would make the comparison of fine-tuned models only more certain.",
            "Both have the same architecture and vocabulary. Only the values differ.",
        ),
    ),
    Question(
        "A new estimate orders four sources exactly as fine-tuning does. How strong is this as "
        "evidence?",
        answers=(
            "Very strong: tau is 1, the largest value.",
            "Worthless: tau cannot be computed for four sources.",
            "Weak: one of 24 random estimates has the same order by chance.",
        ),
        right=2,
        why=(
            "Tau is 1, but with four sources chance reaches it too often.",
            "It can be computed from six pairs. Its interval is only very wide.",
            "Four sources have 24 orders. So ask for the interval of tau, and for more sources.",
        ),
    ),
    Question(
        "Why do the linear probe and kNN make none of the mistakes with fresh values, while LogME "
        "does?",
        answers=(
            "They are tested on examples that they have not seen.",
            "They use more examples than LogME does, so that chance matters less.",
            "They know which source is trained.",
        ),
        right=0,
        why=(
            "Telling the training examples apart is easy in many dimensions. It does not "
            "generalise, and only held-out examples show that.",
            "All estimates get the same examples.",
            "No estimate knows that. It gets vectors and labels only.",
        ),
    ),
    Question(
        "A decision table says that LoRA costs 0.8 points. On a new task it costs 16.0. What was "
        "wrong?",
        answers=(
            "The table was computed wrongly.",
            "The size of a difference was measured on other tasks, and it does not carry over.",
            "LoRA was trained with too few labels.",
        ),
        right=1,
        why=(
            "Its numbers are right for the tasks that it was made from.",
            "That `full` is best carried over, and the size did not. So run a pilot on your own "
            "task.",
            "The lesson compares both strategies with the same labels.",
        ),
    ),
)
