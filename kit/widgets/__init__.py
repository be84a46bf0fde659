"""Widgets: each a pure figure of plain data, and a thin widget around it."""

from kit.widgets.descent import Descent
from kit.widgets.freeze import Freeze
from kit.widgets.grow import Grow
from kit.widgets.health import Health
from kit.widgets.label_curves import LabelCurves
from kit.widgets.loss_curves import LossCurves
from kit.widgets.next_token import NextToken
from kit.widgets.pieces import Pieces
from kit.widgets.pretraining import Pretraining
from kit.widgets.side_by_side import SideBySide
from kit.widgets.strategies import Strategies
from kit.widgets.style import Strip
from kit.widgets.tensor_map import TensorMap

__all__ = [
    "Descent",
    "Freeze",
    "Grow",
    "Health",
    "LabelCurves",
    "LossCurves",
    "NextToken",
    "Pieces",
    "Pretraining",
    "SideBySide",
    "Strategies",
    "Strip",
    "TensorMap",
]
