"""Writing with a language model: one piece after the other.

B prompts, K beams, T tokens of a prompt, V vocabulary.
"""

import warnings
from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kit.errors import KitError
from kit.models.heads import SequenceHead

__all__ = ["choose", "generate", "stream"]


def generate(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    most: int = 50,
    *,
    beams: int = 1,
    length_penalty: float = 1.0,
    stop: Collection[int] = (),
    start: Sequence[int] = (),
    **how,
) -> list[list[int]]:
    """The ids that the model writes after each prompt: at most `most`, without the stop piece.

    Greedy as it stands; `how` may draw instead (see `choose`: temperature, top_k, top_p, seed).
    With `beams` > 1 it keeps that many sequences of each prompt and returns the one with the
    largest Σᵢ log p(yᵢ) / length ^ length_penalty (Wu et al. 2016, arXiv:1609.08144).
    `model` is anything with a body and a head: a language head, or a sequence head, which reads
    the prompts and writes after `start`. Raises KitError for a prompt without a token, and for
    what would be longer than the model reads.
    """
    if beams < 1 or (beams > 1 and how.get("temperature")):
        raise KitError(f"beams={beams}: give at least 1, and more than 1 only without temperature.")
    if beams > 1:
        return _beam(_Writer(model, prompts, most, start, beams), beams, length_penalty, set(stop))
    written: list[list[int]] = [[] for _ in prompts]
    for pieces in stream(model, prompts, most, stop=stop, start=start, **how):
        for row, piece in zip(written, pieces, strict=True):
            row += [] if piece is None else [piece]
    return written


@torch.inference_mode()
def stream(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    most: int = 50,
    *,
    stop: Collection[int] = (),
    start: Sequence[int] = (),
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
) -> Iterator[list[int | None]]:
    """`generate` step by step: the next piece of each prompt, None where it has stopped."""
    _check(temperature, top_k, top_p)
    writer = _Writer(model, prompts, most, start)
    luck = torch.Generator(writer.ids.device)
    luck.manual_seed(seed) if seed is not None else luck.seed()
    stop, going = set(stop), [True] * len(prompts)
    for _ in range(most):
        ids = choose(writer.logits(), temperature, top_k, top_p, luck)  # (B,)
        pieces = ids.tolist()
        going = [on and piece not in stop for on, piece in zip(going, pieces, strict=True)]
        if not any(going):
            return
        yield [piece if on else None for on, piece in zip(going, pieces, strict=True)]
        writer.ids = ids[:, None]


def choose(
    logits: Tensor,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    luck: torch.Generator | None = None,
) -> Tensor:
    """The next piece (B,) from logits (B, V).

    Temperature τ = 0: the likeliest. Else a draw from softmax(logits / τ): from the `top_k`
    likeliest only (Fan et al. 2018, arXiv:1805.04833), or from the fewest that hold `top_p` of
    the probability (Holtzman et al. 2020, arXiv:1904.09751), or both in this order.
    """
    if temperature == 0:
        return logits.argmax(-1)
    logits = logits.float() / temperature
    if top_k is not None:
        least = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if top_p is not None:
        ordered, order = logits.sort(descending=True)
        p = ordered.softmax(-1)
        beyond = p.cumsum(-1) - p >= top_p  # those before it hold enough
        logits = logits.masked_fill(beyond.scatter(1, order, beyond), -torch.inf)
    return torch.multinomial(logits.softmax(-1), 1, generator=luck)[:, 0]


class _Writer:
    """The model, its cache, and the ids that it has not read yet."""

    def __init__(self, model, prompts, most: int, start: Sequence[int] = (), copies: int = 1):
        self.body, self.head, self.memory = model.body, model.head, ()
        device = next(model.body.parameters()).device
        ids, mask = _padded(prompts, device)
        if isinstance(model.head, SequenceHead):
            with torch.inference_mode():
                memory = model.head.bridge(model.body(ids, mask))
            self.memory = (memory.repeat_interleave(copies, 0), mask.repeat_interleave(copies, 0))
            self.body, self.head = model.head.decoder, model.head.output
            ids, mask = _padded([list(start)] * len(prompts), device)
        self.ids = ids.repeat_interleave(copies, 0)  # (B K, T)
        room = mask.new_ones(len(mask), most)
        self.mask = torch.cat((mask, room), 1).repeat_interleave(copies, 0)  # (B K, T + most)
        self.cache = self.body.cache(len(self.ids), self.mask.shape[1])
        self.padded = not bool(mask.all())

    def logits(self) -> Tensor:
        """Read `ids`; what comes next, (B K, V)."""
        mask = self.mask[:, : self.cache.used + self.ids.shape[1]] if self.padded else None
        memory = self.memory or (None, None)
        hidden = self.body(self.ids, mask, *memory, self.cache)[:, -1:]  # (B K, 1, D)
        return self.head(hidden, None)[:, 0]


