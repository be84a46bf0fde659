"""What solves the exercises of lesson 06, and what does not."""


def ask(texts: list[str]) -> list[float]:
    """A reader of one word."""
    return [0.9 if "good" in text else 0.2 for text in texts]


GOOD = {1: "negative", 2: "negative", 4: "positive", 5: "positive"}

SOLUTIONS = {
    "1": lambda: ({"products", "news", "tweets"},),
    "2": lambda: ("A good film.", ask),
    "3": lambda: (GOOD,),
}
WRONG = {
    "1": [({"films", "products"},), ("tweets",), ({"books"},), ({"products"},)],
    "2": [("A film.", ask), ("good good", ask), ("", ask), (7, ask)],
    "3": [
        ({1: "negative", 5: "positive"},),
        (GOOD | {3: "positive"},),
        (GOOD | {2: "positive"},),
        ({},),
        ("positive",),
    ],
}
