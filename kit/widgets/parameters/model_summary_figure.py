"""The diagram of a model: a strip for the body and its head, and the settings of its blocks.

Plain SVG: no script, no style sheet; lines and letters in currentColor, so that it is as
readable on a dark page as on a light one.
"""

from torch import nn

from kit.display_names import display_name
from kit.html import escape
from kit.models.rnn import RNN
from kit.models.transformer import Transformer

__all__ = ["picture"]

TINTS = {
    "table": "#8e6bd8",
    "attention": "#3b82f6",
    "inner": "#f59e0b",
    "norm": "#64748b",
    "head": "#ef4444",
    "memory": "#10b981",
}
"""Kind of part -> the colour of its box, drawn at a fifth of its strength."""

NORMS = {"layer": "LayerNorm", "rms": "RMSNorm"}
ACTIVATIONS = {"gelu": "GELU", "gelu_tanh": "GELU", "relu": "ReLU", "swiglu": "SwiGLU"}
ACTIVATIONS |= {"silu": "SiLU", "geglu": "GEGLU", "geglu_tanh": "GEGLU", "reglu": "ReGLU"}
DEPTH = 82
"""The distance of the branches below the residual stream, in units of the diagram."""


SPACING = 168
"""The distance of the two directions of a bidirectional RNN, in units of the diagram."""


class Canvas:
    """Shapes from left to right; `x` is the right end of the strip, `y` that of its stream."""

    def __init__(self, y: float = 62) -> None:
        self.shapes: list[str] = []
        self.x, self.y, self.right = 8.0, y, 0.0

    def text(self, x: float, y: float, words: str, size: int = 14, **style: str) -> None:
        look = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in style.items())
        self.shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="currentColor" '
            f'text-anchor="{style.get("anchor", "middle")}"{look}>'
            f"{escape(display_name(words))}</text>"
        )

    def box(self, x: float, y: float, width: float, kind: str, *lines: str) -> None:
        """A box centred at y: its name, and beneath it its contents."""
        height = 20 + 18 * len(lines)
        self.shapes.append(
            f'<rect x="{x:g}" y="{y - height / 2:g}" width="{width:g}" height="{height}" rx="9" '
            f'fill="{TINTS[kind]}" fill-opacity=".22" stroke="{TINTS[kind]}" stroke-width="1.8"/>'
        )
        for i, line in enumerate(lines):
            at = y + 5 + 18 * (i - (len(lines) - 1) / 2)
            style = {"opacity": ".8"} if i else {"font_weight": "600"}
            self.text(x + width / 2, at, line, 13 if i else 15, **style)
        self.right = max(self.right, x + width)

    def path(self, commands: str, arrow: bool = True, wide: float = 1.8) -> None:
        end = ' marker-end="url(#kit-arrow)"' if arrow else ""
        self.shapes.append(
            f'<path d="{commands}" fill="none" stroke="currentColor" stroke-width="{wide}" '
            f'stroke-linejoin="round"{end}/>'
        )

    def go(self, length: float, arrow: bool = True) -> None:
        """Draw the stream further to the right."""
        self.path(f"M{self.x:g} {self.y:g}h{length - 2 * arrow:g}", arrow, 2.6)
        self.x += length
        self.right = max(self.right, self.x)

    def put(self, width: float, kind: str, *lines: str) -> None:
        """Draw a box on the stream."""
        self.box(self.x, self.y, width, kind, *lines)
        self.x += width

    def sign(self, x: float, y: float, sign: str = "+") -> None:
        """A small circle where two tensors are added (+) or multiplied (×)."""
        self.shapes.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="10" fill="none" stroke="currentColor" '
            'stroke-width="1.8"/>'
        )
        self.text(x, y + 5.5, sign, 17)

    def frame(self, left: float, top: float, bottom: float, label: str) -> None:
        """A dashed line around the repeated layers, from `left` to the end of the strip."""
        self.shapes.append(
            f'<rect x="{left:g}" y="{top:g}" width="{self.x - left:g}" height="{bottom - top:g}" '
            'rx="14" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="6 5" '
            'opacity=".6"/>'
        )
        self.text(self.x - 14, bottom - 14, label, 22, anchor="end", font_weight="700")


def picture(body: nn.Module, head: nn.Module | None = None) -> str:
    """An inline SVG of the body, the head, and the decoder if the head has one."""
    canvas = Canvas()
    bottom = strip(canvas, body)
    decoder = getattr(head, "decoder", None)
    if decoder is not None:
        canvas.go(26)
        canvas.put(152, "memory", "encoder output")
        bottom = switches(canvas, body, bottom)
        canvas.x, canvas.y = 8, bottom + 78
        bottom = strip(canvas, decoder)
    if head is not None:
        canvas.go(26)
        canvas.put(148, "head", *title(head))
    canvas.go(26)
    bottom = switches(canvas, body if decoder is None else decoder, bottom)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {canvas.right + 8:g} {bottom:g}" '
        'role="img" aria-label="the parts of the model and how they are joined" '
        'font-family="system-ui, sans-serif" style="width:100%;height:auto;max-width:'
        f'{1.15 * canvas.right:.0f}px;color:inherit"><defs><marker id="kit-arrow" '
        'viewBox="0 0 8 8" refX="6" refY="4" markerWidth="10" markerHeight="10" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/>'
        f"</marker></defs>{''.join(canvas.shapes)}</svg>"
    )


