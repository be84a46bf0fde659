"""SmolLM2 with its matrices in 4 and 8 bits, beside the same numbers in float32."""

from kit import results
from kit.results.style import made_by, styled

__all__ = ["summary", "table"]


def summary() -> dict[tuple[str, str], dict]:
    """(part, numbers) -> its row."""
    return {(row["part"], row["numbers"]): row for row in results.load("quantized")["rows"]}


def table():
    """Writing and training: a row for each way to keep the numbers."""
    found = summary()
    rows = [
        (
            numbers,
            f"{found['writing', numbers]['tokens per second']:.1f}",
            f"{found['writing', numbers]['peak memory']:.2f}",
            f"{found['training', numbers]['peak memory']:.2f}",
        )
        for part, numbers in found
        if part == "writing"
    ]
    columns = ["matrices in", "tokens per second", "peak memory, writing, GB"]
    columns.append("peak memory, LoRA on all linear layers, GB")
    caption = f"SmolLM2-135M. {made_by(results.load('quantized'))}"
    return styled(rows, columns, caption=caption)


def markdown() -> str:
    """The same as a table for docs/RESULTS.md, and how far the answers are apart."""
    found = summary()
    lines = [
        "| matrices in | tokens per second | peak memory, writing | LoRA, 8 × 96 tokens |",
        "| --- | ---: | ---: | ---: |",
    ]
    for part, numbers in found:
        if part == "writing":
            write, train = found[part, numbers], found["training", numbers]
            lines.append(
                f"| {numbers} | {write['tokens per second']:.1f} | {write['peak memory']:.2f} GB | "
                f"{train['peak memory']:.2f} GB |"
            )
    apart = found["logits", "4 and 8 bits"]
    largest, other = apart["largest difference"], apart["another best token"]
    return "\n".join(lines) + (
        f"\n\nOver {apart['tokens']:,} tokens of film reviews no logit differs by more than "
        f"{largest['at once']:.1g} of the largest one where a text is read at once, and "
        f"{largest['token by token']:.1g} token by token, where torch's kernel for 4 bits computes "
        f"in bfloat16; the most probable token is another after {100 * other['at once']:.2f} and "
        f"{100 * other['token by token']:.2f} % of the tokens. {made_by(results.load('quantized'))}"
    )
