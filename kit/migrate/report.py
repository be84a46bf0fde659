"""The report of a migration as HTML for a notebook, in the colours of its theme."""

import re

from kit.display_names import display_name
from kit.html import escape

__all__ = ["DONE", "page", "shortened"]

DONE = {
    "copied": "#0072B2",
    "sliced": "#56B4E9",
    "widened": "#009E73",
    "projected": "#117733",
    "composed": "#CC79A7",
    "rounded": "#882255",
    "fresh": "#F0E442",
}
"""How a tensor's values were made -> its colour, the same in every figure."""
TRAINED = "#8C8C8C"

CELL = "text-align:left;padding:.15em .7em;white-space:nowrap"
BAR = "display:inline-block;height:.7em;border-radius:3px;vertical-align:baseline;"
BAR += "outline:1px solid #8C8C8C"


def shortened(names: list[str], max_names: int = 4) -> str:
    """Names as one string: those that differ only in a number as one, blocks.0-5.norm.weight, and
    of these at most `max_names`."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_pattern(name), []).append(name)
    joined = [_joined(group) for group in groups.values()]
    more = f" and {len(joined) - max_names} more" if len(joined) > max_names else ""
    return ", ".join(joined[:max_names]) + more


def page(title: str, totals: dict[str, int], origins: list, warnings: list[str]) -> str:
    """HTML: one line of totals, the warnings, and the table of tensors in a foldable part.

    origins: `TensorOrigin`s.
    """
    whole = max(totals["parameters"], 1)
    shares = "".join(
        f'<span style="white-space:nowrap;margin-right:1.4em">{_mark(colour, part / whole)} '
        f"{display_name(what)} <b>{part:,}</b> ({part / whole:.{1 if part else 0}%})</span>"
        for what, colour, part in (
            ("moved", DONE["copied"], totals["moved"]),
            ("fresh", DONE["fresh"], totals["fresh"]),
            ("trained", TRAINED, totals["trained"]),
        )
    )
    listed = "".join(f"<li>{escape(w)}</li>" for w in warnings)
    return (
        '<div style="color:inherit;font-family:system-ui,sans-serif;font-size:15px;'
        'line-height:1.4"><div style="font-size:1.25em;font-weight:700">'
        f"{escape(title)} · {whole:,} parameters</div>"
        f'<div style="margin:.3em 0">{shares}</div>'
        f'<ul style="margin:.2em 0;padding-left:1.2em">{listed}</ul>'
        f'<details><summary style="cursor:pointer">{len(origins)} tensors: where each came from'
        f"</summary>{_table(origins)}</details></div>"
    )


def _mark(colour: str, share: float) -> str:
    return f'<span style="{BAR};width:{max(120 * share, 3):.0f}px;background:{colour}"></span>'


def _table(origins: list) -> str:
    titles = ("tensor of the target", "shape", "rate", "values", "tensor of the source")
    heads = "".join(f'<th style="{CELL}">{t}</th>' for t in titles)
    groups: dict[tuple, list] = {}
    for o in origins:
        twin = o.source and _pattern(o.source)
        key = (_pattern(o.name), o.shape, o.done, o.note, o.rate, o.start, twin, o.source_shape)
        groups.setdefault((*key, o.source == o.name), []).append(o)
    lines = "".join(_line(rows) for rows in groups.values())
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:.93em;'
        f'width:auto"><thead style="border-bottom:2px solid"><tr>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _line(rows: list) -> str:
    """One line for origins that differ only in a number in their names."""
    o = rows[0]
    start = f" from {o.start:.0%} on" if o.start else ""
    rate = f"{o.rate:.2g}{start}" if o.rate else display_name("frozen")
    dot = f'<span style="{BAR};width:.7em;background:{DONE[o.done]}"></span>'
    note = f' <span style="opacity:.75">({escape(o.note)})</span>' if o.note else ""
    name = _joined([r.name for r in rows])
    columns = (
        escape(name),
        _shape(o.shape),
        rate,
        f"{dot} {display_name(o.done)}{note}",
        escape(_twin(rows)),
    )
    cells = "".join(f'<td style="{CELL}">{c}</td>' for c in columns)
    return f'<tr style="background:none{"" if o.rate else ";opacity:.6"}">{cells}</tr>'


def _twin(rows: list) -> str:
    """The name of the source's tensor, and its shape where it differs."""
    o = rows[0]
    if o.source is None:
        return ""
    name = "same name" if o.source == o.name else _joined(sorted({r.source for r in rows}))
    return name if o.source_shape == o.shape else f"{name}, {_shape(o.source_shape)}"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def _pattern(name: str) -> str:
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "…", name)


def _joined(names: list[str]) -> str:
    """Names that differ only in their numbers as one: blocks.0-5.attention."""
    numbers = [re.findall(r"(?<=\.)\d+(?=\.|$)", name) for name in names]
    ranges = iter([_range(sorted({int(n) for n in ns})) for ns in zip(*numbers, strict=True)])
    return re.sub(r"(?<=\.)\d+(?=\.|$)", lambda _: next(ranges), names[0])


def _range(numbers: list[int]) -> str:
    """[0, 1, 2, 5] as 0-2,5."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ",".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)
