"""Prompts: SmolLM2 answers film sentences from a prompt alone, and no parameter changes.

    python -m kit.experiments prompting                  # about 15 minutes on one core
    python -m kit.experiments prompting --parts zero few # some parts

Parts: zero (no example, as a text and as a chat), few (4 and 16 balanced examples, three seeds),
orders (four other orders of the four examples of seed 0), random (the same examples with labels
drawn by lot: the control), widget (all 24 orders, the first 40 sentences), server (the same
prompts, the four examples of seed 0, answered by llama.cpp: how far do the two agree?).

Each row has the margin log p(positive) - log p(negative) of every sentence and of the three texts
without content, and what follows from them. The first 300 test sentences; nothing was chosen by
them. The kit reads the prompts in float32 with the values that
llama.cpp serves in 4 bits, because it reads several at a time: the part server compares the two.
"""

import itertools
import time
from collections.abc import Iterator
from functools import cache

import numpy as np
import torch

from kit import metrics, prompt, sources
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.models import Model
from kit.tasks import sentiment

PARTS = ("zero", "few", "orders", "random", "widget", "server")
SENTENCES = 300
"""The first of the test split, whose order is drawn once and for all."""
SHOWN = 40
"""Sentences of the widget, and of the comparison with llama.cpp."""
SEEDS = 3
OTHER_ORDERS = 4
QUESTION = "A moving and clever film."
"""The lesson's first question, whose answer is shown where no server runs."""
BATCH = 20
"""Prompts read at a time."""

FILE = ResultsFile(
    "prompting",
    "films: what SmolLM2 answers to a prompt, with no, 4 or 16 examples in it",
    keys=("part", "examples", "seed", "order"),
)
QUICK = ({"part": "widget", "examples": 4, "seed": 0, "order": "0123"},)


def main(arguments: list[str]) -> None:
    command = parser("prompting", __doc__)
    command.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = command.parse_args(arguments)
    plan = (about for about in planned() if about["part"] in options.parts)
    FILE.grow(plan, measure, describe=lambda _: {"truth": "".join(map(str, truth(SENTENCES)))})


def planned() -> Iterator[dict]:
    """Every measurement."""
    yield {"part": "zero", "examples": 0, "seed": 0, "order": "text"}
    yield {"part": "zero", "examples": 0, "seed": 0, "order": "chat"}
    for seed in range(SEEDS):
        yield {"part": "few", "examples": 4, "seed": seed, "order": "0123"}
    # Drawn by seed 0, and not chosen by what they give.
    for order in np.random.default_rng(0).permutation(orders()[1:])[:OTHER_ORDERS]:
        yield {"part": "orders", "examples": 4, "seed": 0, "order": str(order)}
    for seed in range(SEEDS):
        yield {"part": "random", "examples": 4, "seed": seed, "order": "0123"}
    for seed in range(SEEDS):
        yield {"part": "few", "examples": 16, "seed": seed, "order": "as drawn"}
    for order in orders():
        yield {"part": "widget", "examples": 4, "seed": 0, "order": order}
    yield {"part": "server", "examples": 4, "seed": 0, "order": "0123"}
    for seed in range(SEEDS):
        yield {"part": "random", "examples": 16, "seed": seed, "order": "as drawn"}


def orders() -> list[str]:
    """The 24 orders of four examples, "0123" first."""
    return ["".join(order) for order in itertools.permutations("0123")]


def measure(about: dict) -> dict:
    """One row: the margins of one prompt."""
    texts = films()["test"]["text"][: SHOWN if about["part"] in ("widget", "server") else SENTENCES]
    shown = examples(about["examples"], about["seed"], about["part"] == "random")
    if about["order"].isdigit():
        shown = prompt.reordered(shown, [int(i) for i in about["order"]])
    texts = [*prompt.NEUTRAL, *texts]
    if about["order"] == "chat":
        prompts = [chat_text(prompt.chat(text, sentiment.CLASSES)) for text in texts]
    else:
        prompts = [prompt.few_shot(text, shown) for text in texts]
    start = time.process_time()
    if about["part"] == "server":
        about = about | {"top": top(shown)}
    answer = served if about["part"] == "server" else read
    logprobs, tokens, fresh = answer(prompts)
    margins = (logprobs[:, 1] - logprobs[:, 0]).round(3)
    neutral = len(prompt.NEUTRAL)
    return about | {
        "margins": listed(margins[neutral:]),
        "neutral": listed(margins[:neutral]),
        **scores(margins[neutral:], margins[:neutral]),
        "label mass": round(float(np.exp(logprobs[neutral:]).sum(1).mean()), 4),
        "tokens": round(tokens / len(prompts), 1),
        "tokens after the examples": round(fresh / len(prompts), 1),
        "seconds": round(time.process_time() - start, 1),
    }


def listed(margins: np.ndarray) -> str:
    """Margins in one line of the file, in nats."""
    return " ".join(f"{margin:.3f}" for margin in margins)


