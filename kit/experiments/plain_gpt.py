"""GPT-2 in plain torch, in the manner of nanoGPT (github.com/karpathy/nanoGPT): the peer that the
kit's pretraining on a GPU is measured against.

What makes nanoGPT fast is here: one matrix for query, key and value, the fused attention kernel, a
vocabulary padded to a multiple of 64, bf16 autocast, the whole model compiled, fused AdamW, pinned
memory, and no wait for the GPU within an update.
B batch, T tokens, D width, H heads, V vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["PlainGPT", "train"]


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).unbind(2)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))  # (B, H, T, D/H)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(y.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class PlainGPT(nn.Module):
    """ids (B, T), labels (B, T) -> the mean loss of the labels, in nats."""

    def __init__(self, vocabulary: int, width: int, layers: int, heads: int, tokens: int) -> None:
        super().__init__()
        rows = -(-vocabulary // 64) * 64
        self.words, self.positions = nn.Embedding(rows, width), nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, ids: Tensor, labels: Tensor) -> Tensor:
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.words.weight)  # (B, T, V)
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def train(
    model: Callable[[Tensor, Tensor], Tensor],
    parameters: list[nn.Parameter],
    ids: Tensor,
    labels: Tensor,
    batch: int,
    after: Callable[[], None],
) -> None:
    """One pass over the windows; after() is called after each update.

    model: compiled or not. ids, labels (N, T) on the CPU.
    """
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=6e-4, betas=(0.9, 0.95), fused=True)
    for start in range(0, len(ids), batch):
        rows = slice(start, start + batch)
        pair = [x[rows].pin_memory() if gpu else x[rows] for x in (ids, labels)]
        x, y = (part.to(device, non_blocking=True) for part in pair)
        with torch.autocast(device.type, torch.bfloat16, enabled=gpu):
            loss = model(x, y)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        after()
