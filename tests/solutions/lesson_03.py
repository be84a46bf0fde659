"""Answers that solve lesson 03's exercises, and answers that do not."""

from dataclasses import replace

import torch

from kit.models import Transformer, TransformerConfig

BERT = TransformerConfig(
    vocabulary=99, width=8, layers=2, heads=2, intermediate_size=16, block_size=9
)
GPT = replace(BERT, norm_first=True, embedding_norm=False)
SIX = Transformer(
    TransformerConfig(
        vocabulary=30522, width=384, layers=6, heads=12, intermediate_size=1536, block_size=512
    )
)


def strangers() -> int:
    """How many pairs have equal shapes and different names."""
    gpt, bert = (Transformer(config).named_parameters() for config in (GPT, BERT))
    return sum(p.shape == q.shape and a != b for (a, p), (b, q) in zip(gpt, bert, strict=True))


def by_name(source, target, where=lambda p, q: p.shape == q.shape):
    """Copy each tensor of the same name and shape; return the names that received nothing."""
    theirs, missing = dict(source.named_parameters()), []
    with torch.no_grad():
        for name, p in target.named_parameters():
            if name in theirs and where(p, theirs[name]):
                p.copy_(theirs[name])
            else:
                missing.append(name)
    return missing


def by_position(source, target):
    """The trap of the lesson."""
    with torch.no_grad():
        for p, q in zip(source.parameters(), target.parameters(), strict=False):
            if p.shape == q.shape:
                q.copy_(p)
    return []


def shared(source, target):
    """The target holds the source's own tensors."""
    theirs = dict(source.named_parameters())
    missing = []
    for name, p in target.named_parameters():
        if name in theirs and p.shape == theirs[name].shape:
            p.data = theirs[name].data
        else:
            missing.append(name)
    return missing


def swapped(source, target):
    """Copies in the wrong direction."""
    return by_name(target, source)


def silent(source, target):
    """Right, and says nothing of what is missing."""
    by_name(source, target)
    return []


def careless(source, target):
    """Does not look at shapes."""
    return by_name(source, target, where=lambda p, q: True)


SOLUTIONS = {
    "1": lambda: (strangers(), GPT, BERT),
    "2": lambda: ((0,), SIX),
    "3": lambda: (round(0.1 ** (1 / 6), 3),),
    "4": lambda: (by_name,),
}
WRONG = {
    "1": [
        (0, GPT, BERT),
        (len(list(Transformer(BERT).parameters())), GPT, BERT),
        ("many", GPT, BERT),
        (None, GPT, BERT),
    ],
    "2": [(("embeddings",), SIX), ((5,), SIX), ((9,), SIX), ((), SIX), (7, SIX), ("5", SIX)],
    "3": [(0.9,), (0.5,), ("a word",), (None,), (2,)],
    "4": [
        (by_position,),
        (shared,),
        (swapped,),
        (silent,),
        (careless,),
        (lambda source, target: None,),
        ("by_name",),
        (lambda source, target: 7,),
    ],
}
