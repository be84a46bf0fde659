"""The memory that generation needs, foreseen from the model, the prompts and the beams."""

from torch import nn

from kit.memory import check_memory

__all__ = ["check_generation_memory", "generation_memory"]


def generation_memory(
    body: nn.Module, rows: int, prompt: int, tokens: int, *, beams: bool = False
) -> int:
    """Bytes that generation needs besides the model:

    the key-value cache of a Transformer, 2 numbers · layers · width of the keys, for each row and
    token, twice where beams change places; the largest layer's activations while the prompt is
    read; and three times the logits.

    rows: sequences at a time, prompts times beams. prompt, tokens: tokens that are read at once,
    and all that a row may have.
    """
    config = body.config
    cached = 0
    if hasattr(config, "size_per_head"):
        cached = 2 * config.layers * config.groups * config.size_per_head * rows * tokens
    inner = getattr(config, "intermediate_size", None) or config.width
    read = rows * prompt * (4 * config.width + 2 * inner)
    logits = 3 * rows * config.vocabulary
    return next(body.parameters()).element_size() * ((1 + beams) * cached + read + logits)


def check_generation_memory(
    body: nn.Module, rows: int, prompt: int, tokens: int, *, beams: bool = False
) -> None:
    """Raise KitError for generation on the CPU that needs more memory than there is."""
    if next(body.parameters()).device.type != "cpu":
        return
    check_memory(
        generation_memory(body, rows, prompt, tokens, beams=beams),
        f"Generation ({rows:,} sequences of up to {tokens:,} tokens)",
        "give fewer prompts at a time, shorter ones, fewer beams, or a smaller max_tokens.",
    )
