"""Widgets: each a pure figure of plain data, and a thin widget around it."""

from kit.widgets.descent import Descent
from kit.widgets.label_curves import LabelCurves
from kit.widgets.loss_curves import LossCurves
from kit.widgets.side_by_side import SideBySide
from kit.widgets.style import Strip

__all__ = ["Descent", "LabelCurves", "LossCurves", "SideBySide", "Strip"]
