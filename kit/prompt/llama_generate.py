"""llama_generate: the ids that llama.cpp writes, in the place of `kit.models.generate`.

llama.cpp's own loop is several times faster than one of torch (docs/LOG.md), and writes the same
kind of text. It rounds the inputs of its matrices to 8 bits, so that after some tokens another one
may be the most probable: the texts are those of llama.cpp, not those of `generate`.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Collection, Sequence

from kit import guards
from kit.errors import KitError
from kit.prompt.server import Server

__all__ = ["llama_generate"]


@guards.guarded(
    "llama_generate(start_server(), [source.tokenizer.encode('Once', special=False)], 20)",
    prompts=guards.prompts_of,
    max_tokens=guards.a_count,
    stop=guards.several_ids,
)
def llama_generate(
    server: Server,
    prompts: Sequence[Sequence[int]],
    max_tokens: int = 50,
    *,
    stop: Collection[int] = (),
    **options,
) -> list[list[int]]:
    """The token ids that llama.cpp writes after each prompt, one list per prompt, greedily.

    At most `max_tokens` each; a text ends before the first token id in `stop`, and where the model
    ends its text. server: of `start_server`; the ids are those of its model's tokenizer.
    Raises KitError for an option of `kit.models.generate` that only torch's loop has (beams,
    temperature, never, ...), for a server that has stopped, and for what it refuses.
    """
    if options:
        raise KitError(
            f"{', '.join(options)}: llama_generate writes the most probable token at each step, "
            "and has no other option: leave it out, or take kit.models.generate.generate."
        )
    if not all(prompts):
        raise KitError("a prompt without a token: begin with at least one, such as tokenizer.bos.")
    if not server.running:
        raise KitError("the local server has stopped: start one, start_server().")
    written = [_ask(server, list(map(int, prompt)), max_tokens) for prompt in prompts]
    ends = set(stop)
    return [_before(ids, ends) for ids in written]


def _ask(server: Server, prompt: list[int], max_tokens: int) -> list[int]:
    """The new ids of one prompt, read afresh: no earlier prompt's states are used."""
    question = {
        "prompt": prompt,
        "n_predict": max_tokens,
        "samplers": ["top_k"],
        "top_k": 1,
        "cache_prompt": False,
        "return_tokens": True,
    }
    request = urllib.request.Request(
        f"{server.address.removesuffix('/v1')}/completion",
        json.dumps(question).encode(),
        {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        reason = error.read().decode("utf-8", "replace")[:400]
        raise KitError(
            f"llama.cpp refuses a prompt of {len(prompt)} tokens with {max_tokens} new ones: "
            f"{reason}. A longer context is start_server(context=8192)."
        ) from error
    except OSError as error:
        raise KitError(
            f"the local server does not answer ({error}): start one, start_server()."
        ) from error
    ids = found["tokens"]
    if found["truncated"]:
        raise KitError(
            f"{len(prompt)} tokens and {max_tokens} new ones do not fit into the server's context: "
            "start_server(context=8192), or a shorter prompt."
        )
    return ids


def _before(ids: list[int], ends: set[int]) -> list[int]:
    """The ids before the first that ends the text."""
    return next((ids[:i] for i, token in enumerate(ids) if token in ends), ids)
