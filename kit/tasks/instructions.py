"""Instruction tuning: a decoder learns to answer a prompt, and to end.

    <|im_start|>user\\n What do bees make? <|im_end|>\\n<|im_start|>assistant\\n Honey. <|im_end|>

The source's own language head writes. Only the tokens of the answer and the end mark count in the
loss. Wei et al. 2022, arxiv.org/abs/2109.01652; Ouyang et al. 2022, arxiv.org/abs/2203.02155.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from torch import nn

from kit import guards, objectives
from kit.errors import KitError
from kit.migrate import Migration, migrate
from kit.models import LanguageHead
from kit.models.generate import generate
from kit.sources import Source
from kit.texts import check_texts
from kit.tokenizer import Tokenizer, check_tokenizer

__all__ = ["CHAT", "PLAIN", "Template"]
__all__ += ["answer_ids", "encode", "predict", "prompt_ids", "target", "write"]

BATCH = 40
"""Prompts that are continued at a time."""
MOST = 64
"""Tokens of an answer with its end mark, default."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """What stands around a prompt."""

    before: str = ""
    """Text before it."""
    after: str = "\nAnswer:"
    """Text between it and the answer."""

    def answer(self, text: str) -> str:
        """An answer as it is written: after a space, unless a line begins there."""
        text = text.strip()
        return text if self.after.endswith(("\n", " ")) else f" {text}"


PLAIN = Template()
CHAT = Template(before="<|im_start|>user\n", after="<|im_end|>\n<|im_start|>assistant\n")
"""As SmolLM2-Instruct was tuned; the marks are pieces of its vocabulary."""


@guards.guarded("target(source, 'lora')", source=guards.a_source, strategy=guards.a_name)
def target(source: Source, strategy: str = "lora", *, seed: int = 0, **options) -> Migration:
    """A target that writes with the source's own head: `migrate(source, None, ...)`.

    strategy, options: of `kit.migrate`. Raises KitError for a source that cannot continue a text.
    """
    if problem := guards.a_writer(source):
        raise KitError(f"{source.name} cannot continue a text: it is {problem}.")
    if not isinstance(source.head, LanguageHead):
        raise KitError(
            f"{source.name} has a {type(source.head).__name__}: give a source with a LanguageHead, "
            "or kit.tasks.summarization.target(reader, writer=source)."
        )
    return migrate(source, None, strategy, seed=seed, **options)


@guards.guarded("prompt_ids(prompts, tokenizer)", tokenizer=guards.a_tokenizer)
def prompt_ids(
    prompts: str | Iterable[str], tokenizer: Tokenizer, template: Template = CHAT
) -> list[list[int]]:
    """The ids that the model reads for each prompt: bos, before, prompt, after.

    Raises KitError for what is no text, or empty, and for a vocabulary without bos.
    """
    if tokenizer.bos is None:
        raise KitError("this vocabulary has no piece that begins a text: name one, bos='<s>'.")
    begun = [] if template.before.startswith(tokenizer.special["bos"]) else [tokenizer.bos]
    texts = [f"{template.before}{text}{template.after}" for text in check_texts(prompts)]
    return [[*begun, *ids] for ids in tokenizer.encode_many(texts, special=False)]


def answer_ids(
    answers: Sequence[str],
    tokenizer: Tokenizer,
    template: Template = CHAT,
    most: int = MOST,
    *,
    noun: str = "answer",
) -> list[list[int]]:
    """The ids of each answer, without the end mark.

    template: its method `answer` is used. most: tokens of an answer with its end mark. noun: what
    an error calls an answer. Raises KitError for an empty answer, for a longer
    one, which cut off would teach to end anywhere, and for a vocabulary without eos.
    """
    if tokenizer.eos is None:
        raise KitError("this vocabulary has no piece that ends a text: name one, eos='</s>'.")
    texts = check_texts(answers)
    rows = tokenizer.encode_many([template.answer(text) for text in texts], special=False)
    for text, ids in zip(texts, rows, strict=True):
        if not ids or len(ids) >= most:
            raise KitError(
                f"the {noun} {text!r:.60} has {len(ids)} tokens: give 1 to {most - 1}, or a "
                "larger most=."
            )
    return rows


@guards.guarded(
    "encode(rows, tokenizer)",
    rows=guards.rows_with("prompt", "answer"),
    tokenizer=guards.a_tokenizer,
)
def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, template: Template = CHAT, most: int = MOST
) -> list[dict]:
    """Rows with "prompt" and "answer" as examples for `fit` (`kit.objectives.answers`).

    Raises KitError as `prompt_ids` and `answer_ids` do.
    """
    rows = list(rows)
    read = prompt_ids([row["prompt"] for row in rows], tokenizer, template)
    written = answer_ids([row["answer"] for row in rows], tokenizer, template, most)
    return objectives.answers(read, written, tokenizer.eos)


def write(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    most: int = MOST,
    *,
    stop: Collection[int],
    beams: int = 1,
) -> list[list[int]]:
    """At most `most` tokens after each prompt, greedy or by beam search; short prompts first, so
    that little is padded. An end before that is told by fewer tokens."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers: list[list[int]] = [[] for _ in prompts]
    for begin in range(0, len(order), BATCH):
        rows = order[begin : begin + BATCH]
        written = generate(model.eval(), [prompts[i] for i in rows], most, beams=beams, stop=stop)
        for i, ids in zip(rows, written, strict=True):
            answers[i] = ids
    return answers


@guards.guarded(
    "predict(model, tokenizer, prompts)", model=guards.a_writer, tokenizer=guards.a_tokenizer
)
def predict(
    model: nn.Module,
    tokenizer: Tokenizer,
    prompts: str | Iterable[str],
    template: Template = CHAT,
    most: int = MOST,
) -> list[str]:
    """The answer to each prompt: greedy, at most `most` tokens.

    Raises KitError for what is no text, or empty.
    """
    check_tokenizer(model, tokenizer)
    ids = prompt_ids(prompts, tokenizer, template)
    written = write(model, ids, most, stop=[tokenizer.eos])
    return [tokenizer.decode(row).strip() for row in written]
