"""A sentence's similarity to others: by a model, and by a copy that was converted with a fault."""

from collections.abc import Sequence
from dataclasses import dataclass

from kit.html import BLUE, FONT, INK, LOOK, ORANGE, escape
from kit.widgets.base.style import dress

__all__ = ["Scene", "checks", "figure", "traces"]

LONGEST = 60
"""Characters of a sentence on the axis."""


@dataclass(frozen=True)
class Scene:
    """The data of the figure, as plain values."""

    sentences: Sequence[str]
    """Those that the typed one is compared with."""
    right: Sequence[float]
    copied: Sequence[float]
    """The cosine of the typed sentence and each of them: by the model, and by its copy."""
    tensors: int
    """Tensors of the model."""
    named: int
    shaped: int
    """Those that the copy has under the same name, and with the same shape."""
    tokens: tuple[int, int]
    """Tokens of the typed sentence that both have, of those of the model."""
    difference: float | None
    """Largest difference of the hidden states of the typed sentence; None for other lengths."""


def figure(scene: Scene):
    """Two bars a sentence: the model's similarity in blue, the copy's in orange."""
    import plotly.graph_objects as go

    layout = {
        "barmode": "group",
        "bargap": 0.3,
        "xaxis": {
            "range": [-0.25, 1],
            "title": "cosine with the sentence above",
            "fixedrange": True,
        },
        "yaxis": {"autorange": "reversed", "fixedrange": True},
        "dragmode": False,
    }
    shown = dress(go.Figure(traces(scene), layout), height=90 + 52 * len(scene.sentences))
    shown.update_layout(margin={"l": 330, "t": 16, "b": 90})
    return shown


def traces(scene: Scene) -> list[dict]:
    """The bars of the model and of its copy."""
    names = [escape(s if len(s) <= LONGEST else f"{s[:LONGEST]}…") for s in scene.sentences]
    pairs = (("the model", scene.right, BLUE), ("its copy", scene.copied, ORANGE))
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "x": list(values),
            "y": names,
            "text": [f"{value:.2f}" for value in values],
            "textposition": "outside",
            "cliponaxis": False,
            "marker": {"color": colour},
            "hoverinfo": "skip",
        }
        for name, values, colour in pairs
    ]


def checks(scene: Scene, cause: str) -> str:
    """What four checks say of the copy, as HTML."""
    if scene.difference is None:
        same, outputs = False, "the copy reads another number of tokens"
    else:
        same = scene.difference < 1e-4
        outputs = f"largest difference {scene.difference:.2g}"
    rows = [
        ("names", scene.named == scene.tensors, f"{scene.named} of {scene.tensors} tensors"),
        ("shapes", scene.shaped == scene.tensors, f"{scene.shaped} of {scene.tensors} fit"),
        ("tokens", scene.tokens[0] == scene.tokens[1], f"{scene.tokens[0]} of {scene.tokens[1]}"),
        ("outputs", same, outputs),
    ]
    said = "".join(_check(*row) for row in rows)
    return (
        f'<div style="font:17px/1.6 {FONT};color:{INK};background:white;padding:.4em 1em;'
        f'max-width:60em">{escape(cause)}<br>{said}</div>'
    )


def _check(name: str, passed: bool, what: str) -> str:
    sign, colour, ground = LOOK["right" if passed else "wrong"]
    return (
        f'<span style="display:inline-block;margin:.2em .6em .2em 0;padding:.1em .7em;'
        f'color:{colour};background:{ground}"><b>{sign} {escape(name)}</b>: {escape(what)}</span>'
    )
