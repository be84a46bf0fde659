"""Transferability: which source would learn a task best? Estimates from frozen vectors, without
fine-tuning any source, and how far they agree with what fine-tuning gave.

    layers = layer_vectors(source, texts)                  # L + 1 arrays (N, D)
    log_me(layers[-1], labels)                             # one estimator, one number
    cached = [CachedVectors(source="mine", layer=i, task="t", vectors=v, labels=y) ...]
    estimates = list(estimate(cached, n=400, draws=5))     # all of them, with intervals
    metrics.agreement(estimates_by_source, scores)         # Kendall's tau (low to high)
"""

from kit.audit.transferability.estimates import (
    CachedVectors,
    Estimate,
    at_depth,
    best_layer,
    estimate,
)
from kit.audit.transferability.estimators import (
    ESTIMATORS,
    h_score,
    leep,
    linear_probe,
    log_me,
    n_leep,
    nearest_neighbours,
    trans_rate,
)
from kit.audit.transferability.states import layer_vectors, word_vectors
from kit.audit.transferability.strategy_table import (
    Choice,
    Comparison,
    Limits,
    StrategyTable,
    Trial,
    leave_one_task_out,
)

__all__ = [
    "ESTIMATORS",
    "CachedVectors",
    "Choice",
    "Comparison",
    "Estimate",
    "Limits",
    "StrategyTable",
    "Trial",
    "at_depth",
    "best_layer",
    "estimate",
    "h_score",
    "layer_vectors",
    "leave_one_task_out",
    "leep",
    "linear_probe",
    "log_me",
    "n_leep",
    "nearest_neighbours",
    "trans_rate",
    "word_vectors",
]
