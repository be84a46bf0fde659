"""Answers that solve lesson 01's exercises, and answers that do not."""


def step(theta, X, y, eta):
    p = (X @ theta).sigmoid()
    return theta - eta * X.T @ (p - y) / len(y)


def uphill(theta, X, y, eta):
    return step(theta, X, y, -eta)


def summed(theta, X, y, eta):
    return step(theta, X, y, eta * len(y))


def in_place(theta, X, y, eta):
    theta -= eta * X.T @ ((X @ theta).sigmoid() - y) / len(y)
    return theta


SOLUTIONS = {
    "1": lambda: (2.0,),
    "2": lambda: (step,),
    "3": lambda: (largest(),),
    "4": lambda: (4, 0.0134, 0.0032),
}
WRONG = {
    "1": [(1.0,), (4,), (None,), ("two",)],
    "2": [
        (uphill,),
        (summed,),
        (in_place,),
        (lambda theta, X, y, eta: theta,),
        (lambda theta, X, y, eta: step(theta, X, y, 1.0),),
        (lambda theta, X, y, eta: theta - eta * X.T @ (X @ theta - y) / len(y),),
        (lambda theta, X, y, eta: X.T @ ((X @ theta).sigmoid() - y) / len(y),),
        (lambda theta, X, y, eta: 3 * theta,),
        (lambda theta, X, y, eta: 0.5,),
        (lambda theta, X, y: theta,),
        (lambda theta, X, y, eta: None,),
        ("step",),
    ],
    "3": [(0.5,), (40.0,), (-1,), (None,)],
    "4": [(4, 0.003, 0.012), (4, 0.02, 0.002), (4, 0, 1), (4, "high", 1)],
}


def largest() -> float:
    """2/λ, cut to one decimal."""
    from kit.tasks import sentiment
    from kit.train.loss_surface import Surface

    square = Surface.of(sentiment.load()["train"], ("and", "bad"), "squared_error")
    return int(20 / float(square.minimum()[1].max())) / 10
