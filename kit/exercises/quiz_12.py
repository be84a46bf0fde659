"""Quiz of lesson 12: find leakage."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A split by sentence adds 12 points on topics and hardly anything on the sentiment of "
        "tweets. Why?",
        answers=(
            "Tweets are much shorter than the sentences of an article, so that they have fewer "
            "words "
            "that could leak.",
            "Sentences of one article share its topic and its names; nearly each tweet is a "
            "document of its own.",
            "Sentiment is an easier task than topics.",
        ),
        right=1,
        why=(
            "Length does not leak anything. What counts is what both sides of the split share.",
            "If documents do not reach over the split, nothing leaks through them.",
            "The difference between two splits of the same data says nothing about how easy a "
            "task is.",
        ),
    ),
    Question(
        "The audit finds nothing in your data. What may you conclude?",
        answers=(
            "The test score holds for new text.",
            "There is no copy that it could find, but a source may have read the test, and the "
            "test may have chosen the winner.",
            "The data are too few.",
        ),
        right=1,
        why=(
            "Only if nothing else leaked. Much cannot be seen in the rows.",
            "An audit of data sees data. Pretraining, paraphrases and the number of looks at the "
            "test are not in them.",
            "With few rows the audit says so itself.",
        ),
    ),
    Question(
        "A model with a shortcut has the same score on clean text as a model without one. Is the "
        "shortcut harmless?",
        answers=(
            "No: on texts where the sign occurs with another class it fails.",
            "Yes: clean text is what counts, and on clean text both have the same score.",
            "Yes, as long as the test is large enough.",
        ),
        right=0,
        why=(
            "With the mark on the wrong side the accuracy fell below 50 %.",
            "Nobody promises that new text is clean. A file from elsewhere has other signs.",
            "A larger test from the same source has the same sign, and hides the fault as well.",
        ),
    ),
    Question(
        "You try 20 learning rates, choose by the test, and report the mean over five seeds. Is "
        "the report honest now?",
        answers=(
            "Yes: five seeds remove the chance.",
            "Yes, if the interval is reported as well.",
            "No: the test sentences had a part in the choice, in all five seeds.",
        ),
        right=2,
        why=(
            "Seeds vary the training. The test sentences, which chose, stay the same.",
            "The interval does not know that something was chosen.",
            "Choose on validation. The test may only judge, and only once.",
        ),
    ),
)
