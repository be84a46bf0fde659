"""Quiz of lesson 07: tag entities."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Why does this lesson report F1 of whole names, and not the share of words with the right "
        "tag?",
        answers=(
            "Most words are part of no name, so a tagger that finds nothing has a high share.",
            "F1 is always lower than the share of right words, so it is the more careful of the "
            "two "
            "numbers.",
            "A model cannot be trained with the share of right words.",
        ),
        right=0,
        why=(
            "The tag O alone makes most words right, while F1 of a tagger that finds no name is 0.",
            "A lower number is not more careful. F1 is used because it counts what we want, "
            "whole names.",
            "Neither of the two is used in training. The loss is the cross-entropy of the tags.",
        ),
    ),
    Question(
        "A test name is “Kofi Annan”, and a model tags only “Annan” as a person. What does this "
        "do to F1 of whole names?",
        answers=(
            "It counts as half a name.",
            "It counts as one predicted name that is wrong and one true name that was missed.",
            "Nothing: the name was noticed.",
        ),
        right=1,
        why=(
            "A span is right only if its kind and both of its ends are right.",
            "The predicted span differs from the true one, so precision and recall both fall.",
            "The predicted span begins at another word than the true one, so it is an error.",
        ),
    ),
    Question(
        "MiniLM from its source finds many names that are in none of the 100 training sentences. "
        "What made this possible?",
        answers=(
            "The names were tagged as persons and places in the texts of MiniLM's pretraining, "
            "which "
            "were many.",
            "The marks for capital letters name each person and place.",
            "Pretraining gave similar words similar vectors, so what 100 names teach holds for "
            "others.",
        ),
        right=2,
        why=(
            "MiniLM's pretraining had no tags. The head that gives the tags is fresh.",
            "Sentences begin with a capital too, and from three seeds no gain by the marks is "
            "certain.",
            "What transfers is knowledge about words that were never tagged.",
        ),
    ),
    Question(
        "SmolLM2 gains 11.9 ± 3.3 points when its causal mask is removed. Which statement fits?",
        answers=(
            "The words after a name help to decide its kind, and the mask hid them.",
            "Without the mask the model has more parameters.",
            "The mask made SmolLM2 see the test sentences only in part.",
        ),
        right=0,
        why=(
            "The values are the same, and each word can now use what comes after it.",
            "A mask has no parameters, so none was added and none was removed.",
            "The model reads each sentence whole. The mask hides from each word those after it.",
        ),
    ),
)
