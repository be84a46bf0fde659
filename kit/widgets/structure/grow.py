"""Grow a model in width and depth: the function-preserving way keeps all answers."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from kit.errors import KitError
from kit.html import note
from kit.migrate.structure.naive_growth import (
    grow_exactly,
    grow_naively,
    old_layers,
    parameter_count,
)
from kit.models import Model
from kit.sources import Source
from kit.tasks import sentiment
from kit.texts import check_texts
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.base.static import show
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.base.thinking import thinking
from kit.widgets.structure import grow_figure
from kit.widgets.structure.grow_figure import Scene, answers, cards, traces

__all__ = ["Grow"]

WIDEST, DEEPER = 3, 4
PAUSE = 0.15
"""Seconds before a model is made, so that a slider that is still moving makes none."""
ROOM = 70_000_000
"""Parameters of the largest model that is made; two of it are in memory, at 4 bytes each."""
CACHED = 30_000_000
"""Parameters of the earlier models that are cached, so that going back takes no time."""


class Grow(JobWidget):
    """The widget: two sliders, the user's sentence, and three models that answer it."""

    def __init__(
        self,
        sources: dict[str, Callable[[], Source]],
        texts: Sequence[str],
        sentences: Sequence[str],
    ) -> None:
        """sources: name -> a function that makes the source when it is chosen. texts: some tens
        without labels, for `sentiment.zero_shot`. sentences: short ones, whose answers are
        compared."""
        self.sources, self.texts, self.sentences = sources, list(texts), tuple(sentences)
        self.lock = threading.Lock()
        self.wanted: tuple | None = None
        self.done: tuple | None = None
        self.busy = False
        self.job = Job(self._work, self._say)
        self.models: dict[str, Model] = {}
        self.cache: dict[tuple, tuple[dict, dict]] = {}
        self._load(next(iter(sources)))
        self._controls()
        self.figure = live(grow_figure.figure(self.scene, widest=WIDEST))
        fit_page_width(self.figure)
        self._change()

    def _load(self, name: str) -> None:
        """Load this source and drop the one before."""
        self.models, self.cache = {}, {}
        self.source = sentiment.zero_shot(self.sources[name](), self.texts)
        self.loaded = name
        self.whole = parameter_count(self.source)
        self.own = sentiment.log_odds(self._plain(), self.source.tokenizer, self.sentences).tolist()
        self.scene = self._shape(1, 0)

    def _plain(self) -> Model:
        return Model(self.source.body, self.source.head)

    def _controls(self) -> None:
        import ipywidgets as w

        wide = {"description_width": "initial"}
        names = list(self.sources)
        self.menu = w.Dropdown(options=names, value=names[0], description="source", style=wide)
        options = [(f"× {n}", n) for n in range(1, WIDEST + 1)]
        self.times = w.SelectionSlider(
            options=options, value=1, description="width", style=wide, layout={"width": "270px"}
        )
        self.more = w.IntSlider(
            min=0, max=DEEPER, description="added layers", style=wide, layout={"width": "330px"}
        )
        self.text = w.Text(
            value="I laughed, I cried, and I would gladly see it again.",
            description="Your own sentence:",
            style=wide,
            layout={"width": "820px"},
        )
        self.cards, self.status, self.answer = w.HTML(), w.HTML(), w.HTML()
        for control in (self.menu, self.times, self.more):
            control.observe(lambda _: self._change(), "value")
        self.text.observe(lambda _: self._ask(), "value")

    def _ipython_display_(self) -> None:
        import ipywidgets as w

        controls = w.HBox([self.menu, self.times, self.more])
        show(w.VBox([controls, self.cards, self.figure, self.text, self.answer, self.status]))

    @property
    def moved(self) -> dict[str, float]:
        """Model -> the largest difference of its log odds from the source's, in nats."""
        return {which: self.scene.moved(which) for which in ("grown", "naive")}

    def choose(self, source: str | None = None, times: int = 1, more: int = 0) -> "Grow":
        """Choose a source, a width and a depth, as a user would."""
        if source is not None:
            self.menu.value = source
        self.times.value, self.more.value = times, more
        return self

    def _shape(self, times: int, more: int) -> Scene:
        """The scene without answers."""
        return Scene(
            name=self.source.name,
            width=self.source.body.width,
            old=old_layers(self.source.body, more),
            times=times,
            parameters=(self.whole, parameter_count(self.source, times, more)),
            texts=self.sentences,
        )

    def _change(self) -> None:
        """Draw the new shape now; the answers follow, only for the latest choice."""
        wanted = (self.menu.value, self.times.value, self.more.value)
        if wanted[0] == self.loaded:
            self._draw(self._shape(*wanted[1:]))
        with self.lock:
            self.wanted = wanted
            if self.busy:
                return
            self.busy = True
        self.job.wait()  # its work is done, but its thread may not have ended
        self.job.start()

    def _work(self, stopping) -> None:
        try:
            while (wanted := self._next()) is not None:
                time.sleep(PAUSE)
                if wanted == self.wanted:
                    self._make(*wanted)
                    self.done = wanted
        except BaseException:
            self.busy = False
            raise

    def _next(self) -> tuple | None:
        """The choice to make next; None if the latest one is made, which ends the work."""
        with self.lock:
            self.busy = self.wanted != self.done
            return self.wanted if self.busy else None

    def _make(self, name: str, times: int, more: int) -> None:
        if name != self.loaded:
            self._say(f"Loading {name} …")
            self._load(name)
            self.figure.layout.yaxis.range = grow_figure.room(self.scene, DEEPER)
        scene = self._shape(times, more)
        self._draw(scene)
        if scene.parameters[1] > ROOM:
            self._say(
                f"That would be {scene.parameters[1]:,} parameters: the lesson stays below "
                f"{ROOM:,}, for small machines. Take fewer.",
                "error",
            )
            return
        with thinking(self.status):
            self.models, log_odds = self._pair(times, more, scene.parameters[1])
        self._draw(replace(scene, answers=log_odds))
        self._say("Hover a dot: all digits. Type: all three answer.")
        self._ask()

    def _pair(self, times: int, more: int, parameters: int) -> tuple[dict, dict]:
        """All models of this size and their answers, made now or taken from the cache."""
        if (times, more) not in self.cache:
            self.models = {}
            models = {"source": self._plain()}
            models["grown"] = grow_exactly(self.source, times, more)
            models["naive"] = grow_naively(self.source, times, more)
            log_odds = {"source": self.own} | {
                which: sentiment.log_odds(
                    models[which], self.source.tokenizer, self.sentences
                ).tolist()
                for which in ("grown", "naive")
            }
            self._keep((times, more), (models, log_odds), parameters)
            return models, log_odds
        return self.cache[times, more]

    def _keep(self, key: tuple[int, int], pair: tuple[dict, dict], parameters: int) -> None:
        held = sum(parameter_count(self.source, *other) for other in self.cache)
        while self.cache and held + parameters > CACHED:
            oldest = next(iter(self.cache))
            held -= parameter_count(self.source, *oldest)
            del self.cache[oldest]
        if held + parameters <= CACHED:
            self.cache[key] = pair

    def _ask(self) -> None:
        """Show the answers of all three models to the user's sentence."""
        models, text = self.models, self.text.value
        if not models:
            return
        try:
            check_texts([text])
            with thinking(self.status):
                log_odds = {
                    n: float(sentiment.log_odds(m, self.source.tokenizer, [text])[0])
                    for n, m in models.items()
                }
        except KitError as error:
            self.answer.value = note(str(error), "error")
            return
        self.answer.value = answers(text, log_odds)
        self._draw(replace(self.scene, typed=log_odds))

    def _draw(self, scene: Scene) -> None:
        self.scene = scene
        self.cards.value = cards(scene)
        redraw(self.figure, traces(scene), keys=grow_figure.KEYS)
