"""Quiz of lesson 10: ask how much data."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Two learning curves are 5 points apart at 100 labels and 5 points apart at 1,000. Is the "
        "source worth the same number of labels at both?",
        answers=(
            "Yes: the distance between the two curves is the same, so it stands for as many "
            "labels.",
            "No: where the other curve rises slowly, 5 points are many more labels.",
            "One cannot say, because the seeds differ.",
        ),
        right=1,
        why=(
            "The vertical distance is the same. Labels are counted along the horizontal axis.",
            "The worth in labels is the horizontal distance, and it depends on how steep the other "
            "curve is.",
            "Seeds make the answer uncertain, but they do not change the question.",
        ),
    ),
    Question(
        "With *all* labels, ten seeds of a frozen head give ten equal scores. How certain is this "
        "score?",
        answers=(
            "Fully certain: the interval over seeds is zero.",
            "Not at all certain: such a score must not be reported.",
            "As certain as the test sentences allow: others would give another score.",
        ),
        right=2,
        why=(
            "All seeds drew the same sentences, so they could not differ. That shows nothing about "
            "other test sentences.",
            "It may be reported, with an interval over the test rows.",
            "The seeds show how much other labels change. The bootstrap over the test rows shows "
            "the other part.",
        ),
    ),
    Question(
        "Why can a frozen source lose to counted words when there are very many labels?",
        answers=(
            "Its vectors are fixed: a head cannot add what they lack, while word counts go on "
            "learning from each new word.",
            "With very many labels a frozen source forgets what it had learned in its "
            "pretraining, and "
            "its vectors become less useful.",
            "The logistic regression is not trained to the end.",
        ),
        right=0,
        why=(
            "Its curve becomes flat at 78 % on films. Fine-tuning the source would be another "
            "curve.",
            "Nothing in a frozen source changes, so nothing can be forgotten.",
            "Such a small model is trained to the end in milliseconds.",
        ),
    ),
    Question(
        "A forecast for the next 400 labels says +2 ± 3 points. The labels cost as much as 1 point "
        "is worth to you. What does the rule of this lesson say?",
        answers=(
            "Buy the labels: 2 is more than 1.",
            "Stop: the forecast may be negative.",
            "Uncertain: the cost lies between the lower and the upper end of the forecast.",
        ),
        right=2,
        why=(
            "The middle pays, but it is not known well enough: the lower end is no gain at all.",
            "The upper end, 5 points, pays well. So the rule does not say stop.",
            "The rule looks at the whole interval, not at its middle. A small pilot would tell "
            "more.",
        ),
    ),
)
