"""Draw the README's tables from the committed results files.

python tests/bench/tables.py            # rewrite README.md
python tests/bench/tables.py --check    # say whether it is up to date
"""

import re
import sys
from pathlib import Path

from kit import record

README = Path(__file__).parents[2] / "README.md"
NAMES = {"full": "with the source", "from_scratch": "from scratch", "tfidf": "TF-IDF + LR"}


def see_it_work() -> str:
    """Accuracy against labels: one row a budget."""
    results = record.recorded("see_it_work")
    budgets, machine = record.by_budget(results["rows"]), results["machine"]
    seeds = len({row["seed"] for row in results["rows"]})
    lines = ["| labels | " + " | ".join(NAMES.values()) + " |", "| ---: " * 4 + "|"]
    for labels, found in budgets.items():
        cells = [f"{100 * found[s][0]:.1f} ± {100 * found[s][1]:.1f}" for s in NAMES]
        lines.append(f"| {labels:,} | " + " | ".join(cells) + " |")
    majority = 100 * next(iter(budgets.values()))["majority"][0]
    return "\n".join(lines) + (
        f"\n\nTest accuracy in %, mean of {seeds} seeds ± half of its 95 % interval; always "
        f"answering the majority class: {majority:.1f} %. Made by `{results['command']}` on "
        f"{results['date']} ({machine['processor']}, {machine['cores']} cores)."
    )


def against_trainer() -> str:
    """Speed beside transformers.Trainer: one paragraph."""
    found = record.recorded("against_trainer")
    memory, accuracy = found["peak memory, MB"], found["accuracy"]
    rounds = ", ".join(map(str, found["ratios"]))
    return (
        f"Fine-tuning MiniLM on 1,600 labels takes `transformers.Trainer` **{found['ratio']} "
        f"times** as long as the kit (median of {rounds}; same model, batches and precision, "
        f"{found['machine']['cores']} cores), for the same test accuracy "
        f"({100 * accuracy['trainer']:.1f} % and {100 * accuracy['kit']:.1f} %). Peak memory: "
        f"{memory['trainer']:,} and {memory['kit']:,} MB. Made by `{found['command']}`."
    )


def drawn(text: str) -> str:
    """The README with every part between its marks drawn again."""
    for make in (see_it_work, against_trainer):
        begin, end = f"<!-- begin {make.__name__} -->", f"<!-- end {make.__name__} -->"
        fresh = f"{begin}\n{make()}\n{end}"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text, found = re.subn(pattern, lambda _, fresh=fresh: fresh, text, flags=re.DOTALL)
        assert found == 1, f"README.md needs one pair of marks: {begin} and {end}"
    return text


if __name__ == "__main__":
    before = README.read_text(encoding="utf-8")
    after = drawn(before)
    if "--check" in sys.argv:
        sys.exit(before != after and "README.md is not what tests/bench/tables.py draws: run it.")
    README.write_text(after, encoding="utf-8")
