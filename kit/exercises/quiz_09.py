"""Quiz of lesson 09: summarise."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Six words with a high TF-IDF weight have a higher ROUGE-1 than every small network of "
        "this lesson. What follows?",
        answers=(
            "ROUGE-1 counts common words, and does not see whether they make a sentence.",
            "The six words are better headlines, and a reader would prefer them to a sentence.",
            "The networks have not learnt anything.",
        ),
        right=0,
        why=(
            "A score measures what it counts. So read some of the answers, too.",
            "Read one: it is a list of words. A reader would prefer a sentence.",
            "They have learnt to copy, to select and to stop: some are above the lead sentence.",
        ),
    ),
    Question(
        "The gate g of a pointer is near 0 while a model writes a name. What does the model do?",
        answers=(
            "It ends the headline.",
            "It writes the name from its vocabulary, one piece after the other.",
            "It copies the name from the article.",
        ),
        right=2,
        why=(
            "The end is a piece like any other: the gate says only where a piece comes from.",
            "For this, g would be near 1: g is the weight of the vocabulary.",
            "1 − g is the weight of the places of the article, and it is near 1.",
        ),
    ),
    Question(
        "Why do pseudo-headlines help, although no person wrote them?",
        answers=(
            "They are as good as headlines of people.",
            "They teach the form of the task, which is to copy, to select and to stop, and there "
            "are many of them.",
            "They contain the words of the test's headlines.",
        ),
        right=1,
        why=(
            "They are lists of weighty words. But a model can learn from them what kind of answer "
            "is wanted.",
            "A source that is near to the task helps, even if its labels are made by a rule.",
            "They are made of training articles alone. Otherwise the score would be no promise.",
        ),
    ),
    Question(
        "With 1,640 headlines the Transformer gains less from pretrained halves than with 100. Why "
        "must one be careful with this comparison?",
        answers=(
            "Because the test articles differ.",
            "Because 100 headlines were seen five times, and of 1,640 only three quarters once.",
            "Because ROUGE cannot compare models with different numbers of labels.",
        ),
        right=1,
        why=(
            "All models are scored on the same test articles.",
            "Two things changed at once, the number of labels and the length of the training. And "
            "the training was not tuned.",
            "ROUGE compares texts with texts. It does not know how a model was trained.",
        ),
    ),
)
