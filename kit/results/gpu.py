"""Training on a GPU, beside plain torch and transformers' Trainer: speed, utilization, memory."""

from statistics import median

from kit import results
from kit.results.style import styled

__all__ = ["NONE", "machines", "markdown", "parity", "ratios", "summary", "table"]

NONE = "No GPU was there: nothing is measured yet."
COLUMNS = ("card", "part", "program", "tokens per second", "MFU", "peak memory, GB")
PROGRAMS = {"kit": "kit", "plain": "plain torch", "trainer": "transformers.Trainer"}


def summary() -> list[dict]:
    """One row for each card, part, program and way: the median of each number over the seeds."""
    groups: dict = {}
    for row in results.load("gpu")["rows"]:
        key = (row["card"], row["part"], row["program"], row.get("way", ""))
        groups.setdefault(key, []).append(row)
    found = []
    for (card, part, program, way), rows in groups.items():
        about = {"card": card, "part": part, "program": program, "way": way, "seeds": len(rows)}
        numbers = {
            name: median(row[name] for row in rows)
            for name, value in rows[0].items()
            if isinstance(value, int | float) and name != "seed"
        }
        found.append(about | numbers)
    return found


def ratios(rows: list[dict]) -> dict[str, float]:
    """The kit's tokens a second over those of another program: "part, program, card" -> ratio."""
    speed = {
        (row["part"], row["card"], row["program"]): row["tokens per second"]
        for row in rows
        if "tokens per second" in row and not row["way"]
    }
    return {
        f"{PROGRAMS[program]} in {part} ({card})": speed[part, card, "kit"] / value
        for (part, card, program), value in speed.items()
        if program != "kit" and (part, card, "kit") in speed
    }


def table():
    """What was measured, one row for each program."""
    recorded = results.load("gpu")
    rows = [
        (
            row["card"],
            f"{row['part']}{', ' * bool(row['way'])}{row['way']}",
            PROGRAMS[row["program"]],
            f"{row['tokens per second']:,.0f}",
            f"{100 * row['MFU']:.1f} %" if row.get("MFU") else "",
            f"{row['peak memory, GB']:.2f}",
        )
        for row in summary()
        if "tokens per second" in row
    ]
    rows = rows or [(NONE, *[""] * (len(COLUMNS) - 1))]
    caption = f"Recorded by {recorded['command']} on {recorded['date']}."
    return styled(rows, COLUMNS, keys=len(COLUMNS), caption=caption)


def markdown() -> str:
    """Tokens a second and utilization on a GPU: one row a program; what went wrong."""
    recorded = results.load("gpu")
    rows = summary()
    if not rows:
        return f"{NONE} `{recorded['command']}` measures it in eight minutes where one is."
    lines = ["| card | part | program | tokens per second | MFU | peak memory, GB | seeds |"]
    lines.append("| --- " * 3 + "| ---: " * 4 + "|")
    for row in rows:
        if "tokens per second" not in row:
            continue
        part = f"{row['part']}: {row['way']}" if row["way"] else row["part"]
        mfu = f"{100 * row['MFU']:.1f} %" if row.get("MFU") else ""
        cells = [row["card"], part, PROGRAMS[row["program"]]]
        cells += [f"{row['tokens per second']:,.0f}", mfu, f"{row['peak memory, GB']:.2f}"]
        lines.append("| " + " | ".join([*cells, str(row["seeds"])]) + " |")
    said = parity(recorded["rows"])
    said += [
        f"The kit makes {ratio:.2f} times the tokens a second of {what}."
        for what, ratio in ratios(rows).items()
    ]
    about = machines(recorded["rows"])
    failed = [f"{name} failed: {why}." for name, why in recorded.get("failed", {}).items()]
    return "\n".join(lines) + (
        "\n\nMedians over the seeds. Pretraining: GPT-2-small, 32 windows of 1,024 tokens, "
        "compiled, bf16; minilm and smollm: fine-tuning, bf16, tokens without padding; switches: "
        "the kit without one of its means for speed; memory: a classifier on SmolLM2-135M's shape. "
        "All values are fresh, and the texts random, but for the losses. The first texts of a "
        "length include the choice of kernels for it. Training beside matrices in 4 bits was not "
        "measured. "
        f"{' '.join([*said, *about, *failed])} Made by `{recorded['command']}`."
    )


def parity(rows: list[dict]) -> list[str]:
    """A sentence for each card: the last losses in fp32 and bf16, and the largest difference."""
    cards: dict = {}
    for row in rows:
        if row["part"] == "parity":
            cards.setdefault(row["card"], []).append(row)
    sentences = []
    for card, found in cards.items():
        pairs = [f"{row['loss, fp32']:.2f} and {row['loss, bf16']:.2f}" for row in found]
        largest = max(row["largest difference of an update"] for row in found)
        sentences.append(
            f"Losses at the end of a short training in fp32 and in bf16, seed by seed, on {card}: "
            f"{', '.join(pairs)}; in no update more than {largest:.3f} apart."
        )
    return sentences


def machines(rows: list[dict]) -> list[str]:
    """A sentence for each card, driver, torch and day, with what it does in matrix products."""
    rates: dict = {}
    for row in rows:
        about = (row["card"], row["driver"], row["torch"], row["date"])
        rates.setdefault(about, set()).add(row["matrix products, TFLOP per second"])
    return [
        f"{card}, driver {driver}, torch {version}, {date}: "
        f"{' to '.join(str(rate) for rate in sorted({min(found), max(found)}))} TFLOP a second in "
        "products of matrices in bf16."
        for (card, driver, version, date), found in rates.items()
    ]
