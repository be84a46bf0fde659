"""Generate text with a language model: greedy decoding, sampling and beam search.

B prompts, K beams, T tokens so far, V vocabulary.
"""

import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kit import guards
from kit.errors import KitError
from kit.models.copy_head import predicted
from kit.models.heads import SequenceHead
from kit.models.memory import check_generation_memory

__all__ = ["Beams", "choose", "generate", "search", "stream"]


@dataclass(frozen=True)
class Beams:
    """The state of a beam search for one prompt after one step; scores are Σ log p, in nats."""

    alive: list[tuple[float, list[int]]]
    """Unfinished beams, best first: score and ids."""
    over: list[tuple[float, list[int]]]
    """Finished beams in the order in which they ended: score / length ^ length_penalty, and ids."""


CALL = "generate(model, [tokenizer.encode('Once', special=False)], 20)"
WRITES = {
    "model": guards.a_writer,
    "prompts": guards.prompts_of,
    "max_tokens": guards.a_count,
    "stop": guards.several_ids,
    "start": guards.several_ids,
    "never": guards.several_ids,
}


@guards.guarded(CALL, **WRITES)
def generate(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    max_tokens: int = 50,
    *,
    beams: int = 1,
    length_penalty: float = 1.0,
    stop: Collection[int] = (),
    start: Sequence[int] = (),
    never: Collection[int] = (),
    **sampling,
) -> list[list[int]]:
    """The token ids that the model generates after each prompt, one list per prompt.

    At most `max_tokens` each; it ends before the first token id in `stop`, and none is in `never`.
    Default: greedy.
    sampling: temperature, top_k, top_p and seed draw tokens instead (see `choose`).
    `beams` > 1 is beam search: it returns the sequence with the largest
    Σᵢ log p(yᵢ) / length ^ length_penalty (Wu et al. 2016, arXiv:1609.08144).
    model: a body with a LanguageHead, which continues the prompts, or with a SequenceHead, which
    reads the prompts and writes after `start`; both are put in evaluation mode. Raises KitError
    for a prompt without a token, for more tokens than the model can read, and for more
    memory than there is.
    """
    if guards.a_count(beams) or (beams > 1 and sampling.get("temperature")):
        raise KitError(
            f"beams={beams!r}: give a whole number from 1 on, and above 1 only without temperature."
        )
    if not isinstance(length_penalty, Real) or not isfinite(length_penalty):
        raise KitError(f"length_penalty={length_penalty!r}: give a number, such as 1.0.")
    if beams > 1:
        ids = {"stop": stop, "start": start, "never": never}
        steps = search(model, prompts, max_tokens, beams, length_penalty, **ids)
        *_, last = steps
        return [max(beam.over, key=lambda scored: scored[0])[1] for beam in last]
    written: list[list[int]] = [[] for _ in prompts]
    ids = {"stop": stop, "start": start, "never": never}
    for pieces in stream(model, prompts, max_tokens, **ids, **sampling):
        for row, piece in zip(written, pieces, strict=True):
            if piece is not None:
                row.append(piece)
    return written


@guards.guarded(CALL, **WRITES)
@torch.inference_mode()
def stream(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    max_tokens: int = 50,
    *,
    stop: Collection[int] = (),
    start: Sequence[int] = (),
    never: Collection[int] = (),
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
) -> Iterator[list[int | None]]:
    """`generate` without beams, step by step: the next id of each prompt, None where it ended."""
    _check(temperature, top_k, top_p, seed)
    writer = _Writer(model, prompts, max_tokens, start, never=never)
    generator = torch.Generator(writer.ids.device)
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    stop = set(stop)
    going = [True] * len(prompts)
    for _ in range(max_tokens):
        ids = choose(writer.logits(), temperature, top_k, top_p, generator)  # (B,)
        pieces = ids.tolist()
        going = [on and piece not in stop for on, piece in zip(going, pieces, strict=True)]
        if not any(going):
            return
        yield [piece if on else None for on, piece in zip(going, pieces, strict=True)]
        writer.read(ids[:, None])


