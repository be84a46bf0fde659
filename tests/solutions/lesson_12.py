"""What solves the exercises of lesson 12, and what does not."""

import numpy as np


def in_both(train: list[str], test: list[str]) -> list[int]:
    known = {" ".join(text.lower().split()) for text in train}
    return [i for i, text in enumerate(test) if " ".join(text.lower().split()) in known]


def exact(train: list[str], test: list[str]) -> list[int]:
    return [i for i, text in enumerate(test) if text in train]


def my_min_k(losses: np.ndarray, share: float) -> float:
    count = max(1, int(len(losses) * share))
    return np.sort(losses)[-count:].mean()


def leaked() -> set[str]:
    from kit import audit
    from kit.exercises.lesson_12 import suspect
    from kit.tasks import sentiment

    return audit.leakage(suspect(), sentiment, worth=False).leaked("train")


SOLUTIONS = {
    "1": lambda: (in_both,),
    "2": lambda: (my_min_k,),
    "3": lambda: (leaked(),),
    "4": lambda: (3,),
}
WRONG = {
    "1": [
        (lambda train, test: None,),
        (lambda train, test: test[:1],),
        (exact,),
        (lambda train, test: range(len(test)),),
        (7,),
    ],
    "2": [
        (lambda losses, share: losses.mean(),),
        (lambda losses, share: np.sort(losses)[: int(len(losses) * share)].mean(),),
        (lambda losses, share: 0.0,),
        (lambda losses, share: np.sort(losses)[-max(2, int(len(losses) * share)) :].mean(),),
        ("min",),
        (lambda losses, share: losses,),
    ],
    "3": [(set(),), ("train/0",), ({"train/99999"},), ({f"train/{i}" for i in range(539)},)],
    "4": [(1,), (2,), (4,), (9,)],
}
