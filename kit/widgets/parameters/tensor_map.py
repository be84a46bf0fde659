"""A map of a migration: the tensors of source and target, linked, with their values."""

from collections.abc import Callable, Collection
from dataclasses import replace

from torch import Tensor, nn

from kit.errors import KitError
from kit.guards import guarded_class
from kit.html import FONT, INK, escape, note
from kit.migrate import Migration
from kit.models.layers import layer
from kit.models.quantized_matrix import matrices
from kit.widgets.base.static import show
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.parameters import tensor_map_figure, tensor_values_figure
from kit.widgets.parameters.tensor_map_figure import COLOURS, Scene, told
from kit.widgets.parameters.tensors import summary

__all__ = ["TensorMap"]

LINKS = len(COLOURS) + 1
"""Traces of links: one a colour, and that of the chosen tensor."""
COLUMNS, NAMES = (LINKS, LINKS + 1), (LINKS + 3, LINKS + 4)
HERE = COLUMNS[1], NAMES[1]
"""The numbers of their traces in the figure; HERE: those of the target."""


@guarded_class("TensorMap(migration, source)")
class TensorMap:
    """The widget: hover over a tensor to see its values in both models; click to open its layer."""

    def __init__(
        self,
        migration: Migration,
        source,
        *,
        others: dict[str, Callable[[], Migration]] | None = None,
        wrong: Collection[str] = (),
    ) -> None:
        """source: the migration's Source. others: strategy -> a function that makes its migration
        when it is chosen. wrong: tensors of the target to mark as copied from the wrong tensor.

        Raises KitError for a name in `wrong` that the target does not have.
        """
        if strange := set(wrong) - {o.name for o in migration.origins}:
            raise KitError(f"wrong={min(strange)!r}: the target has no tensor of that name.")
        self.source, self.others, self.first = source, others or {}, (migration, frozenset(wrong))
        self.there = _tensors(source.body, source.head)
        self.displayed = False
        self._take(*self.first)
        self._controls(migration.strategy or "target")
        self._build()

    def _take(self, migration: Migration, wrong: frozenset[str] = frozenset()) -> None:
        """Show this migration, with its first layer open."""
        self.migration = migration
        self.here = _tensors(migration.model.body, migration.model.head)
        twins = {o.source: o.source_shape for o in migration.origins if o.source}
        shapes = {name: tuple(p.shape) for name, p in self.there.items()}
        values = {f"there {name}": summary(p) for name, p in self.there.items()}
        values |= {f"here {name}": summary(p) for name, p in self.here.items()}
        self.scene = Scene(
            source=shapes | {name: twins[name] for name in twins if name not in shapes},
            origins=migration.origins,
            titles=(self.source.name, migration.strategy or "target"),
            wrong=wrong,
            values=values,
        )
        first = next((o for o in migration.origins if layer(o.name).endswith(".0")), None)
        first = first or migration.origins[0]
        self.scene = replace(self.scene, pick=(first.source, first.name))

    def _controls(self, name: str) -> None:
        import ipywidgets as w

        wide = {"style": {"description_width": "initial"}}
        self.strategy = w.Dropdown(
            options=list(dict.fromkeys([name, *self.others])), description="strategy", **wide
        )
        self.tensor = w.Dropdown(
            options=list(self.here),
            value=self.scene.pick[1],
            description="tensor of the target",
            layout={"width": "520px"},
            **wide,
        )
        self.words = w.HTML(layout={"min_height": "150px"})
        self.strategy.observe(self._choose, "value")
        self.tensor.observe(self._list, "value")

    def _build(self) -> None:
        """Make new figures: changes before they are displayed would reach the browser in part."""
        self.figure = live(tensor_map_figure.figure(self.scene))
        self.values = live(tensor_values_figure.figure(*self._pair(self.scene.pick)))
        for shown in (self.figure, self.values):
            fit_page_width(shown)
        for i in COLUMNS:
            self.figure.data[i].on_hover(self._hover)
        for i in COLUMNS + NAMES:
            self.figure.data[i].on_click(self._click)
        self._say(self.scene.pick)

    def _ipython_display_(self) -> None:
        import ipywidgets as w

        self.displayed = True
        chosen = [self.strategy, self.tensor] if self.others else [self.tensor]
        panel = w.VBox([self.words, self.values], layout={"width": "38%"})
        map_ = w.VBox([self.figure], layout={"width": "62%"})
        show(w.VBox([w.HBox(chosen), w.HBox([map_, panel])]))

    def pick(self, here: str | None, there: str | None = None) -> "TensorMap":
        """Choose a tensor, by its name in the target (or in the source): its layer opens."""
        origins = {o.name: o for o in self.scene.origins}
        if here is None:
            here = next((o.name for o in self.scene.origins if o.source == there), None)
        elif here not in origins:
            raise KitError(
                f"{here!r} is no tensor of the target, whose first is {next(iter(origins))}."
            )
        there = there or origins[here].source
        self.scene = replace(self.scene, pick=(there, here))
        if here is not None:
            self.tensor.value = here
        self._draw()
        return self

    def _list(self, change) -> None:
        if change["new"] != self.scene.pick[1]:
            self.pick(change["new"])

    def _choose(self, change) -> None:
        name = change["new"]
        self.words.value = note(f"{self.source.name}: migrating, {name} …")
        try:
            chosen = (self.others[name](),) if name in self.others else self.first
        except KitError as error:
            self.words.value = note(str(error), "error")
            return
        self._take(*chosen)
        self.tensor.unobserve(self._list, "value")
        self.tensor.options = list(self.here)
        self.tensor.value = self.scene.pick[1]
        self.tensor.observe(self._list, "value")
        self._draw()

    def _hover(self, trace, points, state) -> None:
        if points.point_inds:
            self._tell(self._pointed(trace, points))

    def _click(self, trace, points, state) -> None:
        if points.point_inds:
            there, here = self._pointed(trace, points)
            self.pick(here, there)

    def _pointed(self, trace, points) -> tuple[str | None, str | None]:
        """The tensor under the mouse: its names in the source and in the target."""
        name = trace.customdata[points.point_inds[0]]
        twins = {o.name: o.source for o in self.scene.origins}
        if points.trace_index in HERE:
            return twins[name], name
        return name, next((here for here, there in twins.items() if there == name), None)

    def _draw(self) -> None:
        if not self.displayed:
            self._build()
            return
        redraw(self.figure, tensor_map_figure.traces(self.scene), keys=tensor_map_figure.KEYS)
        self._tell(self.scene.pick)

    def _tell(self, pick: tuple[str | None, str | None]) -> None:
        """Show this tensor in the right panel: its origin in words, its values as figures."""
        there, here = self._pair(pick)
        redraw(
            self.values,
            tensor_values_figure.traces(there, here),
            tensor_values_figure.headings(there, here),
            keys=tensor_values_figure.KEYS,
        )
        self._say(pick)

    def _say(self, pick: tuple[str | None, str | None]) -> None:
        origin = next((o for o in self.scene.origins if o.name == pick[1]), None)
        if origin is None:
            text = f"<b>{escape(str(pick[0]))}</b><br>stays behind"
        else:
            text = self._story(origin)
        look = f"font:15px/1.35 {FONT};color:{INK};overflow-wrap:anywhere"
        self.words.value = f'<div style="{look}">{text}</div>'

    def _story(self, origin) -> str:
        there, here = self._pair((origin.source, origin.name))
        text = told(origin, origin.name in self.scene.wrong)
        if there is None or here.shape != there.shape:
            return text
        far = float((here.detach() - there.detach().to(here.device)).square().mean().sqrt())
        return text + ("<br>equal to its twin, bit by bit" if far == 0 else f"<br>{far:.4f} apart")

    def _pair(self, pick: tuple[str | None, str | None]) -> tuple[Tensor | None, Tensor | None]:
        return self.there.get(pick[0]), self.here.get(pick[1])


def _tensors(body: nn.Module, head: nn.Module | None) -> dict[str, Tensor]:
    """Every parameter by its name, as a `Migration` names it."""
    parts = {"body": body} | ({} if head is None else {"head": head})
    whole = nn.ModuleDict(parts)
    expanded = {name: matrix.expand() for name, matrix in matrices(whole).items()}
    return dict(whole.named_parameters()) | expanded
