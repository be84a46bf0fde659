"""Where a strategy has no meaning: each is refused by name, before anything is made."""

from torch import nn

from kit.errors import KitError

__all__ = ["check_meaning"]

WITHOUT_LAYERS = {
    **dict.fromkeys(
        ("top_layers", "reinitialised", "choose_layers", "deepen"),
        "a table of word vectors has no layers: take 'full', 'gradual' or 'frozen'.",
    ),
    **dict.fromkeys(
        ("adapter", "lora", "prefix_tuning", "bias_only"),
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


def check_meaning(body: nn.Module, strategy: str, options: dict) -> None:
    """Raise KitError where this strategy has no meaning for the body of the source."""
    if getattr(body.config, "layers", None) != 0:
        return
    names = [strategy, options.get("then", "")] if strategy == "domain_first" else [strategy]
    for name in names:
        if name in WITHOUT_LAYERS:
            raise KitError(f"{name}: {WITHOUT_LAYERS[name]}")
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
