"""Models by torch and by onnxruntime: outputs, milliseconds, accuracy in 8 bits."""

from statistics import mean

from kit import results
from kit.display_names import display_name
from kit.metrics import interval
from kit.results.style import made_by, styled

__all__ = ["accuracies", "cells", "markdown", "outputs", "table", "writer"]

COLUMNS = ("model", "source", "largest difference", "batch, kit", "batch, onnxruntime")
COLUMNS += ("batch, 8 bits", "one text, kit", "one text, onnxruntime", "one text, 8 bits")


def outputs() -> list[dict]:
    """The rows of encoders and taggers."""
    rows = results.load("onnx")["rows"]
    return [row for row in rows if row["part"] == "outputs" and row["kind"] != "writer"]


def writer() -> dict:
    """The row of the writer with its cache."""
    [row] = [row for row in results.load("onnx")["rows"] if row.get("kind") == "writer"]
    return row


def accuracies() -> dict[str, float]:
    """ "kit", "onnxruntime", "int8" -> mean accuracy; "loss", "half": the paired loss by 8 bits and
    half of its 95 % interval; "other": answers that 8 bits change, on average, of "test"."""
    rows = [row for row in results.load("onnx")["rows"] if row["part"] == "accuracy"]
    found = {
        way: mean(row[f"accuracy, {way}"] for row in rows) for way in ("kit", "onnxruntime", "int8")
    }
    lost = [row["accuracy, kit"] - row["accuracy, int8"] for row in rows]
    found["loss"], found["half"] = interval(lost)
    found["other"] = mean(row["other answers, int8"] for row in rows)
    return found | {"test": rows[0]["test"], "seeds": len(rows)}


def cells() -> list[tuple[str, ...]]:
    """A row for each model, as texts; milliseconds."""
    ways = ("kit", "onnxruntime", "int8")
    return [
        (
            display_name(row["kind"]),
            row["source"],
            f"{row['largest difference']:.1e}",
            *(f"{row[f'ms, {n}, {way}']:.1f}" for n in ("batch", "text") for way in ways),
        )
        for row in outputs()
    ]


def table():
    """Largest difference of an output, and milliseconds by torch, onnxruntime and in 8 bits."""
    recorded = results.load("onnx")
    columns = [display_name(column) for column in COLUMNS]
    what = "Milliseconds for 16 film reviews and for one, one thread"
    return styled(cells(), columns, keys=2, caption=f"{what}. {made_by(recorded)}")


def markdown() -> str:
    """The same as a table for docs/RESULTS.md, and what the numbers are."""
    recorded, found, row = results.load("onnx"), accuracies(), writer()
    lines = ["| " + " | ".join(COLUMNS) + " |", "| --- | --- " + "| ---: " * 7 + "|"]
    lines += ["| " + " | ".join(line) + " |" for line in cells()]
    same = "the same text" if row["same text"] else "another text"
    whole, small = (outputs()[0][name] for name in ("MB", "MB, int8"))
    return "\n".join(lines) + (
        "\n\nMilliseconds for 16 film reviews and for one, one thread, medians in turns; the "
        f"largest difference of an output from the kit's. MiniLM's file has {whole} MB, in 8 bits "
        f"{small} MB. With a cache, `{row['source']}` writes {same} as in the kit: "
        f"{row['tokens a second, onnxruntime']:,.0f} tokens a second, in the kit "
        f"{row['tokens a second, kit']:,.0f}. MiniLM fine-tuned on 400 film labels is right in "
        f"{100 * found['kit']:.1f} % of {found['test']} test sentences by the kit, "
        f"{100 * found['onnxruntime']:.1f} % by onnxruntime, and {100 * found['int8']:.1f} % in 8 "
        f"bits: {100 * found['loss']:.1f} ± {100 * found['half']:.1f} points less over "
        f"{found['seeds']} seeds, and {found['other']:.0f} answers are others. {made_by(recorded)}"
    )
