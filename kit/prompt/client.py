"""A client of any OpenAI-compatible server, over the `openai` package: replies, tokens, cost.

client = Client()                # the server in OPENAI_BASE_URL, with OPENAI_API_KEY
client.ask("Review: ...")        # a text is continued
client.ask(chat(text, labels))   # messages are answered
"""

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from numbers import Real
from types import MappingProxyType

import numpy as np

from kit import guards
from kit.errors import KitError
from kit.prompt.failures import explained
from kit.prompt.labels import label_logprobs
from kit.prompt.server import EXTRA

__all__ = ["Client", "Reply"]

TOP = 20
"""The most tokens whose log probability OpenAI's servers return."""
Prompt = str | list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer of a model."""

    text: str
    top: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """The most probable first tokens -> log p, where they were asked for."""
    read: int = 0
    """Tokens of the prompt."""
    cached: int = 0
    """Of these, the tokens that the server had read already, for an earlier prompt."""
    written: int = 0
    """Tokens of the answer."""
    seconds: float = 0.0
    cut: bool = False
    """Whether the answer ended because of max_tokens."""


@dataclass(kw_only=False)
class Client:
    """A model behind an OpenAI-compatible server, and what was read and written so far.

    Another server than the kit's own may cost money, and the texts leave this machine.
    Each question raises a KitError that names the remedy: for a wrong key, no server, a timeout,
    too many questions, and an answer that is not of the protocol.
    """

    address: str | None = None
    """The base URL, which usually ends in /v1; default: the variable OPENAI_BASE_URL."""
    key: str | None = field(default=None, repr=False)
    """Default: the variable OPENAI_API_KEY."""
    model: str | None = None
    """Default: the variable OPENAI_MODEL, or else the server's only model."""
    timeout: float = field(default=60.0, kw_only=True)
    """Seconds for an answer."""
    retries: int = field(default=2, kw_only=True)
    """How often a question is asked again after 429, a 5xx, or a broken connection; the package
    waits longer each time, or as long as the server says."""
    price_read: float | None = field(default=None, kw_only=True)
    price_written: float | None = field(default=None, kw_only=True)
    """Price of a million tokens, from your provider's list; None: the cost is not shown."""
    read: int = field(default=0, init=False)
    cached: int = field(default=0, init=False)
    written: int = field(default=0, init=False)
    questions: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if find_spec("openai") is None:
            raise KitError(f"the client needs the package openai: {EXTRA}.")
        self.address = self.address or os.environ.get("OPENAI_BASE_URL")
        self.key = self.key or os.environ.get("OPENAI_API_KEY")
        if not self.address:
            raise KitError(
                "no server is named: start the one that comes with the kit, server = "
                "prompt.start_server(), and give Client(server.address, server.key); or set the "
                "variables OPENAI_BASE_URL and OPENAI_API_KEY."
            )
        if not str(self.address).startswith(("http://", "https://")):
            raise KitError(f"the address {self.address!r} must begin with http:// or https://.")
        if not self.key:
            raise KitError("no key is given: set OPENAI_API_KEY, or give Client(address, key).")
        for name in ("price_read", "price_written", "timeout"):
            value = getattr(self, name)
            number = isinstance(value, Real) and math.isfinite(value) and value >= 0
            if value is not None and not number:
                raise KitError(f"{name}={value!r}: give a number from 0 on, such as 0.15.")

    @cached_property
    def _openai(self):
        import openai

        return openai.OpenAI(
            base_url=self.address, api_key=self.key, timeout=self.timeout, max_retries=self.retries
        )

    def models(self) -> list[str]:
        """The names of the server's models."""
        with explained(self.address, self.model, self.timeout):
            return [model.id for model in self._openai.models.list()]

    @cached_property
    def name(self) -> str:
        """The model that is asked. Raises KitError where the server has several and none is
        named."""
        chosen = self.model or os.environ.get("OPENAI_MODEL")
        if chosen:
            return chosen
        known = self.models()
        if len(known) == 1:
            return known[0]
        listed = ", ".join(known[:5]) or "none"
        raise KitError(
            f"{self.address} has {len(known)} models ({listed}): choose one, Client(model=...), or "
            "set OPENAI_MODEL."
        )

    @property
    def cost(self) -> float | None:
        """What the tokens so far cost at the given prices; None without prices."""
        if self.price_read is None or self.price_written is None:
            return None
        return (self.price_read * self.read + self.price_written * self.written) / 1e6

    @property
    def usage(self) -> str:
        """Questions, tokens, and the cost where prices are given, in a sentence."""
        text = f"{self.questions:,} questions: {self.read:,} tokens read"
        text += f" ({self.cached:,} of them remembered)" if self.cached else ""
        text += f", {self.written:,} written, in {self.seconds:.1f} s"
        return text if self.cost is None else f"{text}; cost at your prices: {self.cost:.4f}"

    def ask(
        self,
        prompt: Prompt,
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        logprobs: int = 0,
        stop: Sequence[str] = (),
    ) -> Reply:
        """The model's answer. A text is continued; messages, as `chat` makes them, are answered.

        logprobs: so many most probable first tokens come with their log probability (OpenAI's
        servers: 20 at most). Raises KitError where they were asked for and none comes.
        """
        options = {"max_tokens": max_tokens, "temperature": temperature}
        options |= {"stop": list(stop)} if stop else {}
        start = time.monotonic()
        with explained(self.address, self._asked, self.timeout):
            answer = self._create(prompt, options, logprobs)
        choice = self._choice(answer)
        text = choice.message.content if _is_chat(prompt) else choice.text
        top = _top(choice) if logprobs else {}
        if logprobs and not top:
            raise KitError(
                f"{self.name!r} gives no log probabilities: let it write the label, "
                "client.choose(prompt, labels), or take another model."
            )
        return self._count(
            text or "", top, answer.usage, time.monotonic() - start, choice.finish_reason
        )

    def stream(self, prompt: Prompt, *, max_tokens: int = 64, temperature: float = 0.0) -> Iterator:
        """The answer as it is written, piece by piece. Raises KitError, with what came so far,
        where the stream ends before the answer does."""
        options = {"max_tokens": max_tokens, "temperature": temperature, "stream": True}
        options["stream_options"] = {"include_usage": True}
        start, text, reason, usage = time.monotonic(), "", None, None
        try:
            with explained(self.address, self._asked, self.timeout):
                for part in self._create(prompt, options, 0):
                    usage = part.usage or usage
                    for choice in part.choices:
                        piece = choice.delta.content if _is_chat(prompt) else choice.text
                        reason = choice.finish_reason or reason
                        if piece:
                            text += piece
                            yield piece
        except KitError as error:
            raise KitError(f"{error} So far: {text!r:.200}" if text else str(error)) from error
        if reason is None:
            raise KitError(
                f"the stream of {self.address} was cut before its end: ask again. So far: "
                f"{text!r:.200}"
            )
        self._count(text, {}, usage, time.monotonic() - start, reason)

    @guards.guarded("client.choose(chat(text, labels), labels)")
    def choose(self, prompt: Prompt, labels: Sequence[str]) -> str:
        """One of the labels, by a structured answer: the server lets the model write nothing else
        (a JSON schema with the labels). Raises KitError where another text comes."""
        labels = _checked(labels)
        kind = {"type": "string", "enum": list(labels)}
        schema = {"type": "object", "properties": {"label": kind}, "required": ["label"]}
        schema["additionalProperties"] = False
        form = {"name": "answer", "strict": True, "schema": schema}
        messages = prompt if _is_chat(prompt) else [{"role": "user", "content": prompt}]
        options = {"max_tokens": 64, "temperature": 0.0}
        options["response_format"] = {"type": "json_schema", "json_schema": form}
        start = time.monotonic()
        with explained(self.address, self._asked, self.timeout):
            answer = self._create(messages, options, 0)
        choice = self._choice(answer)
        text = choice.message.content or ""
        self._count(text, {}, answer.usage, time.monotonic() - start, choice.finish_reason)
        try:
            label = json.loads(text)["label"]
        except (ValueError, KeyError, TypeError):
            label = None
        if label not in labels:
            raise KitError(
                f"{self.name!r} wrote {text!r:.120} in place of one of {', '.join(labels)}: take a "
                "model with structured answers, or score the labels, client.label_logprobs(...)."
            )
        return label

    @guards.guarded("client.label_logprobs(few_shot(text, examples), labels)")
    def label_logprobs(
        self, prompt: Prompt, labels: Sequence[str], *, top: int = TOP
    ) -> np.ndarray:
        """log p of each label as the next token, (C,): `kit.prompt.label_logprobs` of `ask`."""
        return label_logprobs(self.ask(prompt, max_tokens=1, logprobs=top).top, _checked(labels))

    @property
    def _asked(self) -> str | None:
        return self.__dict__.get("name") or self.model

    def _create(self, prompt: Prompt, options: dict, logprobs: int):
        """The package's answer to a text or to messages."""
        if _is_chat(prompt):
            options |= {"logprobs": True, "top_logprobs": logprobs} if logprobs else {}
            return self._openai.chat.completions.create(model=self.name, messages=prompt, **options)
        options |= {"logprobs": logprobs} if logprobs else {}
        return self._openai.completions.create(model=self.name, prompt=prompt, **options)

    def _choice(self, answer):
        """The answer's only choice; KitError where it has none."""
        choices = getattr(answer, "choices", None)
        if choices:
            return choices[0]
        raise KitError(
            f"{self.address} gave an answer without text ({answer!r:.80}): give the address of an "
            "OpenAI-compatible server, which usually ends in /v1."
        )

    def _count(self, text, top, usage, seconds: float, reason) -> Reply:
        """A reply; its tokens are added to the client's."""
        details = getattr(usage, "prompt_tokens_details", None)
        reply = Reply(
            text=text,
            top=MappingProxyType(top),
            read=getattr(usage, "prompt_tokens", 0) or 0,
            cached=getattr(details, "cached_tokens", 0) or 0,
            written=getattr(usage, "completion_tokens", 0) or 0,
            seconds=seconds,
            cut=reason == "length",
        )
        self.questions += 1
        for name in ("read", "cached", "written", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(reply, name))
        return reply


