"""Quiz of lesson 13: measure bias."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Why does the lesson put weekdays and months into the same templates as nationalities?",
        answers=(
            "They show how large a range is for words that belong to no group of people.",
            "They make the templates longer, and so the answers of the model more certain than "
            "before.",
            "They are known to have no effect on a model.",
        ),
        right=0,
        why=(
            "Any thirty words have a range above zero. Only what is beyond the control says "
            "something about nationalities.",
            "Each template has one place for one word, so nothing becomes longer.",
            "They do have an effect, and that is the point: their range is nearly as large.",
        ),
    ),
    Question(
        "One head has a gap of 7 points between female and male names, with p = 0.01. A second "
        "head on the same source has none. What is true?",
        answers=(
            "The first result is wrong, because the second one differs.",
            "The source is biased, and the second head hides it.",
            "The first head has this gap, and its labels, not the source alone, brought it about.",
        ),
        right=2,
        why=(
            "The test over names is right for that head: chance among the names does not explain "
            "it.",
            "If the source alone made the gap, the second head would have it too.",
            "A gap can be real for one model and still be no property of its source.",
        ),
    ),
    Question(
        "Why is a remedy judged on nationalities that it was not made from?",
        answers=(
            "Because these are harder words, and a remedy that works for them works for all the "
            "others as "
            "well.",
            "Because it always works on those it was made from, which does not show that it helps "
            "with others.",
            "Because the accuracy would fall otherwise.",
        ),
        right=1,
        why=(
            "The halves are equally hard. Both are used in turn.",
            "It is the rule of train and test once more: a score on what was fitted is too good.",
            "The accuracy is measured separately. It does not depend on which half is judged.",
        ),
    ),
    Question(
        "Labels are shuffled, and the range of nationalities stays as large. What does this rule "
        "out?",
        answers=(
            "That the model has a range at all.",
            "That the true labels are needed for so large a range.",
            "That the source was pretrained.",
        ),
        right=1,
        why=(
            "It has one: 26 and 20 points were measured.",
            "Shuffled labels teach nothing, so the range does not come from what the labels say.",
            "The experiment changes the labels only.",
        ),
    ),
)
