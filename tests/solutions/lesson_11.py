"""Solutions of lesson 11's exercises, and wrong answers that must be told why."""


def tau(x, y):
    agree = disagree = 0
    for i in range(len(x)):
        for j in range(i):
            product = (x[i] - x[j]) * (y[i] - y[j])
            agree += product > 0
            disagree += product < 0
    return (agree - disagree) / (agree + disagree)


def share_of_agreeing(x, y):
    return (tau(x, y) + 1) / 2


def neighbours_only(x, y):
    steps = [(x[i + 1] - x[i]) * (y[i + 1] - y[i]) > 0 for i in range(len(x) - 1)]
    return 2 * sum(steps) / len(steps) - 1


SOLUTIONS = {"1": lambda: (tau,), "2": lambda: (1 / 24, 1 / 720), "3": lambda: ("abde",)}
WRONG = {
    "1": [
        (0.6,),
        (share_of_agreeing,),
        (neighbours_only,),
        (lambda x, y: 1,),
        (lambda x, y: None,),
    ],
    "2": [(0.25, 1 / 6), (1 / 24, 1 / 36), ("1/24", "1/720")],
    "3": [("abcde",), ("abd",), ("a",), ("xyz",), ("",)],
}
