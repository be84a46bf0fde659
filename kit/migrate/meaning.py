"""Where a strategy has no meaning: each is refused by name, before anything is made."""

from torch import nn

from kit.errors import KitError
from kit.models import QuantizedEmbedding, SequenceHead, WordLSTM
from kit.models.quantized_matrix import matrices

__all__ = ["check_meaning", "fixed_tables"]

WITHOUT_LAYERS = {
    **dict.fromkeys(
        ("top_layers", "reinitialised", "choose_layers", "deepen"),
        "a table of word vectors has no layers: take 'full', 'gradual' or 'frozen'.",
    ),
    **dict.fromkeys(
        ("adapter", "lora", "quantized_lora", "prefix_tuning", "bias_only"),
        "a table of word vectors has no layer, matrix or bias to which it could be added or that "
        "it could train: take 'full' or 'frozen'.",
    ),
    "prompt_tuning": "no word of a table of word vectors sees another, so that vectors before the "
    "text have no effect: take 'full' or 'frozen'.",
    **dict.fromkeys(
        ("widen", "narrow", "move_vocabulary"),
        "a table of word vectors is its width and its words: take 'into' to copy it into a body of "
        "your own, into(target=..., fresh=['layers']).",
    ),
    **dict.fromkeys(
        ("grow_encoder", "warm_start"),
        "a table of word vectors cannot be a decoder: take 'grow_decoder', with a decoder of your "
        "own in the head.",
    ),
}
"""Strategy -> why it has no meaning for a body without layers, and what to take instead."""

OF_WORDS = {
    **dict.fromkeys(
        ("widen", "narrow", "deepen", "choose_layers"),
        "a WordLSTM has one layer, and LSTMs in it whose shapes belong together: take 'full', "
        "'reinitialised', 'from_scratch' or 'into', with a body of your own.",
    ),
    **dict.fromkeys(
        ("lora", "quantized_lora"),
        "a WordLSTM has no linear layer to which it could be added: take 'full', 'adapter' or "
        "'frozen'.",
    ),
    **dict.fromkeys(
        ("prefix_tuning", "prompt_tuning"),
        "a WordLSTM reads words and their letters, and a vector before the text is neither: take "
        "'full', 'adapter' or 'frozen'.",
    ),
    "move_vocabulary": "a WordLSTM knows the letters of its words, and another tokenizer's pieces "
    "have none there: take 'full', or 'into' with a body of your own.",
    **dict.fromkeys(
        ("grow_encoder", "warm_start"),
        "a WordLSTM reads in both directions and cannot be a decoder: take 'grow_decoder', with a "
        "decoder of your own in the head.",
    ),
}
"""Strategy -> why it has no meaning for a `WordLSTM`."""

IN_FLOAT32 = "read the source with its table in float32, as sources.e5(expanded=True) does."
IN_4_BITS = {
    "embeddings_only": f"token embeddings in 4 bits cannot be trained: {IN_FLOAT32}",
    **dict.fromkeys(
        ("widen", "narrow", "move_vocabulary"),
        f"a table of token embeddings in 4 bits cannot change its shape: {IN_FLOAT32}",
    ),
    **dict.fromkeys(
        ("grow_encoder", "warm_start"),
        f"a decoder writes with its token embeddings, and not with those in 4 bits: {IN_FLOAT32}",
    ),
}
"""Strategy -> why it has no meaning for a body whose token embeddings are in 4 bits."""


QUANTIZED = (
    *("frozen", "adapter", "lora", "quantized_lora", "prefix_tuning", "prompt_tuning"),
    "from_scratch",
)
"""Strategies for a body whose matrices are quantized: the others train or change them."""


