"""Structure migration to another vocabulary: the token embeddings get other rows."""

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
    is_moved,
    migration,
)
from kit.migrate.transfer import transfer
from kit.models import LanguageHead
from kit.tokenizer import Tokenizer

__all__ = ["move_vocabulary"]

PART = "bytes "
"""The prefix of the spelling of a part of a character: no text begins with it."""

Mix = dict[int, tuple[list[int], list[float]]]
"""New token -> the old rows that its own row is the weighted mean of, and their weights."""


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

    A token that both vocabularies have keeps its row, so that a text of such tokens gives the same
    hidden states. Any other gets the mean of the old tokens that spell it (Gee et al. 2022,
    arxiv.org/abs/2402.09977) or, given `texts` of the target, the weighted mean of the shared
    tokens with the most similar neighbours there (after FOCUS: Dobler & de Melo 2023,
    arxiv.org/abs/2305.14481). A token for which neither gives a row gets the mean of all rows.

    old, new: the source's tokenizer, and the target's.
    A head that is a decoder keeps its own vocabulary: the report warns of it.
    Raises KitError where the vocabularies share no token.
    """
    old.check(body.config.vocabulary)
    weight_map = WeightMap(body, head)
    shared = _shared(old, new)
    if not shared:
        raise KitError("the two vocabularies share no token: give one that shares some.")
    mix = _spelt(old, new, shared) if texts is None else _neighbours(new, shared, texts)
    rest = new.size - len(shared) - len(mix)
    note = f"{len(shared):,} rows kept, {len(mix):,} composed, {rest:,} the mean of all"
    mix |= {i: ([row], [1.0]) for i, row in shared.items()}

    def rows(table: Tensor) -> Tensor:
        values = table.mean(0, keepdim=True).repeat(new.size, *[1] * (table.ndim - 1))
        for i, (ids, weights) in mix.items():
            values[i] = torch.tensordot(torch.tensor(weights), table[ids], dims=1)
        return values

    done = "composed" if len(mix) > len(shared) or rest else "sliced"
    target = type(body)(dataclasses.replace(body.config, vocabulary=new.size))
    name = next(n for n, p in body.named_parameters() if p is body.embedding.weight)
    transfer(body, target, weight_map, fresh=[name])
    _fill(target.embedding.weight, rows(body.embedding.weight.detach()))
    weight_map.add(target.embedding.weight, f"body.{name}", done, note)
    if is_moved(head) and isinstance(head, LanguageHead):
        head = _output(head, body, target, rows, weight_map, (done, note))
    result = migration(target, head, weight_map, both(rate, head_rate, head, target))
    result.tokenizer = new
    if is_moved(head) and hasattr(head, "decoder"):
        result.warnings.append("the decoder still writes tokens of the old vocabulary.")
    return result


def _fill(p: nn.Parameter, values: Tensor) -> None:
    with torch.no_grad():
        p.copy_(values)


def _output(
    head, body, target, rows: Callable, weight_map: WeightMap, done_and_note: tuple[str, str]
) -> nn.Module:
    """The source's language head with a row for each new token."""
    options = head.config | {"vocabulary": target.config.vocabulary}
    if head.weight is body.embedding.weight:
        options["tie"] = target.embedding.weight
    new = LanguageHead(**options)
    for name, p in new.named_parameters():
        if p is not target.embedding.weight:
            _fill(p, rows(head.get_parameter(name).detach()))
            weight_map.add(p, f"head.{name}", *done_and_note)
    new.moved = True
    return new


def _shared(old: Tokenizer, new: Tokenizer) -> dict[int, int]:
    """New id -> old id of the tokens that both have: same spelling, or same special role."""
    old_ids = {text: i for i, text in _spellings(old).items()}
    shared = {i: old_ids[text] for i, text in _spellings(new).items() if text in old_ids}
    for role in new.special:
        new_id, old_id = getattr(new, role), getattr(old, role, None)
        if new_id is not None and old_id is not None:
            shared[new_id] = old_id
    return shared