def scores(margins: np.ndarray, neutral: np.ndarray) -> dict:
    """Accuracy with its interval over sentences, the share said "positive", AUC; the same after
    contextual calibration, and by the sentences themselves in place of texts without content (batch
    calibration: Zhou et al. 2024, arXiv:2309.17249), which reads no label either."""
    labels = truth(len(margins))
    logprobs, content_free = (np.stack([0 * m, m], 1) for m in (margins, neutral))
    row = {}
    for name, p in (
        ("", prompt.normalised(logprobs)),
        ("calibrated ", prompt.calibrated(logprobs, content_free)),
        ("batch calibrated ", prompt.calibrated(logprobs, logprobs)),
    ):
        found = prompt.scored(p, labels)
        low, high = metrics.bootstrap(p.argmax(1) == labels)
        row |= {f"{name}accuracy": round(found.accuracy, 4), f"{name}low": round(low, 4)}
        row |= {f"{name}high": round(high, 4), f"{name}said positive": round(found.said, 4)}
    return row | {"AUC": round(found.auc, 4)}


def truth(count: int) -> np.ndarray:
    """The true labels of the first test sentences."""
    return np.array(films()["test"]["label"][:count])


def examples(count: int, seed: int, by_lot: bool = False) -> list[tuple[str, str]]:
    """Balanced training sentences with their labels. by_lot: with labels drawn at random."""
    if not count:
        return []
    rows = sentiment.sample(films()["train"], count, seed)
    labels = [row["label"] for row in rows]
    if by_lot:
        labels = np.random.default_rng(seed).integers(0, 2, count).tolist()
    return [(row["text"], sentiment.CLASSES[y]) for row, y in zip(rows, labels, strict=True)]


def chat_text(messages: list[dict]) -> str:
    """Messages as the text that this model was tuned on."""
    from jinja2 import Template

    template = Template(smollm()[1].card["chat_template"])
    return template.render(messages=messages, add_generation_prompt=True)


@torch.inference_mode()
def read(prompts: list[str]) -> tuple[np.ndarray, int, int]:
    """log p of the two labels after each prompt, (N, 2); all tokens; those after the prefix that
    all prompts have, which is read once."""
    model, source = smollm()
    ids = [source.tokenizer.encode(text, special=False) for text in prompts]
    length = max(map(len, ids))
    prefix = shared(ids)
    first = model.body.cache(1, length)
    if prefix:
        model.body(torch.tensor([prefix]), None, None, None, first)
    logprobs = np.zeros((len(ids), len(sentiment.CLASSES)))
    by_length = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(ids), BATCH):
        rows = by_length[start : start + BATCH]
        logprobs[rows] = _batch([ids[i][len(prefix) :] for i in rows], first, len(prefix))
    return logprobs, sum(map(len, ids)), sum(map(len, ids)) - (len(ids) - 1) * len(prefix)


def shared(ids: list[list[int]]) -> list[int]:
    """The tokens with which all begin; each of them has at least one more."""
    columns = zip(*ids, strict=False)  # as many as the shortest has
    alike = list(itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    return [column[0] for column in alike][: min(map(len, ids)) - 1]


def _batch(rest: list[list[int]], first, used: int) -> np.ndarray:
    """log p of the labels after each rest, (B, 2); `first`: the cache that has read the prefix."""
    model, _ = smollm()
    longest = max(map(len, rest))
    cache_ = model.body.cache(len(rest), used + longest)
    for (keys, values), (k, v) in zip(cache_.own, first.own, strict=True):
        keys[:, :, :used], values[:, :, :used] = k[:, :, :used], v[:, :, :used]
    cache_.used = used
    ids = torch.zeros(len(rest), longest, dtype=torch.long)
    mask = torch.zeros(len(rest), used + longest, dtype=torch.bool)
    mask[:, :used] = True
    for row, own in enumerate(rest):
        ids[row, : len(own)] = torch.tensor(own)
        mask[row, used : used + len(own)] = True
    hidden = model.body(ids, mask, None, None, cache_)
    last = hidden[torch.arange(len(rest)), mask[:, used:].sum(1) - 1]  # (B, D)
    every = model.head(last[:, None], None)[:, 0].float().log_softmax(-1)  # (B, V)
    return torch.stack([every[:, own].logsumexp(-1) for own in label_ids()], 1).numpy()


def served(prompts: list[str]) -> tuple[np.ndarray, int, int]:
    """The same by llama.cpp's server."""
    with prompt.serve() as server:
        client = prompt.Client(server.address, server.key)
        replies = [client.ask(text, max_tokens=1, logprobs=100) for text in prompts]
    logprobs = [prompt.label_logprobs(reply.top, sentiment.CLASSES) for reply in replies]
    return np.stack(logprobs), client.read, client.read - client.cached


def top(shown: list[tuple[str, str]]) -> dict[str, float]:
    """The most probable tokens after the lesson's question, by llama.cpp's server: token -> log
    p."""
    with prompt.serve() as server:
        client = prompt.Client(server.address, server.key)
        reply = client.ask(prompt.few_shot(QUESTION, shown), max_tokens=1, logprobs=20)
    return {token: round(logprob, 4) for token, logprob in reply.top.items()}


@cache
def label_ids() -> list[torch.Tensor]:
    """The tokens that stand for each label."""
    tokenizer = smollm()[1].tokenizer
    found: dict[int, list[int]] = {0: [], 1: []}
    for i in range(tokenizer.size):
        label = prompt.label_of(tokenizer.decode([i]), sentiment.CLASSES)
        if label is not None:
            found[label].append(i)
    return [torch.tensor(ids) for ids in found.values()]


@cache
def smollm():
    """The model with its language head, and its source."""
    source = sources.smollm()
    return Model(source.body, source.head).eval(), source


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()