OF_PAIRS = {
    **dict.fromkeys(
        ("widen", "narrow"),
        "the decoder of this source has the width of its encoder, and both have one table of token "
        "embeddings: take 'full', 'lora', 'deepen' or 'choose_layers'.",
    ),
    "move_vocabulary": "the decoder of this source writes with the tokens that its encoder reads, "
    "and would go on writing the old ones: take 'full', or the source that knows the language.",
    "distil": "a student has an encoder of its own, and the decoder of this source writes with the "
    "encoder's table: take 'choose_layers', which keeps both.",
    **dict.fromkeys(
        ("grow_decoder", "grow_encoder", "warm_start"),
        "this source has an encoder and a decoder already: take 'full' or 'lora', or give a head "
        "with another decoder.",
    ),
}
"""Strategy -> why it has no meaning for an encoder-decoder of Hugging Face's with its own head."""

RELATIVE = "relative positions have one number a head, and heads cannot be added or left out: take "
RELATIVE += "'full', 'lora', 'deepen' or 'choose_layers'."


def _is_pair(body: nn.Module, head: nn.Module | None) -> bool:
    """Whether the head's decoder belongs to this encoder: they share the table, or its output is
    not that of a `SequenceHead` of the kit's."""
    if not isinstance(head, SequenceHead):
        return False
    table = getattr(getattr(body, "embedding", None), "weight", None)
    shared = table is not None and table is head.decoder.embedding.weight
    return shared or not {"tied", "bias", "scale"}.isdisjoint(head.config)


def check_meaning(
    body: nn.Module, strategy: str, options: dict, own: nn.Module | None = None
) -> None:
    """Raise KitError where this strategy has no meaning for the body of the source, or for its own
    head, which is given where it is migrated too."""
    config = getattr(body, "config", None)
    without_layers = getattr(config, "layers", None) == 0
    quantised = getattr(config, "embedding_bits", None) is not None
    refused = WITHOUT_LAYERS if without_layers else IN_4_BITS if quantised else {}
    refused = OF_WORDS if isinstance(body, WordLSTM) else refused
    if getattr(config, "positions", None) == "relative":
        refused = dict.fromkeys(("widen", "narrow"), RELATIVE)
    refused = refused | OF_PAIRS if _is_pair(body, own) else refused
    names = [strategy, options.get("then", "")] if strategy == "domain_first" else [strategy]
    for name in names:
        if name in refused:
            raise KitError(f"{name}: {refused[name]}")
    if quantised and options.get("embeddings"):
        raise KitError(f"embeddings=True: {IN_4_BITS['embeddings_only']}")
    if matrices(body) and (others := [name for name in names if name not in QUANTIZED]):
        raise KitError(
            f"{others[0]}: the matrices of this source are in 4 to 8 bits, and can be neither "
            f"trained nor changed in shape: take one of {', '.join(map(repr, QUANTIZED))}, or read "
            "the source in float32, without quantized=True."
        )
    if not without_layers:
        return
    if strategy == "unfrozen" and options.get("layers"):
        raise KitError(
            f"layers={options['layers']}: a table of word vectors has no layers: give "
            "embeddings=True."
        )
    if strategy == "distil" and options.get("student") is None:
        raise KitError(
            "distil: a table of word vectors has no layers, and half of none is no student: give "
            "a `student`."
        )


def fixed_tables(body: nn.Module, fresh: bool) -> list[str]:
    """A warning for each table of the target that no strategy trains, and one for all quantized
    matrices. fresh: their values are not the source's."""
    quantized = matrices(body)
    numbers = sum(matrix.numel() for matrix in quantized.values())
    bits = sorted({matrix.bits for matrix in quantized.values()})
    kept = (
        f"{len(quantized)} matrices ({numbers:,} numbers, in {' and '.join(map(str, bits))} bits)"
    )
    return [f"{kept} are not trained."] * bool(quantized) + [
        f"{name} ({part.num_embeddings:,} × {part.embedding_dim}, in 4 bits) is "
        f"{'fresh' if fresh else 'copied'}, and is not trained."
        for name, part in body.named_modules(prefix="body")
        if isinstance(part, QuantizedEmbedding)
    ]
