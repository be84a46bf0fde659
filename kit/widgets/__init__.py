"""Widgets: each a pure figure of plain data, and a thin widget around it."""

from kit.widgets.base.health import Health
from kit.widgets.base.style import Strip
from kit.widgets.labels.label_curves import LabelCurves
from kit.widgets.labels.side_by_side import SideBySide
from kit.widgets.loss.descent import Descent
from kit.widgets.loss.loss_curves import LossCurves
from kit.widgets.parameters.freeze import Freeze
from kit.widgets.parameters.tensor_map import TensorMap
from kit.widgets.pretraining.next_token import NextToken
from kit.widgets.pretraining.pretraining import Pretraining
from kit.widgets.strategies.strategies import Strategies
from kit.widgets.structure.grow import Grow
from kit.widgets.structure.pieces import Pieces

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
