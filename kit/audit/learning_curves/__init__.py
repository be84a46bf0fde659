"""Learning curves: the score by number of labels, what a source is worth in labels, what more
labels would bring, and when to stop labelling.

    with_source = Curve.from_answers("MiniLM", right)       # labels -> seed -> 1 where right
    without = Curve.from_scores("TF-IDF", scores)           # labels -> seed -> score
    worth(with_source, without, 200)                        # 200 labels = 6,000 (5,200 to 6,900)
    trials = backtest([with_source, without])               # predict what is known already
    forecast(with_source, 2 * with_source.largest, trials)  # with the error of those trials
    advise(with_source, trials, label_cost=0.2, point_value=50)
"""

from kit.audit.learning_curves.curve import Curve
from kit.audit.learning_curves.extrapolation import (
    LAWS,
    Forecast,
    Trial,
    backtest,
    best_law,
    extrapolate,
    forecast,
    trial_errors,
)
from kit.audit.learning_curves.heads import draw_rows, head_answers, text_vectors
from kit.audit.learning_curves.stopping import Advice, advise, best_budget
from kit.audit.learning_curves.worth import Exchange, Worth, worth

__all__ = [
    "LAWS",
    "Advice",
    "Curve",
    "Exchange",
    "Forecast",
    "Trial",
    "Worth",
    "advise",
    "backtest",
    "best_budget",
    "best_law",
    "draw_rows",
    "extrapolate",
    "forecast",
    "head_answers",
    "text_vectors",
    "trial_errors",
    "worth",
]
