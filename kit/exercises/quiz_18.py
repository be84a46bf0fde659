"""Quiz of lesson 18: use your own data."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A program reads 603 rows and trains on 600, without a word. What is the danger?",
        answers=(
            "None that matters: three rows of a file with hundreds are too few to change a "
            "score by much.",
            "The training becomes slower.",
            "You do not know which rows are missing, nor whether they have something in common.",
        ),
        right=2,
        why=(
            "Here they are few. In another file it may be all rows with an accent, or of one year.",
            "It has fewer rows to read.",
            "If all rows of one kind are lost, the model never sees that kind. A report shows it.",
        ),
    ),
    Question(
        "Your model is right for 81 % of the test. What do you need to know first?",
        answers=(
            "The number of parameters.",
            "What the most frequent class and counted words have on the same test.",
            "The loss of the last update.",
        ),
        right=1,
        why=(
            "It says nothing of the quality of the answers.",
            "If 80 % of the rows are of one class, 81 % is next to nothing.",
            "It is a number of the training rows, and can be small while the test score is poor.",
        ),
    ),
    Question(
        "Two customers wrote nearly the same review. One is in train, the other in test. Why is "
        "this bad?",
        answers=(
            "The test has a text that the model has nearly seen, so the score is too good.",
            "The model sees too few texts.",
            "The two customers may have given different stars, and then one of the two "
            "labels is wrong.",
        ),
        right=0,
        why=(
            "The score should say how the model does on new texts. So the kit keeps "
            "near-duplicates on one side.",
            "One text more or less hardly matters for the training.",
            "That can happen, and is a problem of labels, not of the split.",
        ),
    ),
    Question(
        "A review has three stars of five, and your classes are positive and negative. What do you "
        "do with it?",
        answers=(
            "Call it positive: three is more than two.",
            "Leave it out, and say so; or add a class of its own.",
            "Choose its class at random.",
        ),
        right=1,
        why=(
            "Then the class “positive” contains texts that praise nothing, and the model learns "
            "that.",
            "A forced class is noise. A mapping that leaves it out names it in the report.",
            "That is noise in the labels, and in the test as well.",
        ),
    ),
)
