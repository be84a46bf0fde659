"""A map of a migration: source and target side by side, corresponding tensors linked."""

from dataclasses import dataclass
from math import prod

from kit.display_names import display_name
from kit.html import GREY, INK, LIGHT_GREY, ORANGE, bold, escape
from kit.migrate import TensorOrigin
from kit.migrate.report import DONE
from kit.models.layers import layer
from kit.widgets.base.style import dress
from kit.widgets.parameters.tensors import column, title

__all__ = ["COLOURS", "KEYS", "Scene", "figure", "told", "traces"]

COLOURS = DONE | {"wrong": ORANGE}
"""Kind of origin -> its colour; "wrong" marks a tensor copied from the wrong one."""

WORDS = {"wrong": "wrong twin"}
LEFT, RIGHT, RATES = (26.0, 6.5), (53.5, 6.5), (61.0, 4.5)
"""Left end and width of the columns, on an axis from 0 to 100."""
APART = 0.028
"""The least distance between two names, as a share of the height."""
KEYS = ("x", "y", "base", "width", "text", "textfont")
KEYS += ("hovertext", "customdata", "marker", "showlegend")
"""The keys of the traces that change while the map is displayed."""
DARK, UNUSED, LINE = "#6E6E6E", "white", INK


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The data of the map, as plain values."""

    source: dict[str, tuple[int, ...]]
    """Name -> shape of each tensor of the source."""
    origins: list[TensorOrigin]
    """The origins of the target's tensors, from a `Migration`."""
    titles: tuple[str, str] = ("source", "target")
    """The titles of the two columns."""
    wrong: frozenset[str] = frozenset()
    """Tensors of the target that were copied from the wrong tensor."""
    pick: tuple[str | None, str | None] = (None, None)
    """The tensor chosen: its name in the source, and in the target. Their layers are open."""
    values: dict[str, str] | None = None
    """Hover text on a tensor's values, by "there " (source) or "here " (target) and its name."""

    def done(self, origin: TensorOrigin) -> str:
        """The key of its colour in `COLOURS`."""
        return "wrong" if origin.name in self.wrong else origin.done


def figure(scene: Scene):
    """The map as a plotly figure: source | links | target | rate."""
    import plotly.graph_objects as go

    hidden = {"visible": False, "fixedrange": True}
    layout = {
        "xaxis": {"range": [0, 100], **hidden},
        "yaxis": {"range": [1.01, -0.075], **hidden},
        "barmode": "overlay",
        "hovermode": "closest",
        "dragmode": False,
    }
    shown = dress(go.Figure(traces(scene), layout), height=600)
    legend = {"y": -0.01, "yanchor": "top", "font": {"size": 14}, "itemclick": False}
    shown.update_layout(hoverlabel_font_size=13)
    shown.update_layout(legend=legend | {"itemdoubleclick": False, "tracegroupgap": 0})
    return shown.update_layout(margin={"l": 4, "r": 4, "t": 6, "b": 44})


def traces(scene: Scene) -> list[dict]:
    """The figure's traces, always the same ones in the same order: a ribbon of links for each
    thing done, the chosen link, source, target, rates, names, and titles."""
    there, here = scene.pick
    target = {o.name: o.shape for o in scene.origins}
    left = column(scene.source, layer(there or here or ""))
    right = column(target, layer(here or there or ""))
    return [
        *_links(scene, left, right),
        _column(LEFT, left, _greys(scene), _hover(scene, "there"), there),
        _column(RIGHT, right, _colours(scene), _hover(scene, "here"), here),
        _rates(scene, right),
        _names(left, layer(there or here or ""), LEFT[0] - 1, "left", there),
        _names(right, layer(here or there or ""), RATES[0] + RATES[1] + 1, "right", here),
        _titles(scene),
    ]


def _links(scene: Scene, left: dict, right: dict) -> list[dict]:
    shapes: dict[str, tuple[list, list]] = {done: ([], []) for done in [*COLOURS, "chosen"]}
    for origin in scene.origins:
        if origin.source in left:
            ribbon = _ribbon(left[origin.source], right[origin.name])
            keys = [scene.done(origin)] + ["chosen"] * (origin.name == scene.pick[1])
            for key in keys:
                for values, more in zip(shapes[key], ribbon, strict=True):
                    values += more
    there = {scene.done(o) for o in scene.origins}
    found = []
    for done, (x, y) in shapes.items():
        colour = COLOURS.get(done, LINE)
        look = {"mode": "lines", "fill": "toself", "fillcolor": colour, "line": {"width": 0}}
        look |= {"opacity": 0.75 if done in ("wrong", "chosen") else 0.38, "hoverinfo": "skip"}
        name = {"name": WORDS.get(done, display_name(done)), "showlegend": done in there}
        found.append({"x": x or [None], "y": y or [None], **look, **name})
    return found


def _ribbon(a: tuple[float, float], b: tuple[float, float]) -> tuple[list, list]:
    """The outline of a band from the source's (top, bottom) to the target's."""
    begin, end = sum(LEFT) + 0.4, RIGHT[0] - 0.4
    steps = [i / 10 for i in range(11)]
    x = [begin + (end - begin) * t for t in steps]
    ease = [t * t * (3 - 2 * t) for t in steps]
    upper, lower = ([p + (q - p) * e for e in ease] for p, q in zip(a, b, strict=True))
    return [*x, *x[::-1], x[0], None], [*upper, *lower[::-1], upper[0], None]


