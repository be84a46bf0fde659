"""What the openai package raises, as KitErrors: what happened, and the remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

from kit.errors import KitError

__all__ = ["explained"]

KEY = "give the key that belongs to this server, Client(key=...), or set OPENAI_API_KEY"
WAIT = "seconds to wait, says the server"


@contextmanager
def explained(address: str, model: str | None, timeout: float) -> Iterator[None]:
    """Context of a call: every failure of the server or of the way to it becomes a KitError."""
    import openai

    try:
        yield
    except openai.APITimeoutError as error:
        raise KitError(
            f"{address} did not answer within {timeout:g} seconds: give it longer, "
            f"Client(timeout={4 * timeout:g}), or a shorter prompt."
        ) from error
    except openai.APIStatusError as error:
        raise KitError(_refusal(error, address, model)) from error
    except openai.APIConnectionError as error:
        if _broken(error):
            raise KitError(_early_end(address, error)) from error
        raise KitError(
            f"no server answers at {address} ({_cause(error)}): start it, or correct the address, "
            "which usually ends in /v1 (OPENAI_BASE_URL). The server that comes with the kit is "
            "started by prompt.start_server()."
        ) from error
    except openai.OpenAIError as error:
        raise KitError(
            f"{address} gave an answer that is not of this protocol ({error!s:.200}): give the "
            "address of an OpenAI-compatible server, which usually ends in /v1."
        ) from error
    except Exception as error:
        # The stream's own library raises its errors through: a connection that ends too early.
        if not type(error).__module__.startswith(("httpx", "httpcore")):
            raise
        raise KitError(_early_end(address, error)) from error


def _early_end(address: str, error: BaseException) -> str:
    return f"the connection to {address} ended before the answer did ({_cause(error)}): ask again."


def _broken(error: BaseException | None) -> bool:
    """Whether there was a connection, which then broke."""
    while error is not None:
        if type(error).__name__ in ("RemoteProtocolError", "ReadError"):
            return True
        error = error.__cause__
    return False


def _cause(error: BaseException) -> str:
    """The first cause in a few words; no text of a request, which could hold a key."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"[:120]


def _refusal(error, address: str, model: str | None) -> str:
    """A sentence about an answer of 400 or more."""
    status, said = error.status_code, _said(error)
    if status == 401:
        return f"{address} does not know the key (401): {KEY}."
    if status == 403:
        return (
            f"{address} does not allow this with the key (403): {said}. Ask who gave you the key."
        )
    if status == 404:
        return (
            f"{address} has no model {model!r}, or no such question (404): {said}. client.models() "
            "lists its models; a chat model is asked with messages, prompt.chat(...)."
        )
    if status == 429 and "quota" in said.lower():
        return f"the account at {address} has no credit left (429): {said}. Add credit there."
    if status == 429:
        wait = error.response.headers.get("retry-after")
        hint = f"{wait} {WAIT}" if wait else "wait a minute"
        return (
            f"{address} gets too many questions (429): {hint}; then ask again, or ask less often, "
            "Client(retries=6). What was answered so far is yours."
        )
    if status in (400, 413, 422) and "context" in said.lower():
        return (
            f"the prompt is too long for {model!r} ({status}): {said}. Take fewer examples, or "
            "start_server(context=4096)."
        )
    if status in (400, 422) and "logprob" in said.lower():
        return (
            f"{model!r} gives no log probabilities ({status}): {said}. Let it write the label, "
            "client.choose(prompt, labels), or take another model."
        )
    if status >= 500:
        return f"{address} has failed itself ({status}): {said}. Wait a minute, then ask again."
    return f"{address} refuses the question ({status}): {said}. Correct what it names."


def _said(error) -> str:
    """The server's own message, at most 200 characters."""
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("error") or body
    return " ".join(str(body or error.message).split())[:200].rstrip(".")
