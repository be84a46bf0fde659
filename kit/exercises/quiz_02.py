"""Quiz of lesson 02: pretrain a model."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Nobody has labelled the news. Why can a language model be trained on them with "
        "cross-entropy, the loss for classes?",
        (
            "Cross-entropy is a loss that needs no right answer, only a probability.",
            "The classes are the topics, and each article's topic is known.",
            "The classes are the tokens, and the text itself has the right one: the next token.",
        ),
        right=2,
        why=(
            "It is −log of the probability of the *right* class: without a right answer there is "
            "no loss.",
            "No topic is used. The model predicts tokens.",
            "Each position of a text is an example. So a text of a million tokens is a million "
            "labelled examples.",
        ),
    ),
    Question(
        "Model A reads words and has perplexity 100. Model B reads letters and has perplexity 3. "
        "Which one predicts text better?",
        (
            "Model B, because 3 is less than 100.",
            "This cannot be said before both are compared by bits per byte.",
            "Model A, because words mean something and letters do not.",
        ),
        right=1,
        why=(
            "A word has many letters: B pays its loss for each of them.",
            "Perplexity is a mean over tokens, and these models have different tokens. Bits per "
            "byte divide both losses by the same text.",
            "What a token means does not decide how well it is predicted.",
        ),
    ),
    Question(
        "You lower the temperature from 1 to 0.5. What changes in the texts that the model writes?",
        (
            "They have more of the likely tokens, and are less varied.",
            "They are more varied, because the model takes more risks.",
            "Nothing, because the order of the tokens by probability stays the same.",
        ),
        right=0,
        why=(
            "Logits divided by 0.5 are twice as far apart, so that softmax gives the likely tokens "
            "more.",
            "That is the effect of a temperature above 1.",
            "The order stays, but the probabilities change, and tokens are drawn by them.",
        ),
    ),
    Question(
        "With 100 film labels, a minute of predicting tokens helped no more than random values, "
        "and a minute of learning a teacher's vectors helped much. What follows?",
        (
            "Predicting the next token never makes a good source.",
            "The network was too small to learn from text.",
            "What a source can transfer depends on what it was trained to do, and for how long.",
        ),
        right=2,
        why=(
            "Large language models are good sources. They were trained on thousands of times as "
            "much text.",
            "The same network, with as much time, learnt the teacher's vectors well enough.",
            "The teacher's vector of a sentence depends on its meaning. The next token depends "
            "mostly on the last few.",
        ),
    ),
)
