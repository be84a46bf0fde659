"""Summarization by continuing a text: a decoder reads the article, then a cue, and writes on.

    <s> The dollar has hit its highest level … \\n\\nHeadline: Dollar gains on Greenspan speech </s>

No part is fresh: the source's own language head writes the headline (Radford et al. 2019, Language
Models are Unsupervised Multitask Learners, with the cue "TL;DR:"). Only the headline's tokens and
the end mark count in the loss.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

from torch import nn

from kit import guards, objectives
from kit.errors import KitError
from kit.tasks.instructions import answer_ids, target, write
from kit.tasks.summarization import MOST, capital
from kit.texts import check_texts
from kit.tokenizer import Tokenizer, check_tokenizer

__all__ = ["CHAT", "PLAIN", "TLDR", "Template"]
__all__ += ["encode", "first_line", "predict", "prompts", "target", "write"]

QUOTES, MARKS = tuple("\"'“”‘’"), "*#`"
"""Around a line they are no part of a headline."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """How an article becomes a prompt."""

    limit: int = 64
    """Tokens of the article that are read: its first ones."""
    before: str = ""
    """Text before the article."""
    after: str = "\n\nHeadline:"
    """The cue: text between the article and its headline."""

    def __post_init__(self) -> None:
        if not isinstance(self.limit, Integral) or isinstance(self.limit, bool) or self.limit < 1:
            raise KitError(f"limit={self.limit!r}: give the tokens to read, 1 or more.")

    def answer(self, text: str) -> str:
        """A headline as it is written after the cue: after a space, unless a line begins there."""
        text = " ".join(text.split())
        return text if self.after.endswith(("\n", " ")) else f" {text}"


PLAIN = Template()
TLDR = Template(after="\n\nTL;DR:")
CHAT = Template(
    before="<|im_start|>user\nWrite a short headline for this news article.\n\n",
    after="<|im_end|>\n<|im_start|>assistant\n",
)
"""As SmolLM2-Instruct was tuned; the marks are pieces of its vocabulary."""


@guards.guarded("prompts(texts, tokenizer)", tokenizer=guards.a_tokenizer)
def prompts(
    texts: str | Iterable[str],
    tokenizer: Tokenizer,
    template: Template = PLAIN,
    examples: Sequence[dict] = (),
) -> list[list[int]]:
    """The ids of one prompt for each article: bos, the examples with their headlines, the article.

    examples: rows with "text" and "headline" that are shown first (few-shot).
    Raises KitError for what is no text, or empty, and for a vocabulary without bos.
    """
    if tokenizer.bos is None:
        raise KitError("this vocabulary has no piece that begins a text: name one, bos='<s>'.")
    shown: list[int] = []
    for row in examples:
        [ids] = _articles([row["text"]], tokenizer, template)
        headline = template.answer(row["headline"])
        shown += [*ids, *tokenizer.encode(f"{headline}\n\n\n", special=False)]
    begun = [] if template.before.startswith(tokenizer.special["bos"]) else [tokenizer.bos]
    rows = _articles(check_texts(texts), tokenizer, template)
    return [[*begun, *shown, *ids] for ids in rows]


def _articles(texts: list[str], tokenizer: Tokenizer, template: Template) -> list[list[int]]:
    """Before, article, after: the parts are tokenized one by one, so that only the article is
    cut."""
    before, after = (
        tokenizer.encode(part, special=False) if part else []
        for part in (template.before, template.after)
    )
    # Paragraphs are joined, as in `kit.tasks.summarization.read`.
    joined = [" ".join(text.split()) for text in texts]
    articles = tokenizer.encode_many(joined, template.limit, special=False)
    return [[*before, *ids, *after] for ids in articles]


@guards.guarded(
    "encode(rows, tokenizer)",
    rows=guards.rows_with("text", "headline"),
    tokenizer=guards.a_tokenizer,
)
def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, template: Template = PLAIN, most: int = MOST
) -> list[dict]:
    """Rows with "text" and "headline" as examples for `fit`.

    Only the headline and the end mark count (`kit.objectives.answers`). most: tokens of a headline
    with its end mark. Raises KitError for a longer headline, which cut off would teach to end
    anywhere, and for a vocabulary without eos.
    """
    rows = list(rows)
    read = prompts([row["text"] for row in rows], tokenizer, template)
    headlines = [row["headline"] for row in rows]
    written = answer_ids(headlines, tokenizer, template, most, noun="headline")
    return objectives.answers(read, written, tokenizer.eos)


@guards.guarded(
    "predict(model, tokenizer, texts)", model=guards.a_writer, tokenizer=guards.a_tokenizer
)
def predict(
    model: nn.Module,
    tokenizer: Tokenizer,
    texts: str | Iterable[str],
    template: Template = PLAIN,
    examples: Sequence[dict] = (),
    *,
    beams: int = 1,
) -> list[str]:
    """A headline for each article: at most 20 tokens, its first line.

    examples: rows that the prompt shows first. beams: 1 is greedy, more are a beam search.
    Raises KitError for what is no text, or empty.
    """
    check_tokenizer(model, tokenizer)
    ids = prompts(texts, tokenizer, template, examples)
    written = write(model, ids, MOST, stop=[tokenizer.eos], beams=beams)
    return [first_line(tokenizer.decode(row)) for row in written]


def first_line(text: str) -> str:
    """The first line that has a word, without marks around it, and with a capital. A quotation at
    its end keeps its mark."""
    for line in text.splitlines():
        line = line.strip().strip(MARKS).strip()
        if line[:1] in QUOTES:
            line = line.strip("".join(QUOTES)).strip()
        if line:
            return capital(line)
    return ""
