"""Structure migration to another vocabulary: the word table gets other rows."""

import dataclasses
import json
from collections.abc import Callable

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    is_pretrained,
    migration,
)
from kit.migrate.transfer import transfer
from kit.models import LanguageHead
from kit.tokenizer import Tokenizer

__all__ = ["move_vocabulary"]

PART = "bytes "
"""What the spelling of a part of a character begins with: no text spells it."""

Mix = dict[int, tuple[list[int], list[float]]]
"""For a new piece: the old rows that its own is made of, and the weight of each."""


def move_vocabulary(
    body: nn.Module,
    head: nn.Module,
    *,
    old: Tokenizer,
    new: Tokenizer,
    texts: list[str] | None = None,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """The source with another vocabulary: texts are then encoded with `new`.

    A piece that both have keeps its row, so that a text of such pieces gives the same hidden
    states. Any other gets the mean of the old pieces that spell it (Gee et al. 2022,
    arxiv.org/abs/2402.09977) or, given `texts` of the target, the weighted mean of those shared
    pieces that stand among the same neighbours there (after FOCUS: Dobler & de Melo 2023,
    arxiv.org/abs/2305.14481). A piece of which neither tells anything gets the mean of all.
    """
    old.check(body.config.vocabulary)
    decoder = getattr(head, "decoder", None)
    if decoder is not None and (is_pretrained(head) or decoder.config.vocabulary != new.size):
        raise KitError(
            "the decoder writes tokens of the old vocabulary, and only a body or a language head "
            f"can move: give a head whose fresh decoder has {new.size:,} tokens."
        )
    weight_map, shared = WeightMap(body, head), _shared(old, new)
    if not shared:
        raise KitError("the two vocabularies share no piece: there is nothing to move.")
    mix = _spelt(old, new, shared) if texts is None else _neighbours(new, shared, texts)
    rest = new.size - len(shared) - len(mix)
    note = f"{len(shared):,} rows kept, {len(mix):,} composed, {rest:,} the mean of all"
    mix |= {i: ([row], [1.0]) for i, row in shared.items()}

    def rows(table: Tensor) -> Tensor:
        made = table.mean(0, keepdim=True).repeat(new.size, *[1] * (table.ndim - 1))
        for i, (ids, weights) in mix.items():
            made[i] = torch.tensordot(torch.tensor(weights), table[ids], dims=1)
        return made

    done = "composed" if len(mix) > len(shared) or rest else "sliced"
    target = type(body)(dataclasses.replace(body.config, vocabulary=new.size))
    name = next(n for n, p in body.named_parameters() if p is body.embedding.weight)
    transfer(body, target, weight_map, fresh=[name])
    _fill(target.embedding.weight, rows(body.embedding.weight.detach()))
    weight_map.add(target.embedding.weight, f"body.{name}", done, note)
    if is_pretrained(head) and isinstance(head, LanguageHead):
        head = _output(head, body, target, rows, weight_map, (done, note))
    result = migration(target, head, weight_map, both(rate, head_rate, head, target))
    result.tokenizer = new
    return result


def _fill(p: nn.Parameter, values: Tensor) -> None:
    with torch.no_grad():
        p.copy_(values)


def _output(
    head, body, target, rows: Callable, weight_map: WeightMap, said: tuple[str, str]
) -> nn.Module:
    """The source's language head with a row for each new piece."""
    tied = {"tie": target.embedding.weight} if head.weight is body.embedding.weight else {}
    new = LanguageHead(**head.config | {"vocabulary": target.config.vocabulary}, **tied)
    for name, p in new.named_parameters():
        if p is not target.embedding.weight:
            _fill(p, rows(head.get_parameter(name).detach()))
            weight_map.add(p, f"head.{name}", *said)
    new.pretrained = True
    return new


def _shared(old: Tokenizer, new: Tokenizer) -> dict[int, int]:
    """New id -> old id of the pieces that both have: same spelling, or same special role."""
    there = {text: i for i, text in _spellings(old).items()}
    shared = {i: there[text] for i, text in _spellings(new).items() if text in there}
    for role in new.special:
        here, twin = getattr(new, role), getattr(old, role, None)
        if here is not None and twin is not None:
            shared[here] = twin
    return shared


def _spellings(tokenizer: Tokenizer) -> dict[int, str]:
    """Id -> text, with a space before what begins a word, whichever way the tokenizer marks it:
    Ġdog (bytes), ▁dog (SentencePiece), or dog as against ##dog (WordPiece)."""
    about = json.loads(tokenizer.to_json())
    kind, pieces = about["model"]["type"], about["model"]["vocab"]
    if kind == "Unigram":
        pieces = {piece: i for i, (piece, _) in enumerate(pieces)}
    special = {piece["content"] for piece in about["added_tokens"]}
    found = {}
    for piece, i in pieces.items():
        if piece in special:
            continue
        if kind == "WordPiece":
            alone, bare = not piece.startswith("##"), piece.removeprefix("##")
            if any(map(str.isalnum, bare)):
                found[i] = f" {bare}" if alone else bare
            elif alone:  # punctuation is a word by itself: "##." is never read, so never learnt
                found[i] = bare
        elif "▁" in piece:
            found[i] = piece.replace("▁", " ")
        else:
            text = tokenizer.decode([i])
            found[i] = PART + piece if "\ufffd" in text else text
    return found


def _spelt(old: Tokenizer, new: Tokenizer, shared: dict[int, int]) -> Mix:
    """The old pieces that spell each new one, in equal shares."""
    other = {
        i: text
        for i, text in _spellings(new).items()
        if i not in shared and not text.startswith(PART)
    }
    spelt = zip(other, old.encode_many(other.values(), special=False), strict=True)
    rows = {i: [row for row in ids if row != old.unk] for i, ids in spelt}
    return {i: (ids, [1 / len(ids)] * len(ids)) for i, ids in rows.items() if ids}


def _neighbours(new: Tokenizer, shared: dict[int, int], texts: list[str], most: int = 5) -> Mix:
    """The shared pieces that stand among the same neighbours as each new one in `texts`.

    Alike is the cosine of two rows of positive pointwise mutual information,
    max(0, log p(a, b) / p(a) p(b)), b being at most 3 pieces away from a.
    """
    import numpy as np
    from scipy import sparse

    alike, kept = _information(new, texts), np.array(list(shared))
    other = np.array([i for i in range(new.size) if i not in shared and alike[i].nnz], dtype=int)
    mix: Mix = {}
    for start in range(0, len(other), 512):
        part = other[start : start + 512]
        cosine = sparse.csr_matrix(alike[part] @ alike[kept].T).toarray()
        best = np.argsort(-cosine, axis=1, kind="stable")[:, :most]
        for i, row, near in zip(part, cosine, best, strict=True):
            if (weights := row[near]).sum() > 0:
                rows = [shared[int(kept[j])] for j in near]
                mix[int(i)] = rows, (weights / weights.sum()).astype("float32").tolist()
    return mix


def _information(tokenizer: Tokenizer, texts: list[str], window: int = 3):
    """Positive pointwise mutual information of neighbours, rows of length 1: a sparse (V, V)."""
    import numpy as np
    from scipy import sparse

    pairs = []
    for ids in map(np.array, tokenizer.encode_many(texts, special=False)):
        pairs += [np.stack([ids[:-d], ids[d:]]) for d in range(1, min(window, len(ids) - 1) + 1)]
    if not pairs:
        raise KitError("the texts hold no two neighbours: give texts of the target.")
    a, b = np.concatenate(pairs, axis=1)
    shape = (tokenizer.size, tokenizer.size)
    count = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape).tocsr()
    count = (count + count.T).tocoo()
    whole = np.asarray(count.sum(0)).ravel()
    value = np.log(count.data * whole.sum() / (whole[count.row] * whole[count.col]))
    table = sparse.coo_matrix((np.maximum(value, 0), (count.row, count.col)), shape).tocsr()
    length = np.sqrt(np.asarray(table.multiply(table).sum(1)).ravel())
    return sparse.diags(1 / np.maximum(length, 1e-12)) @ table