def _spellings(tokenizer: Tokenizer) -> dict[int, str]:
    """Id -> text, with a space before the beginning of a word, however the tokenizer marks it:
    Ġdog (bytes), ▁dog (SentencePiece), or dog, not ##dog (WordPiece)."""
    description = json.loads(tokenizer.to_json())
    kind, vocabulary = description["model"]["type"], description["model"]["vocab"]
    if kind == "Unigram":
        vocabulary = {token: i for i, (token, _) in enumerate(vocabulary)}
    special = {token["content"] for token in description["added_tokens"]}
    spellings = {}
    for token, i in vocabulary.items():
        if token in special:
            continue
        if kind == "WordPiece":
            begins_word, text = not token.startswith("##"), token.removeprefix("##")
            if any(map(str.isalnum, text)):
                spellings[i] = f" {text}" if begins_word else text
            elif begins_word:  # punctuation is a word of its own: "##." never occurs in a text
                spellings[i] = text
        elif "▁" in token:
            spellings[i] = token.replace("▁", " ")
        else:
            text = tokenizer.decode([i])
            spellings[i] = PART + token if "\ufffd" in text else text
    return spellings


def _spelt(old: Tokenizer, new: Tokenizer, shared: dict[int, int]) -> Mix:
    """The old tokens that spell each new one, with equal weights."""
    unshared = {
        i: text
        for i, text in _spellings(new).items()
        if i not in shared and not text.startswith(PART)
    }
    spelt = zip(unshared, old.encode_many(unshared.values(), special=False), strict=True)
    rows = {i: [row for row in ids if row != old.unk] for i, ids in spelt}
    return {i: (ids, [1 / len(ids)] * len(ids)) for i, ids in rows.items() if ids}


def _neighbours(new: Tokenizer, shared: dict[int, int], texts: list[str], k: int = 5) -> Mix:
    """The k shared tokens with the neighbours in `texts` most similar to those of each new one.

    Similarity is the cosine of two rows of positive pointwise mutual information,
    max(0, log p(a, b) / p(a) p(b)), b being at most 3 tokens away from a.
    """
    import numpy as np
    from scipy import sparse

    information = _information(new, texts)
    known = np.array(list(shared))
    others = [i for i in range(new.size) if i not in shared and information[i].nnz]
    unshared = np.array(others, dtype=int)
    mix: Mix = {}
    for start in range(0, len(unshared), 512):
        part = unshared[start : start + 512]
        cosine = sparse.csr_matrix(information[part] @ information[known].T).toarray()
        best = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
        for i, row, near in zip(part, cosine, best, strict=True):
            if (weights := row[near]).sum() > 0:
                rows = [shared[int(known[j])] for j in near]
                mix[int(i)] = rows, (weights / weights.sum()).astype("float32").tolist()
    return mix


def _information(tokenizer: Tokenizer, texts: list[str], window: int = 3):
    """Positive pointwise mutual information of tokens at most `window` apart, each row divided by
    its length: a sparse (V, V)."""
    import numpy as np
    from scipy import sparse

    pairs = []
    for ids in map(np.array, tokenizer.encode_many(texts, special=False)):
        pairs += [np.stack([ids[:-d], ids[d:]]) for d in range(1, min(window, len(ids) - 1) + 1)]
    if not pairs:
        raise KitError("no text has two tokens: give longer texts of the target.")
    a, b = np.concatenate(pairs, axis=1)
    shape = (tokenizer.size, tokenizer.size)
    count = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape).tocsr()
    count = (count + count.T).tocoo()
    totals = np.asarray(count.sum(0)).ravel()
    value = np.log(count.data * totals.sum() / (totals[count.row] * totals[count.col]))
    table = sparse.coo_matrix((np.maximum(value, 0), (count.row, count.col)), shape).tocsr()
    length = np.sqrt(np.asarray(table.multiply(table).sum(1)).ravel())
    return sparse.diags(1 / np.maximum(length, 1e-12)) @ table