def choose(
    logits: Tensor,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The next token id of each row, (B,), from logits (B, V).

    Temperature τ = 0: the most probable token. τ > 0: a sample from softmax(logits / τ). top_k
    keeps only the k most probable tokens (Fan et al. 2018, arXiv:1805.04833); top_p keeps the
    smallest set whose probability is at least p (nucleus sampling, Holtzman et al. 2020,
    arXiv:1904.09751). With both, top_k comes first.
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
        beyond = p.cumsum(-1) - p >= top_p  # the more probable ones have top_p already
        logits = logits.masked_fill(beyond.scatter(1, order, beyond), -torch.inf)
    return torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]


class _Writer:
    """Token-by-token decoding: the model, its cache, and the ids that it has not read yet.

    copies: K, rows per prompt. A SequenceHead reads the prompts once, as the decoder's memory.
    """

    def __init__(
        self, model, prompts, max_tokens: int, start: Sequence[int] = (), copies: int = 1, never=()
    ):
        writes = getattr(model.head, "decoder", model.body)
        if not hasattr(writes, "cache"):
            raise KitError(
                f"a {type(writes).__name__} body has no cache to write token by token with: take a "
                "strategy that leaves a Transformer or an RNN, such as lora."
            )
        model.body.eval()
        model.head.eval()  # with dropout each call would write another text
        self.body, self.head, self.never = model.body, model.head, list(never)
        self.memory: tuple = ()
        self.mix = None
        device = next(model.body.parameters()).device
        ids, mask = _padded(prompts, device)
        rows, longest = len(ids) * copies, ids.shape[1]
        tokens = longest + max_tokens
        check_generation_memory(writes, rows, longest, tokens, beams=copies > 1)
        if isinstance(model.head, SequenceHead):
            with torch.inference_mode():
                memory = model.head.bridge(model.body(ids, mask))
            self.memory = (memory.repeat_interleave(copies, 0), mask.repeat_interleave(copies, 0))
            self.body, self.head = model.head.decoder, model.head.output
            if model.head.needs_ids:  # a CopyHead
                self.mix = model.head.mix
                self.source = ids.repeat_interleave(copies, 0)
            ids, mask = _padded([list(start)] * len(prompts), device)
        self.ids = self.target = ids.repeat_interleave(copies, 0)  # (B K, T)
        room = mask.new_ones(len(mask), max_tokens)
        self.mask = torch.cat((mask, room), 1).repeat_interleave(copies, 0)  # (B K, T + max_tokens)
        self.cache = self.body.cache(len(self.ids), self.mask.shape[1])
        self.padded = not bool(mask.all())

    def logits(self) -> Tensor:
        """Read `ids`; return the logits of the next token, (B K, V)."""
        mask = self.mask[:, : self.cache.used + self.ids.shape[1]] if self.padded else None
        memory = self.memory or (None, None)
        hidden = self.body(self.ids, mask, *memory, self.cache)[:, -1:]  # (B K, 1, D)
        if self.mix is None:
            logits = self.head(hidden, None)[:, 0]
        else:
            parts = self.mix(hidden, *memory, self.source, self.target)
            logits = predicted(parts, self.source)[:, 0]
        if self.never:
            logits[:, self.never] = -torch.inf
        return logits

    def read(self, ids: Tensor, rows: Tensor | None = None) -> None:
        """Set the ids (B K, 1) to read next; rows (B K,): the sequence that each row continues."""
        if rows is not None:
            self.cache.reorder(rows)
            self.target = self.target[rows]
        self.ids, self.target = ids, torch.cat([self.target, ids], 1)