def _column(place: tuple, rows: dict, colours: dict, hover: dict, chosen: str | None) -> dict:
    begin, wide = place
    return {
        "type": "bar",
        "orientation": "h",
        "base": [begin] * len(rows),
        "x": [wide] * len(rows),
        "y": [(a + b) / 2 for a, b in rows.values()],
        "width": [max(0.86 * (b - a), 0.003) for a, b in rows.values()],
        "customdata": list(rows),
        "hovertext": [hover[name] for name in rows],
        "hoverinfo": "text",
        "textposition": "none",
        "marker": {
            "color": [colours[name] for name in rows],
            "line": {
                "color": [LINE if name == chosen else LIGHT_GREY for name in rows],
                "width": [3 if name == chosen else 0.6 for name in rows],
            },
        },
        "showlegend": False,
    }


def _greys(scene: Scene) -> dict[str, str]:
    """Source tensor -> dark if the target has values of it, else white."""
    used = {o.source for o in scene.origins}
    return {name: DARK if name in used else UNUSED for name in scene.source}


def _colours(scene: Scene) -> dict[str, str]:
    return {o.name: COLOURS[scene.done(o)] for o in scene.origins}


def _rates(scene: Scene, right: dict) -> dict:
    """A bar beside each trained tensor; its length is the square root of the rate."""
    most = max((o.rate for o in scene.origins), default=0.0) or 1.0
    trained = {o.name: (o.rate / most) ** 0.5 * RATES[1] for o in scene.origins}
    look = {"marker": {"color": GREY, "line": {"width": 0}}, "showlegend": False}
    return {
        "type": "bar",
        "orientation": "h",
        "base": [RATES[0]] * len(right),
        "x": [trained[name] for name in right],
        "y": [(a + b) / 2 for a, b in right.values()],
        "width": [0.45 * (b - a) for a, b in right.values()],
        "hoverinfo": "skip",
        **look,
    }


def _names(places: dict, opened: str, x: float, side: str, chosen: str | None) -> dict:
    """The names of the open layer's tensors, and of each layer."""
    layers: dict[str, list[str]] = {}
    for name in places:
        layers.setdefault(layer(name), []).append(name)
    rows = []  # (y, text, what a click on it chooses)
    for of, names in layers.items():
        (top, height), end = (places[names[0]][0], 0.0), places[names[-1]][1]
        if of != opened:
            clear = rows[-1][0] + APART if rows else 0.0
            rows.append((max((top + end) / 2, clear), escape(title(of)), names[0]))
            continue
        height = places[names[0]][1] - top
        rows.append((top - height / 2, bold(title(of)), names[0]))
        for name in names:
            short = name[len(of) + 1 :]
            for long, brief in (("feed_forward", "ff"), ("attention", "att"), ("rnns.", "")):
                short = short.replace(long, brief)
            text = bold(short) if name == chosen else escape(short)
            rows.append((sum(places[name]) / 2, text, name))
    return {
        "mode": "text",
        "x": [x] * len(rows),
        "y": [y for y, _, _ in rows],
        "text": [text for _, text, _ in rows],
        "customdata": [name for _, _, name in rows],
        "textposition": f"middle {side}",
        "textfont": {"size": 13, "color": LINE},
        "hoverinfo": "none",
        "showlegend": False,
    }


def _titles(scene: Scene) -> dict:
    x = [sum(LEFT), sum(RIGHT), RATES[0]]
    size = 16 if max(map(len, scene.titles)) < 13 else 13  # both have room at 480 pixels
    return {
        "mode": "text",
        "x": x,
        "y": [-0.045] * 3,
        "text": [*map(bold, scene.titles), "rate"],
        "textposition": ["middle left", "middle left", "middle right"],
        "textfont": {"size": [size, size, 13], "color": [LINE, LINE, GREY]},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _hover(scene: Scene, side: str) -> dict[str, str]:
    values = scene.values or {}
    if side == "here":
        found = {o.name: told(o, o.name in scene.wrong) for o in scene.origins}
    else:
        gone = {o.source for o in scene.origins}
        found = {
            name: f"<b>{escape(name)}</b><br>{_size(shape)}"
            + ("" if name in gone else "<br>nothing in the target came of it")
            for name, shape in scene.source.items()
        }
    return {name: f"{text}<br>{values.get(f'{side} {name}', '')}" for name, text in found.items()}


def told(o: TensorOrigin, wrong: bool = False) -> str:
    """One tensor of the target in words, as HTML: origin, shapes, rate."""
    done = display_name(o.done)
    twin = f"{done}, no twin" if o.source is None else f"{done} from {escape(o.source)}"
    other = o.source_shape not in (None, o.shape)
    shape = f" ({' × '.join(f'{n:,}' for n in o.source_shape)})" if other else ""
    rate = f"trained at rate {o.rate:.2g}" if o.rate else "frozen"
    late = f" from {o.start:.0%} of the budget on" if o.start else ""
    note = f"<br>{escape(o.note)}" if o.note else ""
    warning = "<br><b>the wrong twin</b>" if wrong else ""
    name = f"<b>{escape(o.name)}</b><br>{_size(o.shape)}"
    return f"{name}<br>{twin}{shape}{warning}<br>{rate}{late}{note}"


def _size(shape: tuple[int, ...]) -> str:
    product = " × ".join(f"{size:,}" for size in shape)
    return product + (f" = {prod(shape):,}" if len(shape) > 1 else "")
