"""A language model behind an OpenAI-compatible HTTP server, such as llama.cpp's, Ollama or vLLM.

The text of the conversation leaves this process for `base_url`, and goes nowhere else: proxies and passwords of the
environment are not used. Each call makes its own connection and event loop, so that a stop reaches it wherever it
waits: for the name, the connection, the first token or the next.
"""

import asyncio
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from assistant.blocking import Emit, StopFlag
from assistant.errors import AssistantError, Code
from assistant.llm.base import Message, Usage
from assistant.llm.thoughts import WithoutThoughts

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 5.0
"""Patience with a connection, in seconds."""

PATIENCE_S = 60.0
"""Patience with the next piece of a reply, in seconds. Servers load a model when it is asked for the first time."""

LOOK_S = 0.01
"""Seconds between two looks at the stop flag while waiting."""

EXCERPT = 200
"""Characters of a server's complaint that an error message repeats."""

LETTERS_PER_TOKEN = 2
"""Letters from A to Z and spaces that a token is assumed to have, against 4 to 5 in English. Any other byte is assumed
to be a token of its own, as it is at worst."""

TEMPLATE_TOKENS = 8
"""Tokens that a chat template is assumed to put around a message; ChatML takes 5."""


class OpenAiCompatible:
    """`model` at the server `base_url`, which ends in `/v1` as a rule. The server is not asked before it is used.

    `patience_s` bounds the wait for each next piece. Raises `AssistantError` (`config.invalid`) when `base_url` is no
    address, or `api_key` nothing that HTTP can send.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None,
        context_tokens: int,
        temperature: float = 0.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        import httpx2

        self._base_url = _address(base_url)
        self._name = model
        self._headers = _authorization(api_key)
        self._context_tokens = context_tokens
        self._temperature = temperature
        self._timeout = httpx2.Timeout(patience_s, connect=min(CONNECT_S, patience_s))
        self._certificates = httpx2.create_ssl_context()

    @property
    def name(self) -> str:
        return self._name

    @property
    def device(self) -> str:
        return "http"

    @property
    def shares_processor(self) -> bool:
        """Never assumed: not every server goes on with a reply that was begun."""
        return False

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        """As `LanguageModel.generate`; not to be called in a thread that runs an event loop.

        `max_tokens` 0 asks for one token that is not emitted, since servers refuse none; whether that warms a cache is
        up to the server. What the server does not tell of the usage is 0, but for the pieces, which are counted.
        """
        if stop.is_set():
            return Usage(0, 0, 0)
        request = {
            "model": self._name,
            "messages": [_encodable(message) for message in messages],
            "max_tokens": max(1, max_tokens),
            "temperature": self._temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        reply = _Reply(emit if max_tokens else None, stop)
        anyio.run(self._converse, request, reply, stop)
        return reply.usage

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """More than the messages have in all likelihood; the server's tokenizer is not known."""
        return sum(TEMPLATE_TOKENS + _at_most(message.content) for message in messages)

    def close(self) -> None:
        """Nothing is held between calls."""

    async def _converse(self, request: Mapping[str, Any], reply: "_Reply", stop: StopFlag) -> None:
        import httpx2

        with anyio.CancelScope() as scope, self._named_errors():
            _cancel_when_set(stop, scope)
            async with (
                httpx2.AsyncClient(verify=self._certificates, timeout=self._timeout, trust_env=False) as client,
                client.stream(
                    "POST", f"{self._base_url}/chat/completions", json=request, headers=self._headers
                ) as response,
            ):
                if response.status_code != httpx2.codes.OK:
                    raise await self._refusal(response)
                async for event in httpx2.EventSource(response):
                    reply.take(event.data)
                reply.end()

    async def _refusal(self, response: "httpx2.Response") -> AssistantError:
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > 16 * EXCERPT:
                break
        advice = {401: "; check the key in llm.api_key_env", 404: "; check llm.base_url and llm.model"}
        return AssistantError(
            Code.LLM_FAILED,
            f"{self._base_url} answered {response.status_code}: {_complaint(body)}"
            + advice.get(response.status_code, ""),
        )

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Errors of the library, and of what the server sent, as `AssistantError`s that name the server."""
        import httpx2

        try:
            yield
        except (httpx2.TimeoutException, httpx2.ConnectError) as error:
            raise AssistantError(
                Code.LLM_UNREACHABLE,
                f"{self._base_url} cannot be reached ({_name(error)}); start the server, or change llm.base_url",
            ) from error
        except (httpx2.HTTPError, msgspec.DecodeError, _BrokenOffError) as error:
            raise AssistantError(Code.LLM_FAILED, f"{self._base_url} sent no usable reply: {_name(error)}") from error


class _BrokenOffError(Exception):
    """The server reported an error within the reply, or ended it too early."""


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _CachedTokens(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _ReportedUsage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _CachedTokens | None = None


class _Chunk(msgspec.Struct, frozen=True):
    """One event of a reply, as far as it is of use. Thoughts in fields of their own are among what is not."""

    choices: list[_Choice] | None = None
    usage: _ReportedUsage | None = None
    error: Any = None


class _Reply:
    """Takes the events of a reply and emits its text."""

    def __init__(self, emit: Emit[str] | None, stop: StopFlag) -> None:
        self._emit = emit
        self._stop = stop
        self._text = WithoutThoughts()
        self._finished = False
        self._pieces = 0
        self._reported: _ReportedUsage | None = None

    def take(self, data: str) -> None:
        """Raises `_BrokenOffError` for an error that the server reports, `msgspec.DecodeError` for what is no event."""
        if data.strip() == "[DONE]":
            self._finished = True
            return
        chunk = msgspec.json.decode(data, type=_Chunk)
        if chunk.error is not None:
            raise _BrokenOffError(_complaint(msgspec.json.encode({"error": chunk.error})))
        self._reported = chunk.usage or self._reported
        for choice in chunk.choices or ():
            self._take_choice(choice)

    def end(self) -> None:
        """The connection was closed. Raises `_BrokenOffError` when the reply had not ended."""
        if not self._finished:
            raise _BrokenOffError("it broke off in the middle")
        self._hand_out(self._text.flush())

    @property
    def usage(self) -> Usage:
        reported = self._reported
        generated = self._pieces if self._emit else 0
        if reported is None:
            return Usage(0, 0, generated)
        details = reported.prompt_tokens_details
        reused = (details.cached_tokens if details else None) or 0
        return Usage(reused, reported.prompt_tokens - reused, reported.completion_tokens if self._emit else 0)

    def _take_choice(self, choice: _Choice) -> None:
        self._finished = self._finished or choice.finish_reason is not None
        if choice.delta.content:
            self._pieces += 1
            self._hand_out(self._text.feed(choice.delta.content))

    def _hand_out(self, text: str) -> None:
        if text and self._emit is not None and not self._stop.is_set():
            self._emit(text)


def _cancel_when_set(stop: StopFlag, scope: anyio.CancelScope) -> None:
    """Look at `stop` every `LOOK_S` until it is set or the event loop of this call has ended."""
    if stop.is_set():
        scope.cancel()
    else:
        asyncio.get_running_loop().call_later(LOOK_S, _cancel_when_set, stop, scope)


def _address(base_url: str) -> str:
    import httpx2

    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise AssistantError(Code.CONFIG_INVALID, f"llm.base_url {base_url!r} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host or (url.port or 0) > 65535:
        raise AssistantError(
            Code.CONFIG_INVALID, f"llm.base_url {base_url!r} is no address such as http://127.0.0.1:8080/v1"
        )
    return base_url.rstrip("/")


def _authorization(api_key: str | None) -> dict[str, str]:
    key = (api_key or "").strip()
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()):
        raise AssistantError(
            Code.CONFIG_INVALID, "the key in the variable that llm.api_key_env names has characters no key has"
        )
    return {"Authorization": f"Bearer {key}"}


def _encodable(message: Message) -> dict[str, str]:
    """A message as the server gets it. Half a surrogate pair, which no UTF-8 can hold, becomes a question mark."""
    return {"role": message.role, "content": message.content.encode("utf-8", "replace").decode("utf-8")}


def _at_most(text: str) -> int:
    encoded = text.encode("utf-8", "replace")
    letters = sum(map(len, re.findall(rb"[A-Za-z ]+", encoded)))
    return math.ceil(letters / LETTERS_PER_TOKEN) + len(encoded) - letters


def _complaint(body: bytes) -> str:
    """What an error's body says, in one line of at most `EXCERPT` characters."""
    try:
        error = msgspec.json.decode(body)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        said = body.decode("utf-8", "replace")
    return " ".join(str(said).split())[:EXCERPT] or "nothing"


def _name(error: Exception) -> str:
    return " ".join(str(error).split())[:EXCERPT] or type(error).__name__
