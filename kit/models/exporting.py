"""Whether a graph is being exported, for ONNX."""

import torch

__all__ = ["is_exporting"]

is_exporting = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)
"""Whether a graph is being exported: it may depend neither on values nor on whether a text is
short, since it is traced once for all of them (torch >= 2.7; before, also while compiling)."""
