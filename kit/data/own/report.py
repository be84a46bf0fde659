"""The report on the user's data as HTML."""

from kit.html import escape

__all__ = ["page"]

COLOURS = {"good": "#007A5A", "bad": "#B34A00", "note": "#595959"}


def page(report, shown: int = 5) -> str:
    """HTML of a report: numbers of rows, classes, kinds of problems, notes, the first bad rows."""
    bad = report.bad.select(range(min(shown, len(report.bad)))) if len(report.bad) else []
    head = (
        f"<b>{escape(report.where)}</b>: {len(report):,} rows, "
        f'<b style="color:{COLOURS["good"]}">{len(report.good):,} good</b>'
    )
    if len(report.bad):
        head += f', <b style="color:{COLOURS["bad"]}">{len(report.bad):,} not</b>'
    body = _bars(report.counts()) + _kinds(report.kinds)
    body += "".join(f"<li>{escape(note)}</li>" for note in (*report.notes, *report.division))
    body += _examples(bad, len(report.bad))
    return (
        '<div style="font-size:16px;color:#1A1A1A;background:white;padding:.6em 1em;'
        f'max-width:60em;border-radius:.4em"><div style="font-size:18px">{head}</div>{body}</div>'
    )


def _kinds(kinds: dict[str, int]) -> str:
    rows = "".join(
        f'<tr><td style="text-align:right"><b>{n:,}</b></td>'
        f'<td style="text-align:left">{escape(kind)}</td></tr>'
        for kind, n in kinds.items()
    )
    return f'<table style="margin:.4em 0;font-size:16px">{rows}</table>' if rows else ""


def _examples(bad, total: int) -> str:
    rows = "".join(
        f'<tr><td style="text-align:left;white-space:nowrap">{escape(row["id"])}</td>'
        f'<td style="text-align:left">{escape(row["problem"][:120])}</td>'
        f'<td style="text-align:left;color:{COLOURS["note"]}">{escape(row["content"][:80])}</td>'
        "</tr>"
        for row in bad
    )
    if not rows:
        return ""
    return (
        f"<details open><summary>the first of {total:,} that cannot be used (all are in "
        f'<code>report.bad</code>)</summary><table style="font-size:15px">{rows}</table></details>'
    )


def _bars(counts: dict[str, int], shown: int = 12) -> str:
    """A bar chart of the classes, the longest bar first."""
    largest = max(counts.values(), default=0) or 1
    largest_classes = sorted(counts.items(), key=lambda c: -c[1])[:shown]
    rows = "".join(
        f'<div style="display:flex;align-items:center;gap:.6em"><div style="width:11em;'
        f'overflow:hidden;text-overflow:ellipsis;white-space:nowrap">{escape(name)}</div>'
        f'<div style="flex:1"><div style="width:{100 * n / largest:.1f}%;min-width:2px;height:.9em;'
        f'background:#0072B2"></div></div><div style="width:5em">{n:,}</div></div>'
        for name, n in largest_classes
    )
    more = f"<div>… and {len(counts) - shown} classes more</div>" if len(counts) > shown else ""
    return f'<div style="margin:.5em 0;max-width:36em">{rows}{more}</div>' if rows else ""
