"""Bias: does a model's answer change when nothing but a name, or a nationality, changes?

    score = head.of(source)                         # any function from texts to numbers
    report = bias.measure(score, ["We saw the {nationality} film."], bias.NATIONALITIES)
    report                                          # range, lowest and highest, and its control
    bias.compare(score, bias.NAME_TEMPLATES, {"female": ..., "male": ...})

Counterfactual templates (Kiritchenko & Mohammad 2018, arXiv:1805.04508) keep a sentence and change
one word. Each measurement stands beside its control: words that belong to no group of people, and
group labels drawn by lot.
"""

from kit.audit.bias.heads import Head, neutral_rows
from kit.audit.bias.measure import Gap, Spread, compare, gap, measure, spread
from kit.audit.bias.mitigation import directions, halves, without
from kit.audit.bias.templates import fill, scores, slots
from kit.audit.bias.words import CALENDAR, NAME_TEMPLATES, NATIONALITIES, WORD_TEMPLATES, names

__all__ = [
    "CALENDAR",
    "NAME_TEMPLATES",
    "NATIONALITIES",
    "WORD_TEMPLATES",
    "Gap",
    "Head",
    "Spread",
    "compare",
    "directions",
    "fill",
    "gap",
    "halves",
    "measure",
    "names",
    "neutral_rows",
    "scores",
    "slots",
    "spread",
    "without",
]
