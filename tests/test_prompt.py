"""Prompts: labels and calibration; the client against llama.cpp's own server; every failure named.

What llama.cpp cannot be made to do (too many questions, a stream that is cut) comes from a small
server that speaks the protocol.
"""

import json
import os
import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import psutil
import pytest

from kit import prompt
from kit.errors import KitError
from kit.prompt import server as local

LABELS = ("negative", "positive")
EXAMPLES = [("A dull mess.", "negative"), ("Wonderful.", "positive")]


@pytest.mark.parametrize(
    "token, label",
    [(" positive", 1), ("Positive", 1), (" pos", 1), ("NEG", 0), (" p", None), ("", None)],
)
def test_a_token_stands_for_the_label_that_it_begins(token: str, label: int | None) -> None:
    assert prompt.label_of(token, LABELS) == label


def test_a_beginning_that_two_labels_have_stands_for_none() -> None:
    assert prompt.label_of(" inter", ("internal", "international")) is None
    assert prompt.label_of("A", ("A", "B")) == 0


def test_a_labels_probability_is_the_sum_over_its_tokens() -> None:
    top = {" positive": np.log(0.2), "Positive": np.log(0.1), " a": np.log(0.05)}
    negative, positive = prompt.label_logprobs(top, LABELS)
    assert positive == pytest.approx(np.log(0.3))
    assert negative == pytest.approx(np.log(0.05)), "at most the least probable that is known"
    with pytest.raises(KitError, match="logprobs=20"):
        prompt.label_logprobs({}, LABELS)
    with pytest.raises(KitError, match=r"none of negative, positive is among the 2 .* is ' the'"):
        prompt.label_logprobs({" the": -0.5, " a": -1.0}, LABELS)


def test_calibration_takes_away_what_the_prompt_prefers_and_no_order() -> None:
    draw = np.random.default_rng(0)
    logprobs, neutral = draw.normal(size=(50, 2)), np.array([[0, 3], [0, 3.2], [0, 2.9]])
    q = prompt.calibrated(logprobs, neutral)
    assert q.sum(1) == pytest.approx(1)
    # The text without content itself is undecided afterwards.
    assert prompt.calibrated(neutral[:1], neutral[:1]) == pytest.approx(0.5)
    truth = draw.integers(0, 2, 50)
    shifted = logprobs + np.array([0, 3])
    before = prompt.scored(prompt.normalised(shifted), truth)
    after = prompt.scored(prompt.calibrated(shifted, neutral), truth)
    assert before.auc == pytest.approx(after.auc), "a threshold moves, no order changes"
    assert before.said > 0.8 > after.said
    assert before.confusion.sum() == 50
    with pytest.raises(KitError, match="same labels"):
        prompt.calibrated(logprobs, np.zeros((3, 3)))
    with pytest.raises(KitError, match="both"):
        prompt.scored(prompt.normalised(logprobs), np.ones(50))


def test_prompts_hold_the_examples_in_their_order() -> None:
    text = prompt.few_shot("Fine.", prompt.reordered(EXAMPLES, [1, 0]))
    assert text == (
        "Review: Wonderful.\nSentiment: positive\n\nReview: A dull mess.\nSentiment: negative\n\n"
        "Review: Fine.\nSentiment:"
    )
    roles = [message["role"] for message in prompt.chat("Fine.", LABELS, EXAMPLES)]
    assert roles == ["system", *["user", "assistant"] * 2, "user"]
    with pytest.raises(KitError, match="each of"):
        prompt.reordered(EXAMPLES, [0, 0])
    with pytest.raises(KitError, match="no pair"):
        prompt.few_shot("Fine.", ["Wonderful."])


@pytest.fixture(scope="module")
def llama(fetched):
    """llama.cpp's server with SmolLM2."""
    pytest.importorskip("xllamacpp", reason="the extra [prompt] is not installed")
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    fetched("smollm")
    with prompt.serve() as server:
        yield server
    assert not server.running
    server.stop()  # once more: nothing happens


@pytest.fixture
def client(llama) -> prompt.Client:
    return prompt.Client(llama.address, llama.key)


def test_the_server_answers_and_counts(client, llama) -> None:
    text = prompt.few_shot("A moving and clever film.", EXAMPLES)
    reply = client.ask(text, max_tokens=1, logprobs=50)
    assert reply.text.strip() == "positive" and reply.cut and reply.written == 1
    assert len(reply.top) > 40 and sum(map(np.exp, reply.top.values())) < 1
    assert max(reply.top, key=reply.top.get) == reply.text
    other = client.ask(prompt.few_shot("Bad.", EXAMPLES), max_tokens=1)
    assert other.cached > other.read / 2, "the examples were read once"
    assert not other.top
    assert (client.questions, client.read) == (2, reply.read + other.read)
    assert "2 questions" in client.usage and client.cost is None
    client.price_read, client.price_written = 1e6, 0.0
    assert client.cost == client.read and "at your prices" in client.usage
    assert llama.key not in repr(client) + repr(llama)


def test_a_chat_a_stream_and_a_structured_answer(client) -> None:
    messages = prompt.chat("A moving and clever film.", LABELS)
    logprobs = client.label_logprobs(messages, LABELS)
    assert logprobs.shape == (2,) and (logprobs < 0).all()
    assert client.choose(messages, LABELS) in LABELS
    streamed = "".join(client.stream(messages, max_tokens=4))
    assert streamed == client.ask(messages, max_tokens=4).text
    assert client.questions == 4
    with pytest.raises(KitError, match="at least two"):
        client.choose(messages, "positive")
    with pytest.raises(KitError, match="is no prompt"):
        client.ask([{"text": "Fine."}])


