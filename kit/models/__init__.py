"""Bodies, heads, and the model that is one of each."""

from kit.models.copy_head import CopyHead
from kit.models.feature_cache import FeatureCache
from kit.models.heads import (
    ClassHead,
    LanguageHead,
    RatingHead,
    SequenceHead,
    TagHead,
    VectorHead,
    pool,
)
from kit.models.model import Model
from kit.models.quantized import QuantizedEmbedding
from kit.models.rnn import RNN, RNNConfig
from kit.models.soup import soup
from kit.models.transformer import Transformer, TransformerConfig
from kit.models.word_lstm import WordLSTM, WordLSTMConfig
from kit.models.word_vectors import WordVectors, WordVectorsConfig

__all__ = [
    "RNN",
    "ClassHead",
    "CopyHead",
    "FeatureCache",
    "LanguageHead",
    "Model",
    "QuantizedEmbedding",
    "RNNConfig",
    "RatingHead",
    "SequenceHead",
    "TagHead",
    "Transformer",
    "TransformerConfig",
    "VectorHead",
    "WordLSTM",
    "WordLSTMConfig",
    "WordVectors",
    "WordVectorsConfig",
    "pool",
    "soup",
]
