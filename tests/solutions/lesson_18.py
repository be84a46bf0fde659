"""What solves the exercises of lesson 18, and what does not."""

GOOD = {1: "negative", 2: "negative", 4: "positive", 5: "positive"}


def sort_rows(rows, classes, strip=str.strip, first=0, reason=""):
    good, bad = [], []
    for i, row in enumerate(rows, first):
        if not strip(row["text"] or ""):
            bad.append((i, reason or "no text"))
        elif row["label"] not in classes:
            bad.append((i, reason or "unknown class"))
        else:
            good.append(row)
    return good, bad


SOLUTIONS = {"1": lambda: (GOOD,), "2": lambda: (sort_rows,)}
WRONG = {
    "1": [
        ({1: "negative", 5: "positive"},),
        (GOOD | {3: "positive"},),
        (GOOD | {2: "positive"},),
        ({},),
        ("positive",),
    ],
    "2": [
        (lambda rows, classes: sort_rows(rows, classes, strip=str),),
        (lambda rows, classes: sort_rows(rows, classes, first=1),),
        (lambda rows, classes: sort_rows(rows, classes, reason="bad"),),
        (lambda rows, classes: sort_rows(rows, (*classes, "neutral")),),
        (lambda rows, classes: (sort_rows(rows, classes)[0], []),),
        (lambda rows, classes: sort_rows(rows, classes)[::-1],),
        (lambda rows, classes: (7, 8),),
        (lambda rows, classes: None,),
        (lambda rows: [],),
        ("sorted",),
    ],
}
