"""Answers that solve lesson 00's exercises, and answers that do not."""

import statistics


def paired_difference(first, second, t=2.776):
    gaps = [a - b for a, b in zip(first, second, strict=True)]
    return statistics.mean(gaps), t * statistics.stdev(gaps) / len(gaps) ** 0.5


def turned_round(first, second):
    return paired_difference(second, first)


def unpaired(first, second, t=2.776):
    s = [statistics.stdev(values) for values in (first, second)]
    mean = statistics.mean(first) - statistics.mean(second)
    return mean, t * (s[0] ** 2 + s[1] ** 2) ** 0.5 / 5**0.5


def of_all(first, second, t=2.776):
    gaps = [a - b for a, b in zip(first, second, strict=True)]
    return statistics.mean(gaps), t * statistics.pstdev(gaps) / 5**0.5


SOLUTIONS = {
    "1": lambda: (paired_difference,),
    "2": lambda: (0.97, 0),
    "3": lambda: (5, 0.71, 0.80, 300),
}
WRONG = {
    "1": [
        (turned_round,),
        (unpaired,),
        (of_all,),
        (lambda first, second: (0.048, 0.1),),
        (lambda first, second: (0.5, 0.1),),
        (lambda first, second: 0.048,),
        (lambda first, second: None,),
        (lambda first: 0.048,),
        (lambda first, second: first - second,),
        (lambda first, second: ("a", 0.1),),
        (0.048,),
    ],
    "2": [(0.97, 1), (0.6, 0), (0.6, 2), ("a", 1)],
    "3": [
        (5, 71, 0.80, 300),
        (5, 0.71, 0.71, 300),
        ("more", 0.71, 0.80, 300),
        (True, 0.7, 0.8, 300),
    ],
}