def title(head: nn.Module) -> tuple[str, str]:
    """The name of a head, and the sizes of its input and output."""
    head = getattr(head, "output", head)  # a decoder's output goes through a language head
    name = type(head).__name__.removesuffix("Head").lower()
    width = head.config["width"]
    outputs = head.config.get("classes") or head.config.get("vocabulary")
    if outputs is None:
        outputs = width if name == "vector" else 1
    return f"{display_name(name)} {display_name('head')}", f"{width:,} → {outputs:,}"


def strip(canvas: Canvas, body: nn.Module) -> float:
    """Draw the body from left to right; returns its lower end."""
    if isinstance(body, Transformer):
        return transformer(canvas, body.config)
    return rnn(canvas, body.config)


def transformer(canvas: Canvas, config) -> float:
    top, under = canvas.y - 34, canvas.y + DEPTH
    canvas.put(168, "table", "token embedding", f"{config.vocabulary:,} × {config.width:,}")
    if config.positions == "learned":
        canvas.go(30)
        canvas.sign(canvas.x + 10, canvas.y)
        canvas.box(8, under, 168, "table", "positions", f"{config.block_size:,} × {config.width:,}")
        canvas.path(f"M176 {under:g}H{canvas.x + 10:g}V{canvas.y + 12:g}")
        canvas.x += 20
    if config.embedding_norm:
        canvas.go(22)
        canvas.put(54, "norm", "norm")
    canvas.go(30, arrow=False)
    left = canvas.x - 12
    attention = ["attention", f"{config.heads} heads of {config.size_per_head}"]
    if config.groups != config.heads:
        attention.append(f"{config.groups} for keys, values")
    part(canvas, config, "attention", *attention, turned=config.positions == "rotary")
    if config.cross:
        part(canvas, config, "attention", "cross-attention", "to the encoder", memory=True)
    up = f"{config.width:,} → {config.intermediate_size:,} → {config.width:,}"
    part(canvas, config, "inner", "feed-forward", up, ACTIVATIONS[config.activation])
    canvas.go(14, arrow=False)
    bottom = under + (104 if config.cross or config.positions == "rotary" else 74)
    canvas.frame(left, top, bottom, f"× {config.layers}")
    if config.norm_first:
        canvas.go(24)
        canvas.put(54, "norm", "norm")
    return bottom


def part(canvas, config, kind, *lines, turned=False, memory=False) -> None:
    """Pre-norm is x + part(norm(x)), with the norm on the branch; post-norm is norm(x + part(x)),
    with the norm on the stream."""
    y, under, x = canvas.y, canvas.y + DEPTH, canvas.x + 8
    start = x + 16
    if config.norm_first:
        canvas.path(f"M{x:g} {y:g}V{under:g}h14")
        canvas.box(start, under, 54, "norm", "norm")
        canvas.path(f"M{start + 54:g} {under:g}h16")
        start += 72
    else:
        canvas.path(f"M{x:g} {y:g}V{under:g}h14")
    canvas.box(start, under, 158, kind, *lines)
    if turned or memory:
        label = "rotary positions" if turned else "encoder output"
        canvas.box(start + 4, under + 76, 150, "table" if turned else "memory", label)
        canvas.path(f"M{start + 79:g} {under + 57:g}v-{45 - 9 * len(lines):g}")
    end = start + 158 + 24
    canvas.path(f"M{start + 158:g} {under:g}H{end:g}V{y + 12:g}")
    canvas.go(end - 10 - canvas.x, arrow=False)
    canvas.sign(end, y)
    canvas.x = end + 10
    if not config.norm_first:
        canvas.go(18)
        canvas.put(54, "norm", "norm")
    canvas.go(12, arrow=False)


def rnn(canvas: Canvas, config) -> float:
    sides = ["first to last", "last to first"][: 1 + config.bidirectional]
    canvas.y += 40 + SPACING / 2 * config.bidirectional
    canvas.put(168, "table", "token embedding", f"{config.vocabulary:,} × {config.width:,}")
    first = 1 if config.cross else config.layers
    bottom = layer(canvas, config, sides, first)
    if config.cross:
        canvas.go(26)
        canvas.put(152, "attention", "cross-attention", "to the encoder")
        x = canvas.x - 76
        canvas.box(x - 76, canvas.y + 78, 152, "memory", "encoder output")
        canvas.path(f"M{x:g} {canvas.y + 59:g}V{canvas.y + 31:g}")
        if config.layers > 1:
            layer(canvas, config, sides, config.layers - 1)
    return bottom


