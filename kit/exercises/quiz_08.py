"""Quiz of lesson 08: translate."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Untranslated English has 23 BLEU against Italian. What does this show?",
        answers=(
            "English and Italian share a quarter of their words.",
            "Placeholders that must be copied give matching n-grams without any translation.",
            "The test set is too small for BLEU.",
        ),
        right=1,
        why=(
            "On plain messages, without placeholders, hardly anything of this score is left.",
            "`sacrebleu` splits a placeholder into many words, and these are alike in all "
            "languages. So score plain messages too.",
            "A larger test set has placeholders too, so untranslated English would have as much.",
        ),
    ),
    Question(
        "The control *from scratch* has the same pairs and as many updates as the child. Why as "
        "many updates?",
        answers=(
            "So that a longer training is not mistaken for the worth of the parent.",
            "Because a model from scratch cannot be trained for longer than a child of the parent.",
            "Because the parent was trained with the same number of updates.",
        ),
        right=0,
        why=(
            "A control differs in one thing only. With fewer updates it would be worse for a "
            "reason that is not the parent.",
            "It can be. The lesson trains it for exactly as long as the child, to keep the "
            "comparison fair.",
            "The parent had far more pairs and updates. This is what the child profits from.",
        ),
    ),
    Question(
        "In attention, what would happen if all scores of the words were equal?",
        answers=(
            "The decoder would read nothing.",
            "The decoder would read only the first word, since softmax takes the first of equal "
            "scores.",
            "The result would be the plain mean of all encoder states.",
        ),
        right=2,
        why=(
            "Softmax makes weights that sum to 1, so something is always read.",
            "No word would have a larger weight than another one.",
            "Softmax of equal scores gives equal weights, and the result is the mean with these "
            "weights.",
        ),
    ),
    Question(
        "The Transformer gains more from its parent than the LSTM does: 25 chrF with 300 pairs. "
        "Does this make it the better child?",
        answers=(
            "Yes: the larger gain shows the better child.",
            "No: its gain is large because it learns almost nothing without a parent. As a child "
            "it is a little behind.",
            "Nobody can tell, because the Transformer was trained on other languages.",
        ),
        right=1,
        why=(
            "A gain is measured from the control. Here the control is very low.",
            "A gain is the difference of two scores: look at both before you praise it.",
            "Both parents learnt the same eight languages, and both children the same 300 pairs.",
        ),
    ),
)
