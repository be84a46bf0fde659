"""Quiz of lesson 04: migrate structure."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "A unit is duplicated. Why must the weights that leave its copies be changed?",
        answers=(
            "Because the copies would otherwise receive no gradient.",
            "Because the layer after it would count the unit's value twice.",
            "Because the new matrix would have the wrong shape.",
        ),
        right=1,
        why=(
            "They receive a gradient with or without this change.",
            "The next layer adds up the values of all units. With the weight shared out, the sum "
            "is what it was before.",
            "The shape depends on the number of units, not on the values of the weights.",
        ),
    ),
    Question(
        "Both copies of a unit get exactly half of its outgoing weights. What happens in training?",
        answers=(
            "The copies always receive equal gradients, and stay equal.",
            "The model's answer to every sentence changes at once, before any training.",
            "Nothing special: the copies learn different things.",
        ),
        right=0,
        why=(
            "Equal weights in, equal weights out: nothing distinguishes the copies. Random shares "
            "do, and the answer is still the same.",
            "The answer is unchanged, as the cell with `assert` shows.",
            "That is what happens with random shares. With halves, the lesson's network still had "
            "four different units after 200 steps.",
        ),
    ),
    Question(
        "MiniLM with all six blocks and random values: 54.4 % after 100 labels. MiniLM's first "
        "block alone, with its values: 66.2 %. What does this show?",
        answers=(
            "One block is enough for every task.",
            "Smaller models learn better from few labels.",
            "The pretrained values are worth more than the larger architecture.",
        ),
        right=2,
        why=(
            "It is one small task, and the whole MiniLM with its values has 74.0 %.",
            "The small block with random values has only 54.6 %, no more than the large one.",
            "Both have the same labels. The one with fewer parameters wins because its values "
            "come from pretraining.",
        ),
    ),
    Question(
        "An encoder is to become a decoder as well (`warm_start`). Which tensors stay random?",
        answers=(
            "Those of the cross-attention.",
            "All tensors of the decoder, because an encoder never writes.",
            "The embeddings.",
        ),
        right=0,
        why=(
            "An encoder has no attention to another model's outputs, so it has no values for it.",
            "That is the strategy `grow_decoder`. A decoder's other tensors have the same names "
            "and shapes as the encoder's.",
            "They are copied: encoder and decoder use the same vocabulary.",
        ),
    ),
)
