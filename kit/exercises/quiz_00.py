"""Quiz of lesson 00: see it work."""

from kit.exercises.quiz import Question

__all__ = ["QUIZ"]

QUIZ = (
    Question(
        "Why is `full` compared with `from_scratch`, and not with a random guess?",
        (
            "`from_scratch` trains faster, so that the comparison takes less time.",
            "Both have the same architecture, labels and updates, so that only the source's values "
            "differ.",
            "A random guess cannot be scored on the test sentences.",
        ),
        right=1,
        why=(
            "Both make the same number of updates of the same network: they take equally long.",
            "A control leaves out one thing only. What `full` can do beyond it is due to the "
            "source's values.",
            "It can: with two classes it is right half of the time. But a network that beats it "
            "may owe this to its labels alone.",
        ),
    ),
    Question(
        "The training loss of `from_scratch` falls to nearly zero on 50 sentences, and it is right "
        "for 54 % of the test sentences. What happened?",
        (
            "It has learnt the task. The test sentences happen to be too difficult for any model.",
            "It was trained for too few updates.",
            "It has memorised its 50 sentences. Little of that helps with other sentences.",
        ),
        right=2,
        why=(
            "The same test sentences are much easier for the copy with the source.",
            "Its training loss has fallen already: more updates would not teach it anything new.",
            "This is overfitting. A low training loss does not show what a model can do with "
            "sentences that it has not seen.",
        ),
    ),
    Question(
        "Two models are scored on the same 300 test sentences: 70 % and 73 %. Each score has an "
        "interval of ± 5 points. What can you say?",
        (
            "The second is better: 73 is more than 70, and both answered the very same sentences.",
            "Neither is shown to be better. More seeds, or more test sentences, could decide it.",
            "They are equally good.",
        ),
        right=1,
        why=(
            "Another 300 sentences could easily turn the order round: the difference is smaller "
            "than the uncertainty.",
            "The intervals overlap widely. The paired difference over several seeds has a narrower "
            "interval than either score.",
            "No difference was shown. That is not the same as: there is no difference.",
        ),
    ),
    Question(
        "A company has 20,000 labelled sentences for its task. What do you expect from a "
        "pretrained source?",
        (
            "The same gain as with 100 labels: the source stays the same.",
            "No gain: with so many labels the source cannot matter.",
            "Probably a smaller gain than with 100 labels. They should measure it.",
        ),
        right=2,
        why=(
            "In the figure of this lesson the two curves approach each other as labels increase.",
            "With all 8,066 labels of this lesson the source is still ahead.",
            "The more labels there are, the more of what the source knows can be learnt from them. "
            "How much is left depends on the task, so it has to be measured.",
        ),
    ),
)
