"""Draw the README's tables from the committed results files.

python tests/bench/tables.py            # rewrite README.md
python tests/bench/tables.py --check    # say whether it is up to date
"""

import re
import sys
from collections import Counter
from pathlib import Path

from kit import record

README = Path(__file__).parents[2] / "README.md"
NAMES = {"full": "with the source", "from_scratch": "from scratch", "tfidf": "TF-IDF + LR"}


def see_it_work() -> str:
    """Accuracy against labels: one row a budget."""
    results = record.recorded("see_it_work")
    budgets, machine = record.by_budget(results["rows"]), results["machine"]
    lines = ["| labels | " + " | ".join(NAMES.values()) + " | seeds |", "| ---: " * 5 + "|"]
    for labels, found in budgets.items():
        cells = [f"{100 * found[s][0]:.1f} ± {100 * found[s][1]:.1f}" for s in NAMES]
        count = Counter(row["strategy"] for row in results["rows"] if row["labels"] == labels)
        cells.append(str(min(count[s] for s in NAMES)))
        lines.append(f"| {labels:,} | " + " | ".join(cells) + " |")
    majority = 100 * next(iter(budgets.values()))["majority"][0]
    return "\n".join(lines) + (
        f"\n\nTest accuracy in %, mean over the seeds ± half of its 95 % interval; always "
        f"answering the majority class: {majority:.1f} %. Made by `{results['command']}` on "
        f"{results['date']} ({machine['processor']}, {machine['cores']} cores)."
    )


def against_trainer() -> str:
    """How long transformers.Trainer takes for the same, and what the kit's time goes to."""
    found = record.recorded("against_trainer")
    accuracy, memory = found["accuracy"], found["peak memory, MB"]
    low, high = min(found["ratios"]), max(found["ratios"])
    return (
        f"Against `transformers.Trainer` on the same model, labels, batches and precision, in "
        f"turns in one process: the Trainer takes "
        f"**{found['ratio']} times** as long ({low} to {high} in "
        f"{len(found['ratios'])} rounds), for a test accuracy of {100 * accuracy['trainer']:.1f} % "
        f"beside the kit's {100 * accuracy['kit']:.1f} %. Peak "
        f"memory {memory['kit'] / 2**10:.2f} GB "
        f"against {memory['trainer'] / 2**10:.2f} GB. The kit's time goes to "
        f"{', '.join(found['largest items of the profile'])}. Made by `{found['command']}` on "
        f"{found['date']} ({found['machine']['processor']}, {found['machine']['cores']} cores)."
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
