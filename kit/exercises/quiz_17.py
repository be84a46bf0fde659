"""Quiz of lesson 17: read a larger source."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Why does the head read the last token of SmolLM2, and not the first?",
        answers=(
            "The last token is always the most important word of a sentence in English.",
            "SmolLM2 is causal: only the last token has seen the whole sentence.",
            "The last token has a longer vector.",
        ),
        right=1,
        why=(
            "It is often a full stop. What counts is what its vector has collected.",
            "Each token has seen itself and the earlier ones. The first has seen nothing but "
            "itself.",
            "All tokens have vectors of 576 numbers.",
        ),
    ),
    Question(
        "Why can the outputs of the frozen blocks be stored?",
        answers=(
            "Because the same text gives the same output in every pass.",
            "Because the texts are short, so that reading them twice costs nothing.",
            "Because the head is small.",
        ),
        right=0,
        why=(
            "No value below the head changes, so the output for a text is computed once. If a "
            "block learnt, its output would change after each update.",
            "Long texts could be stored too; they need more memory.",
            "The size of the head does not matter; that the blocks are frozen does.",
        ),
    ),
    Question(
        "You try all 30 places for the head, and report the best score on the test. What is wrong?",
        answers=(
            "Nothing: the best place is the best place.",
            "30 places are too few.",
            "The test has chosen the place, so its score is too good.",
        ),
        right=2,
        why=(
            "Some of the 30 scores are high by chance, and you chose the highest of them.",
            "More places would make it worse.",
            "Choose on validation, as the lesson does, and score the test once.",
        ),
    ),
    Question(
        "SmolLM2 continues none of our test sentences word for word. Has it never read them?",
        answers=(
            "That is proven now.",
            "It is open: of eight famous sentences that it must have read, it continues one.",
            "It has read them all.",
        ),
        right=1,
        why=(
            "A small model forgets the exact words of most of what it has read.",
            "The check finds little even where the answer is known, so it cannot exclude a leak.",
            "Nothing shows this either.",
        ),
    ),
)
