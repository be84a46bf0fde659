"""Answers that solve lesson 00's exercises, and answers that do not."""

SOLUTIONS = {
    "1": lambda: (8066,),
    "2": lambda: (0.97, 0),
}
WRONG = {
    "1": [(100,), (1600,), (300,), (None,)],
    "2": [(0.97, 1), (0.6, 0), (0.6, 2)],
}
