"""Blind comparison: which of two headlines is better, before anybody knows who wrote them?"""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from kit import guards
from kit.errors import KitError
from kit.html import download, note
from kit.widgets.base.static import Widget
from kit.widgets.summarization.blind_comparison_figure import pair_page, result_page

__all__ = ["BlindComparison"]

COLUMNS = ("article", "A", "B", "A by", "B by", "votes for A", "votes for B", "no difference")


class BlindComparison(Widget):
    """The widget: an article's beginning and two headlines, A and B, of two writers whose names
    come after the last pair. One person presses a button; a class counts its hands.

    `votes()` are those of the two writers that are compared, `csv()` the same as a file.
    """

    def __init__(
        self,
        articles: Sequence[dict],
        writers: Mapping[str, Sequence[str]],
        *,
        pairs: int = 20,
        seed: int | None = None,
    ) -> None:
        """articles: rows of "text". writers: name -> its headline of each article. pairs: at most
        so many. seed: of the order of A and B; None: another one each time. Raises KitError for
        fewer than two writers, and for one without a headline, as a text, for each article."""
        _check(articles, writers, pairs)
        self.articles = list(articles)
        self.writers = {name: [x.strip() for x in own] for name, own in writers.items()}
        self.most, self.draw = pairs, np.random.default_rng(seed)
        self.kept: dict[frozenset, list[dict]] = {}
        self.places: dict[frozenset, int] = {}
        self._controls()
        for menu in (self.one, self.other):
            menu.observe(lambda _: self.show(), "value")
        self.show()

    def _controls(self) -> None:
        import ipywidgets as w

        names = list(self.writers)
        menu = {"style": {"description_width": "initial"}, "layout": {"width": "430px"}}
        self.one = w.Dropdown(options=names, value=names[0], description="Compare", **menu)
        self.other = w.Dropdown(options=names, value=names[1], description="with", **menu)
        self.page, self.status, self.result = w.HTML(), w.HTML(), w.HTML()
        self.buttons = [
            self._button("A is better", 1, 0, 0),
            self._button("B is better", 0, 1, 0),
            self._button("No difference", 0, 0, 1),
        ]
        self.back = w.Button(description="Back", icon="arrow-left", layout={"width": "90px"})
        self.back.on_click(lambda _: self.step_back())
        box = {"style": {"description_width": "initial"}, "layout": {"width": "150px"}}
        self.hands = [
            w.BoundedIntText(0, 0, 10_000, description=text, **box)
            for text in ("Hands for A", "for B", "no difference")
        ]
        self.count = w.Button(description="Count these hands", layout={"width": "160px"})
        self.count.on_click(lambda _: self._count())
        rows = [[self.one, self.other], [*self.buttons, self.back], [*self.hands, self.count]]
        menus, votes, a_class = map(w.HBox, rows)
        self.view = w.VBox([menus, self.page, votes, a_class, self.status, self.result])

    def _button(self, text: str, *hands: int):
        import ipywidgets as w

        button = w.Button(description=text, layout={"width": "170px"}, button_style="primary")
        button.on_click(lambda _: self.vote(*hands))
        return button

    @property
    def compared(self) -> frozenset:
        """The names of the two writers."""
        return frozenset((self.one.value, self.other.value))

    def questions(self) -> list[dict]:
        """The pairs of the two writers: those articles where their headlines differ, and A and B
        in an order that was drawn once."""
        key = self.compared
        if key not in self.kept:
            one, other = (self.writers[name] for name in (self.one.value, self.other.value))
            rows = []
            for number, (x, y) in enumerate(zip(one, other, strict=True)):
                if x.casefold() != y.casefold() and len(rows) < self.most:
                    names = [self.one.value, self.other.value]
                    if self.draw.random() < 0.5:
                        names.reverse()
                    first, second = (self.writers[name][number] for name in names)
                    row = (number, first, second, *names, 0, 0, 0)
                    rows.append(dict(zip(COLUMNS, row, strict=True)))
            self.kept[key], self.places[key] = rows, 0
        return self.kept[key]

    def votes(self) -> list[dict]:
        """The pairs that were judged, each with its votes."""
        return [row for row in self.questions() if sum(hands(row))]

    def csv(self) -> str:
        """`votes()` as CSV."""
        text = io.StringIO()
        lines = csv.DictWriter(text, COLUMNS)
        lines.writeheader()
        lines.writerows(self.votes())
        return text.getvalue()

    def vote(self, a: int, b: int, neither: int = 0) -> "BlindComparison":
        """So many hands for A, for B and for no difference of the pair that is shown; then the
        next pair. Raises KitError for no hand at all, and for a negative number."""
        given = (a, b, neither)
        if min(given) < 0 or not sum(given):
            raise KitError(f"hands {given}: give at least one, and no negative number.")
        place = self.places.get(self.compared, 0)
        questions = [] if len(self.compared) < 2 else self.questions()
        if place < len(questions):
            questions[place] |= dict(zip(COLUMNS[5:], given, strict=True))
            self.places[self.compared] = place + 1
            for box in self.hands:
                box.value = 0
            self.show()
        return self

    def _count(self) -> None:
        try:
            self.vote(*(box.value for box in self.hands))
        except KitError:
            self._say("No hand was counted yet: type how many there are.", "error")

    def step_back(self) -> "BlindComparison":
        """Show the pair before this one again; its votes are counted anew."""
        place = self.places.get(self.compared, 0)
        if place:
            self.places[self.compared] = place - 1
            self.questions()[place - 1] |= dict.fromkeys(COLUMNS[5:], 0)
            self.show()
        return self

    def show(self) -> None:
        """Draw the pair, or the result after the last one."""
        same = len(self.compared) < 2
        questions = [] if same else self.questions()
        place = 0 if same else self.places[self.compared]
        asking = place < len(questions)
        for part in (*self.buttons, *self.hands, self.count):
            part.disabled = not asking
        self.back.disabled = not place
        self.result.value = ""
        if same:
            self.page.value = ""
            self._say("Choose two different writers.", "error")
        elif not questions:
            self.page.value = ""
            self._say("These two wrote the same headlines: there is nothing to compare.")
        elif asking:
            row = questions[place]
            self.page.value = pair_page(self.articles[row["article"]]["text"], row["A"], row["B"])
            self._say(f"Pair {place + 1} of {len(questions)}. Who wrote what comes at the end.")
        else:
            self.page.value = ""
            link = download("headline_votes.csv", self.csv().encode("utf-8-sig"))
            self.result.value = result_page(questions, self.one.value, self.other.value) + link
            self._say(f"All {len(questions)} pairs are judged.")

    def _say(self, text: str, kind: str = "plain") -> None:
        self.status.value = note(text, kind)


def hands(row: dict) -> tuple[int, int, int]:
    """Votes for A, for B, for no difference."""
    return tuple(row[name] for name in COLUMNS[5:])


def _check(articles: Sequence[dict], writers: Mapping[str, Sequence[str]], pairs: int) -> None:
    """Raise KitError for what cannot be compared."""
    if guards.a_count(pairs):
        raise KitError(f"pairs={pairs!r}: give a whole number, 1 or more.")
    if not all(isinstance(row, Mapping) and isinstance(row.get("text"), str) for row in articles):
        raise KitError('an article has no text: give rows such as {"text": "Shares rose ..."}.')
    if len(writers) < 2:
        raise KitError(f"{len(writers)} writers cannot be compared: give two or more.")
    for name, headlines in writers.items():
        if len(headlines) != len(articles):
            raise KitError(
                f"{name} has {len(headlines)} headlines for {len(articles)} articles: give one "
                "for each."
            )
        if odd := [x for x in headlines if not isinstance(x, str)]:
            raise KitError(f"{name} has a headline that is no text: {odd[0]!r:.40}.")
