"""The same model on PyTorch, TensorFlow and JAX, by Keras 3; and TensorFlow's checkpoints."""

from kit import results
from kit.display_names import display_name
from kit.results.style import made_by, styled

__all__ = ["checkpoint", "summary", "table"]

NAMES = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
COLUMNS = ("framework", "source", "largest difference", "CPU seconds to import", "first batch")
COLUMNS += ("a batch", "the kit's", "peak memory, MB")


def summary() -> dict[tuple[str, str], dict]:
    """(framework, source) -> its row."""
    rows = results.load("frameworks")["rows"]
    return {(row["framework"], row["source"]): row for row in rows if row["part"] == "model"}


def checkpoint() -> dict:
    """The row of TensorFlow's checkpoints."""
    [row] = [r for r in results.load("frameworks")["rows"] if r["part"] == "checkpoint"]
    return row


def cells() -> list[tuple[str, ...]]:
    """A row for each framework and source, as texts."""
    return [
        (
            NAMES[framework],
            source,
            f"{row['largest difference']:.1e}",
            f"{row['CPU seconds to import']:.1f}",
            f"{row['CPU seconds, first batch']:.2f}",
            f"{row['CPU seconds, a batch']:.3f}",
            f"{row['CPU seconds, a batch, kit']:.3f}",
            f"{row['peak memory, MB']:,}",
        )
        for (framework, source), row in summary().items()
    ]


def table():
    """Difference from the kit, CPU seconds and peak memory by framework and source."""
    columns = [display_name(column) for column in COLUMNS]
    what = "The hidden states of film reviews, by Keras with the kit's values"
    caption = f"{what}. {made_by(results.load('frameworks'))}"
    return styled(cells(), columns, keys=2, caption=caption)


def markdown() -> str:
    """The same as a table for docs/RESULTS.md, and what the numbers are."""
    recorded, row = results.load("frameworks"), next(iter(summary().values()))
    lines = ["| " + " | ".join(COLUMNS) + " |", "| --- | --- " + "| ---: " * 6 + "|"]
    lines += ["| " + " | ".join(line) + " |" for line in cells()]
    versions: dict[str, str] = {}
    for each in recorded["rows"]:
        versions |= each["versions"]
    said = ", ".join(f"{name} {version.partition('+')[0]}" for name, version in versions.items())
    saved = all(r["saved there, same bits here"] == r["tensors"] for r in summary().values())
    largest = max(r["largest number"] for r in summary().values())
    files = checkpoint()
    return "\n".join(lines) + (
        "\n\nLargest difference of a number of the hidden states from the kit's, whose largest is "
        f"{largest:.1f}, in a padded batch of film reviews ({row['tokens']} tokens with MiniLM's "
        "tokenizer); one thread; the first batch includes compilation. The process that computes "
        "never imports the kit. The files that Keras saved there, the kit reads "
        f"{'with the same bits' if saved else 'with other bits'}. Of the {files['tensors']} "
        f"tensors of MiniLM, TensorFlow reads {files['read there, same bits']} with the same bits "
        f"from a checkpoint that the kit wrote, and the kit {files['read here, same bits']} from "
        f"one that TensorFlow wrote. Versions: {said}. {made_by(recorded)}"
    )
