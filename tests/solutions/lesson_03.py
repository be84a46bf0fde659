"""Answers that solve lesson 03's exercises, and answers that do not."""

from dataclasses import replace

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


SOLUTIONS = {
    "1": lambda: (strangers(), GPT, BERT),
    "2": lambda: ((0,), SIX),
    "3": lambda: (round(0.1 ** (1 / 6), 3),),
}
WRONG = {
    "1": [(0, GPT, BERT), (len(list(Transformer(BERT).parameters())), GPT, BERT)],
    "2": [(("embeddings",), SIX), ((5,), SIX), ((9,), SIX), ((), SIX)],
    "3": [(0.9,), (0.5,)],
}
