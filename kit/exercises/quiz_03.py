"""Quiz of lesson 03: migrate parameters."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Why did copying with `zip` raise no error, although 25 tensors received the values of "
        "another tensor?",
        answers=(
            "PyTorch notices each wrong pair by the tensor's name, and puts the right value "
            "in its place.",
            "The code copies wherever shapes agree, and many different vectors have equal shapes.",
            "The learning rate of the wrong pairs was zero.",
        ),
        right=1,
        why=(
            "PyTorch knows nothing of the meaning of a tensor: it copies what it is told to copy.",
            "A scale and a bias are both vectors of 384 numbers. A check of the shape cannot tell "
            "them apart; a name can.",
            "No learning rate was involved: the values were copied before any training.",
        ),
    ),
    Question(
        "You train the embeddings and the head alone, and freeze all six blocks. Where does the "
        "backward pass end?",
        answers=(
            "At the embeddings: it must pass through all six blocks.",
            "At the head, because the blocks are frozen.",
            "It jumps over the frozen blocks to the embeddings.",
        ),
        right=0,
        why=(
            "The gradient of the embeddings depends on every block above them, so it is computed "
            "through all of these, although none of them changes.",
            "It would end there if the head alone learnt. The embeddings need a gradient too.",
            "The chain rule has no short cut: each block's derivative is a factor of the gradient.",
        ),
    ),
    Question(
        "With 100 labels the head alone was 0.9 ± 3.4 points below `full`. What follows?",
        answers=(
            "The head alone is as good as training everything, for every number of labels.",
            "Training everything is better by 0.9 points.",
            "Five seeds cannot show a difference at 100 labels; more labels may.",
        ),
        right=2,
        why=(
            "The result is for 100 labels. With 1,600 labels the head alone is 6.2 ± 1.5 points "
            "below.",
            "The interval goes from −4.3 to +2.5, so the sign of the difference is open.",
            "An interval that contains 0 means: not decided. With 1,600 labels it was decided.",
        ),
    ),
    Question(
        "In L2-SP you make the factor of ‖θ − θ⁰‖² a thousand times larger. What happens to the "
        "body?",
        answers=(
            "Its values shrink towards zero.",
            "It stays close to the source, almost as if it were frozen.",
            "It learns a thousand times faster.",
        ),
        right=1,
        why=(
            "That is ordinary weight decay, ‖θ‖². L2-SP measures the distance from the source's "
            "values θ⁰, not from zero.",
            "Every move away from θ⁰ now costs more than the task's loss can gain by it.",
            "The penalty does not raise the learning rate; it adds a force back to the source.",
        ),
    ),
)
