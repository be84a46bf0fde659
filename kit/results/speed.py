"""Speed beside peers: transformers' Trainer and generate, on the same model in the same run."""

from kit import results
from kit.results.style import made_by, styled

__all__ = ["table"]


def table(name: str):
    """Times as long as the kit takes, one row a round. name: of a speed results file."""
    recorded = results.load(name)
    if name == "generation_speed":
        speed = recorded["tokens per second"]
        rows = [(who, f"{value:.1f}") for who, value in speed.items()]
        columns = ["program", "tokens per second"]
    else:
        rows = [(f"{i}", f"{ratio:.2f}") for i, ratio in enumerate(recorded["ratios"], start=1)]
        columns = ["round", "seconds of the Trainer, over the kit's"]
    median = f"Median ratio: {recorded['ratio']}. {made_by(recorded)}"
    return styled(rows, columns, caption=median)
