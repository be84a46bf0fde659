"""Solutions of lesson 10's exercises, and wrong answers that must be told why."""

import math

import numpy as np


def labels_for(score, budgets, scores):
    if score > scores[-1]:
        return math.inf
    return float(np.exp(np.interp(score, scores, np.log(budgets))))


def pays(gain, margin, labels, label_cost, point_value):
    low, high = (max(0, points) * point_value for points in (gain - margin, gain + margin))
    cost = labels * label_cost
    if low >= cost:
        return "label"
    return "stop" if high < cost else "uncertain"


def middle_only(gain, margin, labels, label_cost, point_value):
    return "label" if gain * point_value >= labels * label_cost else "stop"


def loss_is_gain(gain, margin, labels, label_cost, point_value):
    return pays(abs(gain), margin, labels, label_cost, point_value)


SOLUTIONS = {
    "1": lambda: (labels_for,),
    "2": lambda: (1600, 100 * 4**1.8),
    "3": lambda: (pays,),
    "4": lambda: ("abc",),
}
WRONG = {
    "1": [
        (800,),
        (lambda score, budgets, scores: None,),
        (lambda score, budgets, scores: "many",),
        (lambda score, budgets, scores: budgets[0],),
        (lambda score, budgets, scores: np.interp(score, scores, budgets),),
        (lambda score, budgets, scores: 400 if score == 0.6 else 1600,),
        (lambda score, budgets, scores: float(np.exp(np.interp(score, scores, np.log(budgets)))),),
    ],
    "2": [("1600", 1213), (100 * 4**1.8, 1600), (800, 1600), (1600, 1600)],
    "3": [("label",), (lambda *_: True,), (lambda *_: None,), (middle_only,), (loss_is_gain,)],
    "4": [("abce",), ("abcd",), ("ab",), ("xyz",), ("",)],
}
