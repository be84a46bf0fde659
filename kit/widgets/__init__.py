"""The widgets of the course: each is a pure figure of plain data, and a thin widget around it.

A lesson imports its widgets from here. The figures of the recorded results are modules of the
folders: `from kit.widgets.sentiment import domains_figure`.
"""

from kit.widgets.base.health import Health
from kit.widgets.base.style import Strip
from kit.widgets.bias.counterfactuals import Counterfactuals
from kit.widgets.entities.tagging_race import TaggingRace
from kit.widgets.frameworks.conversion import Conversion
from kit.widgets.labels.label_curves import LabelCurves
from kit.widgets.labels.label_exchange import LabelExchange
from kit.widgets.labels.side_by_side import SideBySide
from kit.widgets.labels.when_to_stop import WhenToStop
from kit.widgets.leakage.vocabulary_lookup import VocabularyLookup
from kit.widgets.loss.descent import Descent
from kit.widgets.loss.loss_curves import LossCurves
from kit.widgets.own_data.own_data import OwnData
from kit.widgets.parameters.freeze import Freeze
from kit.widgets.parameters.model_summary import ModelSummary, summary
from kit.widgets.parameters.tensor_map import TensorMap
from kit.widgets.pretraining.next_token import NextToken
from kit.widgets.pretraining.pretraining import Pretraining
from kit.widgets.processes.ring import Ring
from kit.widgets.processes.speed_up import SpeedUp
from kit.widgets.processes.state import TrainingMemory
from kit.widgets.prompting.example_order import ExampleOrder
from kit.widgets.reading.reading import Reading
from kit.widgets.sentiment.words import Words
from kit.widgets.strategies.strategies import Strategies
from kit.widgets.structure.grow import Grow
from kit.widgets.structure.pieces import Pieces
from kit.widgets.summarization.blind_comparison import BlindComparison
from kit.widgets.summarization.headlines import Headlines
from kit.widgets.transferability.source_scatter import SourceScatter
from kit.widgets.translation.translate import Translate
from kit.widgets.translation.translation_race import TranslationRace

__all__ = [
    "BlindComparison",
    "Conversion",
    "Counterfactuals",
    "Descent",
    "ExampleOrder",
    "Freeze",
    "Grow",
    "Headlines",
    "Health",
    "LabelCurves",
    "LabelExchange",
    "LossCurves",
    "ModelSummary",
    "NextToken",
    "OwnData",
    "Pieces",
    "Pretraining",
    "Reading",
    "Ring",
    "SideBySide",
    "SourceScatter",
    "SpeedUp",
    "Strategies",
    "Strip",
    "TaggingRace",
    "TensorMap",
    "TrainingMemory",
    "Translate",
    "TranslationRace",
    "VocabularyLookup",
    "WhenToStop",
    "Words",
    "summary",
]
