"""Prompting: migration without a gradient. The examples stand in the prompt, and no value changes.

    server = prompt.start_server()  # llama.cpp on this machine, SmolLM2-135M
    client = prompt.Client(server.address, server.key)
    client.label_logprobs(prompt.few_shot(text, examples), ("negative", "positive"))
    server.stop()

`prompt.Client()` talks to the server that OPENAI_BASE_URL names instead. Needs the extra [prompt].
"""

from kit.prompt.client import Client, Reply
from kit.prompt.labels import Scores, calibrated, label_logprobs, label_of, normalised, scored
from kit.prompt.llama_generate import llama_generate
from kit.prompt.server import EXTRA, Server, missing_packages, serve, start_server
from kit.prompt.templates import NEUTRAL, chat, few_shot, reordered, zero_shot

__all__ = [
    "EXTRA",
    "NEUTRAL",
    "Client",
    "Reply",
    "Scores",
    "Server",
    "calibrated",
    "chat",
    "few_shot",
    "label_logprobs",
    "label_of",
    "llama_generate",
    "missing_packages",
    "normalised",
    "reordered",
    "scored",
    "serve",
    "start_server",
    "zero_shot",
]