def test_a_wrong_key_and_a_long_prompt_are_named(client, llama) -> None:
    with pytest.raises(KitError, match="does not know the key") as refused:
        prompt.Client(llama.address, "wrong", model="any").ask("Fine.")
    assert "wrong" not in str(refused.value)
    with pytest.raises(KitError, match=r"too long.*fewer examples"):
        client.ask("a film " * 3000, max_tokens=1)


def test_a_second_start_is_the_same_server_and_an_interrupt_does_not_reach_it(llama) -> None:
    assert prompt.start_server() is llama
    with prompt.serve() as again:
        assert again is llama
    assert llama.running, "who did not start it does not stop it"
    if hasattr(os, "getsid"):
        assert os.getsid(llama.process.pid) != os.getsid(0)


def test_the_environment_names_the_server(llama, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", llama.address)
    monkeypatch.setenv("OPENAI_API_KEY", llama.key)
    assert prompt.Client().name == prompt.Client().models()[0]
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(KitError, match="start_server"):
        prompt.Client()


def test_what_does_not_start_is_named_and_ends(llama, tmp_path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF and nothing more")
    with pytest.raises(KitError, match=r"did not start .*damaged"):
        prompt.start_server(tmp_path / "bad.gguf")
    with pytest.raises(KitError, match="no file"):
        prompt.start_server(tmp_path / "none.gguf")

    def interrupt(*_) -> None:
        signal.raise_signal(signal.SIGINT)

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            prompt.start_server(context=512)
    finally:
        signal.signal(signal.SIGALRM, previous)
    servers = [c for c in psutil.Process().children() if str(local.PROCESS) in c.cmdline()]
    assert [c.pid for c in servers] == [llama.process.pid]


def test_a_missing_package_names_the_extra(monkeypatch) -> None:
    monkeypatch.setattr("kit.prompt.client.find_spec", lambda name: None)
    monkeypatch.setattr("kit.prompt.server.find_spec", lambda name: None)
    for call in (lambda: prompt.Client("http://127.0.0.1:9/v1", "key"), prompt.start_server):
        with pytest.raises(KitError, match="pip install"):
            call()
    assert prompt.missing_packages() == ("openai", "xllamacpp")


def completion(**choice) -> dict:
    """An answer of the protocol."""
    choice = {"index": 0, "finish_reason": "stop", "text": "x", "logprobs": None} | choice
    return {"id": "1", "object": "text_completion", "created": 0, "model": "m", "choices": [choice]}


def said(text: str) -> dict:
    """A chat's answer."""
    message = {"role": "assistant", "content": text}
    return completion(message=message) | {"object": "chat.completion"}


@contextmanager
def stub(status: int, body: dict | str, headers: dict | None = None, cut: bool = False):
    """A client of a server that gives this one answer. cut: the stream ends without an end."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            content = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            for name, value in (headers or {"Content-Type": "application/json"}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) + (1000 if cut else 0)))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        address = f"http://127.0.0.1:{http.server_port}/v1"
        yield prompt.Client(address, "key", model="m", retries=0, timeout=5)
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def error(message: str) -> dict:
    return {"error": {"message": message, "type": "error", "code": None}}


@pytest.mark.parametrize(
    "status, body, says",
    [
        (429, error("Rate limit reached"), "too many questions.*7 seconds to wait"),
        (429, error("You exceeded your current quota"), "no credit left"),
        (403, error("Not in your country"), "does not allow"),
        (404, error("The model m does not exist"), "client.models"),
        (400, error("logprobs are not supported"), "gives no log probabilities.*choose"),
        (400, error("max_tokens is not known"), "refuses the question.*max_tokens"),
        (503, error("Loading model"), "Wait a minute"),
        (200, completion(), "gives no log probabilities.*choose"),
        (200, "<html>It works!</html>", "ends in /v1"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_failure_is_named_with_its_remedy(status: int, body, says: str) -> None:
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    html = {"Content-Type": "text/html"} if isinstance(body, str) else {}
    headers = {"Content-Type": "application/json", "Retry-After": "7"} | html
    with stub(status, body, headers) as client, pytest.raises(KitError, match=says):
        client.ask("Fine.", logprobs=5)


@pytest.mark.parametrize("text", ["It is positive, I think.", '{"label": "great"}', ""])
def test_a_text_in_place_of_a_label_is_named(text: str) -> None:
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    with stub(200, said(text)) as client, pytest.raises(KitError, match="in place of one of neg"):
        client.choose("Fine.", LABELS)


@pytest.mark.parametrize("cut", [True, False], ids=["the connection ends", "no last piece comes"])
def test_a_cut_stream_is_named_with_what_came(cut: bool) -> None:
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    piece = completion(text="Half of", finish_reason=None)
    headers = {"Content-Type": "text/event-stream"}
    with (
        stub(200, f"data: {json.dumps(piece)}\n\n", headers, cut) as client,
        pytest.raises(KitError, match=r"(cut|ended) before.*ask again.*Half of"),
    ):
        list(client.stream("Fine."))


def test_no_server_is_named() -> None:
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    client = prompt.Client("http://127.0.0.1:9/v1", "key", model="m", retries=0)
    with pytest.raises(KitError, match=r"no server answers at http://127\.0\.0\.1:9"):
        client.ask("Fine.")
    with pytest.raises(KitError, match="must begin with http"):
        prompt.Client("127.0.0.1:9", "key")
