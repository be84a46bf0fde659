"""Widgets: each a pure figure of plain data, and a thin widget around it."""

from kit.widgets.label_curves import LabelCurves
from kit.widgets.side_by_side import SideBySide
from kit.widgets.style import Strip

__all__ = ["LabelCurves", "SideBySide", "Strip"]
