"""A summary of a model: its parts with their shapes and sizes, its memory, and a diagram."""

import re
from collections import Counter
from dataclasses import dataclass

from torch import nn

from kit.display_names import display_name
from kit.errors import KitError
from kit.html import BLUE, FONT, escape
from kit.models.rnn import RNN
from kit.models.transformer import Transformer
from kit.widgets.parameters.model_summary_figure import picture

__all__ = ["ModelSummary", "Part", "summary"]

PARTS = {
    "token embedding": r"embed\.tokens\.|embedding\.",
    "position embedding": r"embed\.positions\.",
    "segment embedding": r"embed\.types\.",
    "cross-attention": r"\bcross\.|(^|decoder\.|body\.)attention\.",
    "attention": r"\.attention\.",
    "feed-forward": r"feed_forward\.",
    "recurrent cells": r"\.rnns\.",
    "norms": r"norm",
    "others": r"",
}
"""Part -> the pattern of its parameters' names; the first pattern that matches counts."""

LEFT = "text-align:left;padding:.25em .7em;white-space:nowrap"
RIGHT = "text-align:right;padding:.25em .7em;font-variant-numeric:tabular-nums"


@dataclass(frozen=True)
class Part:
    """One line of a summary."""

    name: str
    tensors: tuple[str, ...]
    """The shapes of its tensors: "6 of 384 × 384"."""
    parameters: int
    """The number of its parameters."""
    trainable: int
    """The number of its parameters that are not frozen."""

    @classmethod
    def of(cls, name: str, parameters: list[nn.Parameter]) -> "Part":
        """The part that consists of these parameters."""
        shapes = Counter(" × ".join(f"{size:,}" for size in p.shape) for p in parameters)
        return cls(
            name,
            tuple(shape if n == 1 else f"{n} of {shape}" for shape, n in shapes.items()),
            sum(p.numel() for p in parameters),
            sum(p.numel() for p in parameters if p.requires_grad),
        )


@dataclass(frozen=True, repr=False)
class ModelSummary:
    """A summary: text in a terminal, a diagram and a table in a notebook."""

    title: str
    parts: tuple[Part, ...]
    svg: str
    """The diagram, which needs neither a script nor a style sheet."""

    @property
    def parameters(self) -> int:
        """The number of parameters; a shared one (of a tied head) counts once."""
        return sum(part.parameters for part in self.parts)

    @property
    def trainable(self) -> int:
        """The number of parameters that are not frozen."""
        return sum(part.trainable for part in self.parts)

    @property
    def memory(self) -> float:
        """The size of the parameters in fp32, in MB (10⁶ bytes)."""
        return self.parameters * 4 / 1e6

    @property
    def training_memory(self) -> float:
        """The same with AdamW's gradient and two moments for each trainable parameter."""
        return self.memory + self.trainable * 12 / 1e6

    def __repr__(self) -> str:
        width = max(len(display_name(part.name)) for part in self.parts)
        lines = [
            f"{display_name(part.name):{width}}  {part.parameters:>13,}  {', '.join(part.tensors)}"
            for part in self.parts
        ]
        return "\n".join(
            [
                self.title,
                *lines,
                f"{display_name('all'):{width}}  {self.parameters:>13,}",
                self.size,
            ]
        )

    @property
    def size(self) -> str:
        """The last line: the memory of the model, and its memory in training."""
        share = (
            display_name("all")
            if self.trainable == self.parameters
            else f"{self.trainable / self.parameters:.1%}"
        )
        return (
            f"{self.memory:,.1f} MB in fp32; {self.training_memory:,.1f} MB plus the activations "
            f"of a batch while AdamW trains {share} of it"
        )

    def _repr_html_(self) -> str:
        heads = "".join(
            f'<th style="{LEFT}">{display_name(name)}</th>' for name in ("share", "shapes")
        )
        rows = "".join(_row(part, self.parameters) for part in self.parts)
        return (
            f'<div style="color:inherit;font-family:{FONT};font-size:15px;'
            'line-height:1.35"><div style="font-size:1.35em;font-weight:700;margin:.2em 0 .5em">'
            f"{escape(self.title)} · {self.parameters:,} parameters</div>{self.svg}"
            '<table style="border-collapse:collapse;margin:.8em 0 .4em;font-size:1em;width:auto">'
            f'<thead style="border-bottom:2px solid"><tr><th style="{LEFT}">part</th>'
            f'<th style="{RIGHT}">parameters</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
            f'<div style="opacity:.8">{escape(self.size)}</div></div>'
        )


def summary(model: nn.Module) -> ModelSummary:
    """The summary of a Model or a body."""
    body = getattr(model, "body", model)
    if not isinstance(body, Transformer | RNN):
        raise KitError(f"a {type(model).__name__} has no summary: give a Model or a body.")
    head = getattr(model, "head", None)
    return ModelSummary(_title(body, head), tuple(_parts(model)), picture(body, head))


def _title(body: nn.Module, head: nn.Module | None) -> str:
    config = body.config
    if isinstance(body, RNN):
        kind = f"{display_name('bidirectional' if config.bidirectional else 'causal')} "
        kind += config.cell.upper()
    else:
        kind = f"Transformer {display_name('decoder' if config.causal else 'encoder')}"
    if getattr(head, "decoder", None) is not None:
        kind += " with a decoder"
    layers = display_name(f"{config.layers} layer{'s' * (config.layers > 1)}")
    return f"{kind[0].upper()}{kind[1:]} · {layers} · width {config.width:,}"


def _parts(model: nn.Module) -> list[Part]:
    order = [*PARTS, *(f"decoder: {name}" for name in PARTS), "head"]
    groups: dict[str, list[nn.Parameter]] = {name: [] for name in order}
    for name, parameter in model.named_parameters():
        groups[_part_of(name)].append(parameter)
    parts = [Part.of(name, parameters) for name, parameters in groups.items() if parameters]
    head = getattr(model, "head", None)
    if head is not None and not groups["head"]:
        tied = any(True for _ in head.parameters())
        shapes = "the token embedding, shared" if tied else "none"
        parts.append(Part("head", (shapes,), 0, 0))
    return parts


def _part_of(name: str) -> str:
    decoder = "decoder: " if name.startswith("head.decoder.") else ""
    if name.startswith("head.") and not decoder:
        return "head"
    return decoder + next(part for part, pattern in PARTS.items() if re.search(pattern, name))


def _row(part: Part, whole: int) -> str:
    share = part.parameters / whole
    frozen = ' <span title="not trained">❄</span>' if part.parameters and not part.trainable else ""
    bar = (
        f'<span style="display:inline-block;width:{max(160 * share, 1):.0f}px;height:.8em;'
        f'border-radius:3px;background:{BLUE}"></span> {share:.0%}'
    )
    return (
        f'<tr><td style="{LEFT};font-weight:600">{escape(display_name(part.name))}{frozen}</td>'
        f'<td style="{RIGHT}">{part.parameters:,}</td>'
        f'<td style="{LEFT}">{bar if share else ""}</td>'
        f'<td style="{LEFT};opacity:.8;white-space:normal">{", ".join(part.tensors)}</td></tr>'
    )
