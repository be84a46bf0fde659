"""Quiz of lesson 06: classify sentiment."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A model is right for 64 % of the tweets here. Two thirds of the tweets are positive. Is "
        "the model useful?",
        answers=(
            "Yes: it is clearly better than chance, which is 50 % with two classes.",
            "No: always saying “positive” is right more often.",
            "That depends on the number of its parameters.",
        ),
        right=1,
        why=(
            "Chance is 50 % only where both classes are equally frequent, or for a coin.",
            "The cheapest answer has 66.3 %, and it reads nothing.",
            "The size of a model does not say how useful it is.",
        ),
    ),
    Question(
        "The models for class and rating have the same body. What is different?",
        answers=(
            "The last layer, the loss, and so what the body is tuned to.",
            "The tokenizer.",
            "Only the numbers that are printed.",
        ),
        right=0,
        why=(
            "Two numbers with cross-entropy, or one number with squared error. The gradients that "
            "reach the body differ, so its values differ after training.",
            "Both read the same tokens.",
            "They are trained with different losses, and give different answers to some sentences.",
        ),
    ),
    Question(
        "You have 100 labelled product reviews, and 400 labelled film reviews. What do the "
        "recorded runs suggest?",
        answers=(
            "Train on the 400, because they are more.",
            "Train on the films first; it always helps.",
            "Train on the 100; the films added nothing that three seeds could show.",
        ),
        right=2,
        why=(
            "With films alone the two small sources were 8 to 10 points lower on products than "
            "after films and 100 product labels.",
            "The gain by films first was smaller than its interval for every source and domain.",
            "Labels of the domain itself were worth more. It does not mean that films do harm.",
        ),
    ),
    Question(
        "Leaving out the word “not” changes P(positive) by 30 points. What does this show?",
        answers=(
            "How much the answer depends on this word, in this one sentence.",
            "That “not” is the word to which the model pays most attention in every sentence "
            "that has it.",
            "That the model understands negation.",
        ),
        right=0,
        why=(
            "The effect depends on the neighbours of the word: in another sentence it may be zero.",
            "It was measured in one sentence only.",
            "A change says that the word matters here, not that it is used as people would use it.",
        ),
    ),
)
