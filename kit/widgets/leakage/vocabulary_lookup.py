"""Type a word, and see its row in the vocabulary of a published model."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kit.html import note
from kit.widgets.base.static import Widget
from kit.widgets.leakage.vocabulary_lookup_figure import page

__all__ = ["VocabularyLookup"]

CHARACTERS = 60


class VocabularyLookup(Widget):
    """The widget: a box for a word, and a button that takes the next word of the test alone."""

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        texts: Mapping[str, Iterable[Sequence[str]]],
        other: Iterable[str] = (),
    ) -> None:
        """vocabulary: word -> row. texts: split -> lists of words; "test" is the last. other: words
        of other texts, the control."""
        import ipywidgets as w

        self.vocabulary = vocabulary
        self.counts = {split: Counter(x for t in own for x in t) for split, own in texts.items()}
        before = set().union(*(c for split, c in self.counts.items() if split != "test"))
        self.only = sorted(self.counts["test"].keys() - before, key=lambda x: (-len(x), x))
        groups = {"train": self.counts["train"], "the test, and nowhere else": self.only}
        groups["other texts, and not in the corpus"] = set(other) - before - set(self.only)
        self.shares = {
            name: (sum(word in vocabulary for word in words), len(words))
            for name, words in groups.items()
            if words
        }
        self.word = w.Text(
            value=next((x for x in self.only if x.isalpha()), "the"),
            description="A word:",
            style={"description_width": "initial"},
        )
        self.another = w.Button(description="Another word of the test")
        self.another.layout.flex = "0 0 200px"
        self.answer = w.HTML()
        self.view = w.VBox([w.HBox([self.word, self.another]), self.answer])
        self.word.observe(lambda _: self.ask(), "value")
        self.another.on_click(lambda _: self.next())
        self.ask()

    def next(self) -> "VocabularyLookup":
        """Ask for the next word that stands in the test alone."""
        names = [word for word in self.only if word.isalpha()]
        if names:
            place = names.index(self.word.value) if self.word.value in names else -1
            self.word.value = names[(place + 1) % len(names)]
        return self

    def ask(self, word: str | None = None) -> "VocabularyLookup":
        """Look up the word in the box, or another one."""
        if word is not None and word != self.word.value:
            self.word.value = word  # its observer asks
            return self
        asked = self.word.value.strip()[:CHARACTERS]
        if not asked:
            self.answer.value = note("The box is empty: type a word.", "error")
            return self
        counts = {split: own[asked] for split, own in self.counts.items()}
        self.answer.value = page(asked, self.vocabulary.get(asked), counts, self.shares)
        return self
