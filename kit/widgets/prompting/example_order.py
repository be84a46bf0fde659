"""Put four examples of a prompt into another order, and see what the model answers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kit import prompt
from kit.errors import KitError
from kit.html import note
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.prompting.example_order_figure import page, shown_examples

__all__ = ["ExampleOrder"]

Margins = tuple[Sequence[float], Sequence[float]]
"""log p(second label) - log p(first label) of each sentence, and of each text of `NEUTRAL`."""


class ExampleOrder(JobWidget):
    """The widget: two buttons at each example move it; a third asks the model now.

    What was recorded is shown at once, for every order; the status says which of the two it is.
    """

    def __init__(
        self,
        examples: Sequence[tuple[str, str]],
        texts: Sequence[str],
        truth: Sequence[int],
        recorded: Mapping[str, Margins],
        *,
        labels: Sequence[str] = ("negative", "positive"),
        made: str = "",
        client: prompt.Client | None = None,
        write: Callable = prompt.few_shot,
    ) -> None:
        """truth: 0 or 1 for each text. recorded: an order such as "0123" -> its margins. made: when
        and by what they were recorded. client: asks the model now; None: only the recording is
        shown. write: from a text and the examples to the prompt."""
        import ipywidgets as w

        self.examples, self.texts, self.labels = list(examples), list(texts), tuple(labels)
        self.truth = np.asarray(truth)
        self.recorded, self.made = dict(recorded), made
        self.client, self.write = client, write
        self.order = list(range(len(self.examples)))
        if self.name not in self.recorded:
            raise KitError(f"nothing is recorded for the order {self.name}: give its margins.")
        self.live: dict[str, Margins] = {}
        self.lines = [w.HTML(layout={"width": "760px"}) for _ in self.examples]
        self.moves = [self._buttons(place) for place in range(len(self.examples))]
        self.status, self.answers = w.HTML(), w.HTML()
        locks = [button for pair in self.moves for button in pair]
        self.job = Job(
            self._ask, self._say, "Ask the model now", icon="comment", width="190px", locks=locks
        )
        rows = [w.HBox([*pair, line]) for pair, line in zip(self.moves, self.lines, strict=True)]
        asks = [w.HBox(self.job.row)] if client else []
        self.view = w.VBox([*rows, *asks, self.status, self.answers])
        self.show()

    @property
    def name(self) -> str:
        """The order, such as "0123": the numbers of the examples as they were drawn."""
        return "".join(map(str, self.order))

    def _buttons(self, place: int) -> list:
        import ipywidgets as w

        pair = []
        for icon, step in (("arrow-up", -1), ("arrow-down", 1)):
            way = "up" if step < 0 else "down"
            button = w.Button(icon=icon, tooltip=f"Move example {place + 1} {way}")
            button.layout.width = "42px"
            button.on_click(lambda _, step=step: self.move(place, step))
            pair.append(button)
        return pair

    def move(self, place: int, step: int) -> "ExampleOrder":
        """Exchange the example at a place, from 0, with its neighbour: step -1 is up, 1 down."""
        other = place + step
        if 0 <= other < len(self.order) and not self.job.running:
            self.order[place], self.order[other] = self.order[other], self.order[place]
            self.show()
        return self

    def show(self) -> None:
        """Draw the examples in their order, and what is known about its answers."""
        chosen = prompt.reordered(self.examples, self.order)
        shown = shown_examples(chosen, self.labels)
        for line, text in zip(self.lines, shown, strict=True):
            line.value = text
        for place, (up, down) in enumerate(self.moves):
            up.disabled, down.disabled = place == 0, place == len(self.order) - 1
        if self.name in self.live:
            self._draw(*self.live[self.name])
            self._say(f"Live: the model answered {len(self.texts)} sentences now.")
        elif self.name in self.recorded:
            self._draw(*self.recorded[self.name])
            self._say(f"A recording{self.made}: order {self.name}.")
        else:
            self.answers.value = ""
            self._say(f"Nothing is recorded for the order {self.name}.", "error")

    def _draw(self, margins: Sequence[float], neutral: Sequence[float]) -> None:
        both = (np.asarray(margins, dtype=float), np.asarray(neutral, dtype=float))
        logprobs, content_free = (np.stack([0 * m, m], 1) for m in both)
        truth = self.truth[: len(logprobs)]
        readings = {
            "as asked": prompt.normalised(logprobs),
            "calibrated": prompt.calibrated(logprobs, content_free),
            "by the batch": prompt.calibrated(logprobs, logprobs),
        }
        scores = {name: prompt.scored(p, truth) for name, p in readings.items()}
        self.answers.value = page(scores, self.labels)

    def _ask(self, stopping: Callable[[], bool]) -> None:
        """Ask the model about each text after the examples in this order."""
        chosen = prompt.reordered(self.examples, self.order)
        texts, margins = [*prompt.NEUTRAL, *self.texts], []
        for i, text in enumerate(texts):
            if stopping():
                self.show()
                self._say(f"Stopped after {i} of {len(texts)} texts; the recording is shown.")
                return
            self._say(f"Text {i + 1} of {len(texts)} ...")
            logprobs = self.client.label_logprobs(self.write(text, chosen), self.labels)
            margins.append(float(logprobs[1] - logprobs[0]))
            self.job.bar.value = (i + 1) / len(texts)
        count = len(prompt.NEUTRAL)
        self.live[self.name] = (margins[count:], margins[:count])
        self.show()

    def _say(self, text: str, kind: str = "plain") -> None:
        self.status.value = note(text, kind)