@guards.guarded("search(model, prompts, 20, beams=4)", **WRITES, beams=guards.a_count)
@torch.inference_mode()
def search(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    max_tokens: int = 50,
    beams: int = 4,
    length_penalty: float = 1.0,
    *,
    stop: Collection[int] = (),
    start: Sequence[int] = (),
    never: Collection[int] = (),
) -> Iterator[list[Beams]]:
    """Beam search, step by step: one `Beams` for each prompt.

    After the last step `over` also holds the beams that `max_tokens` cut off; `generate` returns
    the best of `over`.
    """
    writer = _Writer(model, prompts, max_tokens, start, beams, never)
    stop = set(stop)
    scores = torch.full((len(prompts), beams), -torch.inf, device=writer.ids.device)
    scores[:, 0] = 0  # all beams are equal at first: only the first one may be extended
    alive: list = [[[] for _ in range(beams)] for _ in prompts]
    ended: list[list[tuple[float, list[int]]]] = [[] for _ in prompts]
    for length in range(1, max_tokens + 1):
        new = writer.logits().float().log_softmax(-1).unflatten(0, (len(prompts), beams))
        total = (new + scores[..., None]).flatten(1)  # (B, K V)
        best = total.topk(min((1 + len(stop)) * beams, total.shape[1]))
        rows = []
        for prompt in range(len(prompts)):
            candidates = zip(
                best.values[prompt].tolist(), best.indices[prompt].tolist(), strict=True
            )
            kept, over = _sort(candidates, alive[prompt], new.shape[-1], beams, stop)
            ended[prompt] += [(score / length**length_penalty, ids) for score, ids in over]
            scores[prompt] = torch.tensor([score for score, _, _ in kept])
            rows += [prompt * beams + beam for _, beam, _ in kept]
            alive[prompt] = [ids for _, _, ids in kept]
        # Σ log p only falls, so this length gives an unfinished beam its highest possible score.
        best_length = max_tokens if length_penalty > 0 else length + 1
        bounds = (scores.max(1).values / best_length**length_penalty).tolist()
        last = length == max_tokens or all(
            over and bound <= max(over)[0] for over, bound in zip(ended, bounds, strict=True)
        )
        yield _state(scores.tolist(), alive, ended, length_penalty if last else None)
        if last:
            return
        ids = writer.ids.new_tensor([ids[-1:] for prompt in alive for ids in prompt])
        writer.read(ids, torch.tensor(rows, device=ids.device))


def _state(scores: list, alive: list, ended: list, penalty: float | None) -> list[Beams]:
    """One `Beams` for each prompt; with a length penalty all unfinished beams end now."""
    states = []
    for values, beams, over in zip(scores, alive, ended, strict=True):
        going = list(zip(values, beams, strict=True))
        cut_off = []
        if penalty is not None:
            cut_off = [(score / len(ids) ** penalty, ids) for score, ids in going]
        states.append(Beams(going, over + cut_off))
    return states


def _sort(
    candidates, alive: list, vocabulary: int, beams: int, stop: set[int]
) -> tuple[list, list]:
    """Split the best extensions, best first: K unfinished beams, and the finished in the best K."""
    kept, over = [], []
    for rank, (score, place) in enumerate(candidates):
        beam, piece = divmod(place, vocabulary)
        if piece in stop:
            if rank < beams:
                over.append((score, alive[beam]))
        elif len(kept) < beams:
            kept.append((score, beam, [*alive[beam], piece]))
    return kept, over


def _padded(prompts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """ids and mask (B, T), padded on the left, so that new tokens directly follow each prompt."""
    if not prompts or not all(prompts):
        raise KitError("a prompt without a token: begin with at least one, such as tokenizer.bos.")
    rows = [torch.tensor(list(prompt)) for prompt in prompts]
    ids = pad_sequence(rows, batch_first=True, padding_side="left")
    mask = pad_sequence([row >= 0 for row in rows], batch_first=True, padding_side="left")
    return ids.to(device), mask.to(device)


def _check(
    temperature: float, top_k: int | None, top_p: float | None, seed: int | None = None
) -> None:
    for name, value in (("temperature", temperature), ("top_p", top_p)):
        if value is not None and (not isinstance(value, Real) or not isfinite(value)):
            raise KitError(f"{name}={value!r:.40}: give a number.")
    for name, value in (("top_k", top_k), ("seed", seed)):
        if value is not None and (not isinstance(value, Integral) or isinstance(value, bool)):
            raise KitError(f"{name}={value!r:.40}: give a whole number, or None.")
    if temperature is None or temperature < 0:
        raise KitError(f"temperature={temperature}: give 0 for the likeliest, or more to draw.")
    if top_k is not None and top_k < 1:
        raise KitError(f"top_k={top_k}: give at least 1, or None for all pieces.")
    if top_p is not None and not 0 < top_p <= 1:
        raise KitError(f"top_p={top_p}: give a probability above 0, at most 1, or None for all.")
    if temperature == 0 and (top_k or top_p):
        warnings.warn("top_k and top_p change nothing at temperature=0.", stacklevel=3)