def _is_chat(prompt: Prompt) -> bool:
    """Whether a prompt is messages; KitError for what is neither a text nor messages."""
    if isinstance(prompt, str):
        return False
    messages = isinstance(prompt, list) and prompt and all(isinstance(m, dict) for m in prompt)
    if not messages or not all({"role", "content"} <= m.keys() for m in prompt):
        raise KitError(
            f"{prompt!r:.60} is no prompt: give a text, or messages, [{{'role': 'user', 'content': "
            "'...'}]."
        )
    return True


def _checked(labels: Sequence[str]) -> Sequence[str]:
    if isinstance(labels, str) or len(labels) < 2 or not all(isinstance(x, str) for x in labels):
        raise KitError(f"labels={labels!r}: give at least two texts, ('negative', 'positive').")
    return labels


def _top(choice) -> dict[str, float]:
    """The first token's most probable alternatives -> log p, in each of the three forms in which
    servers return them: chat, OpenAI's completions, llama.cpp's completions."""
    given = choice.logprobs
    if given is None:
        return {}
    pairs = []
    if content := getattr(given, "content", None):
        first = content[0]
        entries = first["top_logprobs"] if isinstance(first, dict) else first.top_logprobs
        entries = [e if isinstance(e, dict) else e.model_dump() for e in entries]
        pairs = [(entry["token"], entry["logprob"]) for entry in entries]
    elif getattr(given, "top_logprobs", None):
        pairs = list(given.top_logprobs[0].items())
    top: dict[str, float] = {}
    for token, logprob in pairs:  # two tokens may have the same text
        top[token] = float(np.logaddexp(top.get(token, -np.inf), logprob))
    return top
