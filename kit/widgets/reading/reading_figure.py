"""How a language model reads: the map of its steps, the token that travels, and its step."""

from collections.abc import Sequence

import numpy as np

from kit.html import FONT, escape
from kit.models.activations import Activations, CellValues
from kit.widgets.base.svg import CHOSEN, pill, unique
from kit.widgets.reading import lstm_figure, transformer_figure
from kit.widgets.reading.scene import Next, Scene

__all__ = ["SHOWN", "following", "kind", "page", "stepper", "steps", "telling_part"]

SHOWN = 7
"""The next tokens that are shown, at most."""


def kind(values: Activations):
    """The module that draws these values."""
    is_lstm = isinstance(values.layers[0], CellValues)
    return lstm_figure if is_lstm else transformer_figure


def steps(values: Activations) -> dict[str, str]:
    """The steps of such a model, in their order: step -> its name."""
    return {step: name for step, (name, _) in kind(values).STEPS.items()}


def following(logits: np.ndarray, bias: np.ndarray, texts: Sequence[str], ids: Sequence[int]):
    """These tokens as `Next`. logits (V,), bias (V,); texts and ids of the same tokens."""
    exact = logits.astype(np.float64)
    exponents = np.exp(exact - exact.max())
    p = exponents / exponents.sum()
    return [
        Next(text, float(logits[i]), float(bias[i]), float(p[i]))
        for text, i in zip(texts, ids, strict=True)
    ]


def page(scene: Scene) -> str:
    """The map and the step, as HTML. The token moves from the station of the step before."""
    module = kind(scene.values)
    picture, places = module.station_map(scene)
    name = unique("token")
    (x, y), (from_x, from_y) = places[scene.step], places[scene.previous]
    moved = (
        f"<style>@keyframes {name}"
        f"{{from{{transform:translate({from_x - x:g}px,{from_y - y:g}px)}}}}"
        f"#{name}{{animation:{name} .6s ease-out}}"
        f"@media (prefers-reduced-motion:reduce){{#{name}{{animation:none}}}}</style>"
    )
    token = f'<g id="{name}">{pill(x, y, scene.words[scene.token])}</g></svg>'
    return f"{moved}{picture.replace('</svg>', token)}{module.step(scene)}"


def telling_part(values: Activations) -> tuple[int, int]:
    """The layer and the head, or the unit, with which to begin, from 0: the head in which the last
    token looks most at one earlier token (neither the first nor the one before); the unit of the
    last layer of an LSTM whose forget gate stays most open."""
    if isinstance(values.layers[0], CellValues):
        kept = values.layers[-1].f[1:]
        return len(values.layers) - 1, int(kept.min(0).argmax()) if len(kept) else 0
    looks = np.stack([layer.weights[:, -1, 1:-2] for layer in values.layers])  # (L, H, T - 3)
    if not looks.shape[-1]:
        return 0, 0
    layer, head = np.unravel_index(looks.max(-1).argmax(), looks.shape[:2])
    return int(layer), int(head)


def stepper(pages: dict[str, str]) -> str:
    """Pages behind a row of buttons, as HTML that needs no kernel: a click or an arrow key shows
    another one. pages: name -> HTML."""
    name = unique("steps")
    buttons, parts, rules = [], [], []
    for place, (title, content) in enumerate(pages.items()):
        mark = f"{name}-{place}"
        checked = " checked" if place == 0 else ""
        buttons.append(
            f'<label style="display:inline-block;border:2px solid {CHOSEN};border-radius:.4em;'
            f'padding:.1em .5em;margin:.15em;cursor:pointer" for="{mark}"><input type="radio" '
            f'id="{mark}" name="{name}"{checked}> {escape(title)}</label>'
        )
        parts.append(f'<div class="{mark}">{content}</div>')
        rules.append(f"#{name}:not(:has(#{mark}:checked)) .{mark}{{display:none}}")
    rules.append(f"@media print{{#{name} div{{display:block!important}}}}")
    return (
        f'<div id="{name}" style="font:16px {FONT}"><style>{"".join(rules)}</style>'
        f"<div>{''.join(buttons)}</div>{''.join(parts)}</div>"
    )