def layer(canvas: Canvas, config, sides: list[str], count: int) -> float:
    canvas.go(30, arrow=False)
    left, y = canvas.x - 10, canvas.y
    joints = [y + SPACING * (i - (len(sides) - 1) / 2) for i in range(len(sides))]
    for at, side in zip(joints, sides, strict=True):
        canvas.path(f"M{canvas.x:g} {y:g}V{at:g}h16", wide=2.6)
        cell(canvas, config.cell == "lstm", canvas.x + 18, at, side)
        canvas.path(f"M{canvas.x + 340:g} {at:g}h20V{y:g}", arrow=False, wide=2.6)
    canvas.x += 360
    canvas.go(14, arrow=False)
    bottom = joints[-1] + 100
    canvas.frame(left, joints[0] - 96, bottom, f"× {count}")
    canvas.text(
        left + 28, bottom - 14, "gates: functions of token and state", anchor="start", opacity=".8"
    )
    return bottom


def cell(canvas: Canvas, lstm: bool, x: float, y: float, side: str) -> None:
    """One time step: the gates decide what the state forgets, adds and outputs."""
    state, bus, over, end = y - 28, y + 54, y - 70, x + 322
    canvas.shapes.append(
        f'<rect x="{x:g}" y="{y - 52:g}" width="322" height="116" rx="12" '
        f'fill="{TINTS["inner"]}" fill-opacity=".12" stroke="{TINTS["inner"]}" stroke-width="1.8"/>'
    )
    names = ("forget", "input", "output") if lstm else ("update", "new", "reset")
    places = [x + 64, x + 158, x + 252]
    canvas.path(f"M{x:g} {y:g}h12V{bus:g}H{places[-1]:g}", arrow=False)
    for place, name in zip(places, names, strict=True):
        canvas.path(f"M{place:g} {bus:g}v-11")
        canvas.box(place - 36, y + 22, 72, "inner", name)
    for place, sign in zip(places, "×+", strict=False):
        canvas.path(f"M{place:g} {y + 3:g}V{state + 12:g}")
        canvas.sign(place, state, sign)
    line = [x, places[0] - 12, places[0] + 10, places[1] - 12, places[1] + 10, end]
    for i in (0, 2, 4):
        canvas.path(f"M{line[i]:g} {state:g}H{line[i + 1]:g}", arrow=i < 4, wide=2.6)
    if lstm:
        canvas.path(f"M{places[2]:g} {state:g}V{y + 1:g}")
        canvas.path(f"M{places[2] + 36:g} {y + 22:g}h18V{y:g}H{end:g}", arrow=False, wide=2.6)
    else:
        canvas.path(f"M{places[2] - 36:g} {y + 22:g}H{places[1] + 38:g}")
        canvas.path(f"M{end - 16:g} {state:g}V{y:g}h16", arrow=False, wide=2.6)
    canvas.path(f"M{end:g} {state:g}h9V{over:g}H{x - 9:g}V{state:g}h7", arrow=False, wide=2.6)
    canvas.text(x + 161, over - 8, f"state, from {side} token", 14)


def switches(canvas: Canvas, body: nn.Module, top: float) -> float:
    """Each setting as a switch: its name, its options, and the chosen option."""
    x, y = 8.0, top + 44
    for name, options, chosen in settings(body):
        options = options if chosen in options else (*options, chosen)
        widths = [20 + 9 * len(option) for option in options]
        canvas.text(x + 2, y - 10, name, 13, anchor="start", opacity=".75")
        canvas.shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{sum(widths):g}" height="28" rx="8" fill="none" '
            'stroke="currentColor" stroke-opacity=".45"/>'
        )
        for option, width in zip(options, widths, strict=True):
            if option == chosen:
                canvas.shapes.append(
                    f'<rect x="{x + 2:g}" y="{y + 2:g}" width="{width - 4:g}" height="24" rx="6" '
                    f'fill="{TINTS["attention"]}" fill-opacity=".38"/>'
                )
            style = {"font_weight": "700"} if option == chosen else {"opacity": ".6"}
            canvas.text(x + width / 2, y + 19, option, 14, **style)
            x += width
        x += 22
    canvas.right = max(canvas.right, x - 22)
    return y + 36


def settings(body: nn.Module) -> list[tuple[str, tuple[str, ...], str]]:
    """(name, options, chosen option) of each setting of a body."""
    config = body.config
    if isinstance(body, RNN):
        return [
            ("cell", ("LSTM", "GRU"), config.cell.upper()),
            ("direction", ("forward", "two-way"), "two-way" if config.bidirectional else "forward"),
        ]
    shared = "grouped" if config.groups != config.heads else "one a head"
    return [
        ("attention", ("full", "causal"), "causal" if config.causal else "full"),
        ("norm", ("pre", "post"), "pre" if config.norm_first else "post"),
        ("kind of norm", tuple(NORMS.values()), NORMS[config.norm]),
        ("positions", ("learned", "rotary"), config.positions),
        ("activation", ("GELU", "SwiGLU"), ACTIVATIONS[config.activation]),
        ("keys and values", ("one a head", "grouped"), shared),
    ]
