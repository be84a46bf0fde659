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
    budgets = record.by_budget(results["rows"])
    lines = ["| labels | " + " | ".join(NAMES.values()) + " | seeds |", "| ---: " * 5 + "|"]
    for labels, found in budgets.items():
        cells = [f"{100 * found[s][0]:.1f} ± {100 * found[s][1]:.1f}" for s in NAMES]
        count = Counter(row["strategy"] for row in results["rows"] if row["labels"] == labels)
        cells.append(str(min(count[s] for s in NAMES)))
        lines.append(f"| {labels:,} | " + " | ".join(cells) + " |")
    majority = 100 * next(iter(budgets.values()))["majority"][0]
    return "\n".join(lines) + (
        f"\n\nTest accuracy in %, mean over the seeds ± half of its 95 % interval; always "
        f"answering the majority class: {majority:.1f} %. {_made(results)}"
    )


def against_trainer() -> str:
    """How long transformers.Trainer takes for the same, and what the kit's time goes to."""
    found = record.recorded("against_trainer")
    accuracy, memory = found["accuracy"], found["peak memory, MB"]
    low, high = min(found["ratios"]), max(found["ratios"])
    right = {who: f"{100 * value:.1f} %" for who, value in accuracy.items()}
    peak = {who: f"{value / 2**10:.2f} GB" for who, value in memory.items()}
    return (
        "Fine-tuning, against `transformers.Trainer` on the same model, labels, batches and "
        f"precision, in turns in one process: the Trainer takes **{found['ratio']} times** as long "
        f"({low} to {high} in {len(found['ratios'])} rounds), with {right['trainer']} right on the "
        f"test and the kit {right['kit']}. Peak memory: kit {peak['kit']}, Trainer "
        f"{peak['trainer']}. The three largest items of the kit's time: "
        f"{', '.join(found['largest items of the profile'])}. {_made(found)}"
    )


def generate() -> str:
    """How fast SmolLM2-135M writes with the kit and with transformers."""
    found = record.recorded("generate")
    speed, memory = found["tokens per second"], found["peak memory, GB"]
    return (
        f"Writing with SmolLM2-135M in float32, one prompt, in turns: "
        f"{speed['kit']} tokens a second "
        f"with the kit, {speed['transformers']} with `transformers`: **{found['ratio']} times**. "
        f"Peak memory: {memory['kit']} and {memory['transformers']} GB. {_made(found)}"
    )


def _made(found: dict) -> str:
    machine = f"{found['machine']['processor']}, {found['machine']['cores']} cores"
    return f"Made by `{found['command']}` on {found['date']} ({machine})."


def drawn(text: str) -> str:
    """The README with every part between its marks drawn again."""
    for make in (see_it_work, against_trainer, generate):
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