@torch.inference_mode()
def _beam(writer: _Writer, beams: int, penalty: float, stop: set[int]) -> list[list[int]]:
    prompts = len(writer.ids) // beams
    scores = torch.full((prompts, beams), -torch.inf, device=writer.ids.device)
    scores[:, 0] = 0  # all beams are the same at first: only one may have successors
    alive = [[[] for _ in range(beams)] for _ in range(prompts)]
    ended: list[list[tuple[float, list[int]]]] = [[] for _ in range(prompts)]
    most = writer.mask.shape[1] - writer.ids.shape[1]
    for length in range(1, most + 1):
        new = writer.logits().float().log_softmax(-1).unflatten(0, (prompts, beams))
        total = (new + scores[..., None]).flatten(1)  # (B, K V)
        best = total.topk(min((1 + len(stop)) * beams, total.shape[1]))
        rows = []
        for prompt in range(prompts):
            found = zip(best.values[prompt].tolist(), best.indices[prompt].tolist(), strict=True)
            kept, over = _sort(found, alive[prompt], new.shape[-1], beams, stop)
            ended[prompt] += [(score / length**penalty, ids) for score, ids in over]
            scores[prompt] = torch.tensor([score for score, _, _ in kept])
            rows += [prompt * beams + beam for _, beam, _ in kept]
            alive[prompt] = [ids for _, _, ids in kept]
        longest = most if penalty > 0 else length + 1  # where a beam that goes on scores best
        hopes = (scores.max(1).values / longest**penalty).tolist()
        if all(over and hope <= max(over)[0] for over, hope in zip(ended, hopes, strict=True)):
            break
        writer.cache.reorder(torch.tensor(rows, device=writer.ids.device))
        writer.ids = writer.ids.new_tensor([ids[-1:] for prompt in alive for ids in prompt])
    for prompt in range(prompts):
        found = zip(scores[prompt].tolist(), alive[prompt], strict=True)
        ended[prompt] += [(score / len(ids) ** penalty, ids) for score, ids in found]
    return [max(found, key=lambda one: one[0])[1] for found in ended]


def _sort(found, alive: list, vocabulary: int, beams: int, stop: set[int]) -> tuple[list, list]:
    """Of the best successors: the beams to go on with, and those that stop among the first K."""
    kept, over = [], []
    for rank, (score, place) in enumerate(found):
        beam, piece = divmod(place, vocabulary)
        if piece in stop:
            over += [(score, alive[beam])] if rank < beams else []
        elif len(kept) < beams:
            kept.append((score, beam, [*alive[beam], piece]))
    return kept, over


def _padded(prompts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """ids and mask (B, T), padded on the left: what is written comes right after the prompt."""
    if not prompts or not all(prompts):
        raise KitError("a prompt without a token: begin with at least one, such as tokens.bos.")
    rows = [torch.tensor(list(prompt)) for prompt in prompts]
    ids = pad_sequence(rows, batch_first=True, padding_side="left")
    mask = pad_sequence([row >= 0 for row in rows], batch_first=True, padding_side="left")
    return ids.to(device), mask.to(device)


def _check(temperature: float, top_k: int | None, top_p: float | None) -> None:
    if temperature < 0:
        raise KitError(f"temperature={temperature}: give 0 for the likeliest, or more to draw.")
    if top_k is not None and top_k < 1:
        raise KitError(f"top_k={top_k}: give at least 1, or None for all pieces.")
    if top_p is not None and not 0 < top_p <= 1:
        raise KitError(f"top_p={top_p}: give a probability above 0, at most 1, or None for all.")
    if temperature == 0 and (top_k or top_p):
        warnings.warn("top_k and top_p change nothing at temperature=0.", stacklevel=3)
