"""A language model behind an OpenAI-compatible HTTP server, such as llama.cpp's, Ollama or vLLM.

The text of the conversation leaves this process for `base_url`, and goes nowhere else: proxies and passwords of the
environment are not used, and no cookies kept. Connections are kept for the next reply.
"""

import asyncio
import math
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import anyio

from assistant.errors import AssistantError, Code
from assistant.llm.base import Generation, Message, Prompt, RemoteLanguageModel
from assistant.llm.content import neutral
from assistant.llm.openai_stream import DONE, EXCERPT, EventReader, ReplyParser, UnusableError, complaint

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 5.0
"""Patience with a connection, in seconds."""

PATIENCE_S = 60.0
"""Patience with the next piece of a reply, in seconds. Servers load a model when it is asked for the first time."""

KEEP_S = 50.0
"""Seconds that an unused connection is kept. Load balancers and proxies commonly forget one after 60 (nginx 75), some
without telling; a server that closes it earlier is noticed."""

LINGER_S = 0.2
"""Seconds that a server has to end the response after its last event, so that the connection can be used again. Some
never end it."""

LETTERS_PER_TOKEN = 2
"""Letters from A to Z and spaces that a token is assumed to have, against 4 to 5 in English. Any other byte is assumed
to be a token of its own, as it is at worst."""

TEMPLATE_TOKENS = 8
"""Tokens that a chat template is assumed to put around a message; ChatML takes 5."""


class OpenAiCompatible(RemoteLanguageModel):
    """`model` at the server `base_url`, which ends in `/v1` as a rule. The server is not asked before it is used.

    `patience_s` bounds the wait for each next piece. Connections belong to the event loop that uses the model, and are
    closed by `aclose` or at the end of that loop; another loop may use the model afterwards. Raises `AssistantError`
    (`config.invalid`) when `base_url` is no address, or `api_key` nothing that HTTP can send.
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

        self.name = model
        self.device = "http"
        self.context_tokens = context_tokens
        self._base_url = _address(base_url)
        self._headers = _authorization(api_key)
        self._temperature = temperature
        self._timeout = httpx2.Timeout(patience_s, connect=min(CONNECT_S, patience_s))
        self._certificates = httpx2.create_ssl_context()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: AsyncGenerator[httpx2.AsyncClient, None]
        self._client: httpx2.AsyncClient

    def generate(self, prompt: Prompt, *, max_tokens: int) -> Generation:
        """As `RemoteLanguageModel.generate`. Leaving the reply early closes its connection at once.

        What the server does not tell of the usage is 0, but for the pieces, which are counted.
        """
        return _Reply(self, prompt, max_tokens)

    async def read(self, prompt: Prompt) -> None:
        """Ask for one token, since servers refuse none; whether that warms a cache is up to the server."""
        async with aclosing(self.generate(prompt, max_tokens=1).pieces()) as pieces:
            async for _ in pieces:
                pass

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """More than the messages have in all likelihood; the server's tokenizer is not known."""
        return sum(TEMPLATE_TOKENS + _at_most(message.content) for message in messages)

    async def aclose(self) -> None:
        """Close the connections. A reply under way fails (`llm.failed`)."""
        if self._loop is asyncio.get_running_loop():
            self._loop = None
            await self._opened.aclose()

    def request(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        """The body of a request for a reply of at most `max_tokens` tokens."""
        return {
            "model": self.name,
            "messages": [_encodable(message) for message in messages],
            "max_tokens": max_tokens,
            "temperature": self._temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    async def events(self, request: Mapping[str, Any]) -> AsyncGenerator[str, None]:
        """Send the request and yield each event of the response. Raises what `named_errors` takes."""
        import httpx2

        async with self._response(request) as response:
            if response.status_code != httpx2.codes.OK:
                raise await self._refusal(response)
            reader = EventReader()
            async with aclosing(response.aiter_bytes()) as received:
                is_done = False
                while not is_done and (part := await anext(received, None)) is not None:
                    for event in reader.feed(part):
                        yield event
                        is_done = is_done or event == DONE
                for event in await _late(received, reader) if is_done else reader.end():
                    yield event

    @asynccontextmanager
    async def _response(self, request: Mapping[str, Any]) -> AsyncIterator["httpx2.Response"]:
        client = await self._client_of_this_loop()
        response = None
        while response is None:
            response = await self._send(client, request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send(self, client: "httpx2.AsyncClient", request: Mapping[str, Any]) -> "httpx2.Response | None":
        """The response as soon as it has begun; None when the server gave up a kept connection as it was used again.

        Each None is the end of a kept connection, so that a new one is tried in the end.
        """
        import httpx2

        connection = _Connection()
        sent = client.build_request(
            "POST",
            f"{self._base_url}/chat/completions",
            json=request,
            headers=self._headers,
            extensions={"trace": connection.trace},
        )
        try:
            return await client.send(sent, stream=True)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError):
            if connection.is_new or client.is_closed:
                raise
            return None

    async def _client_of_this_loop(self) -> "httpx2.AsyncClient":
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._opened = loop, self._open()
            self._client = await anext(self._opened)
        return self._client

    async def _open(self) -> AsyncGenerator["httpx2.AsyncClient", None]:
        """Yield a client and close it afterwards. A generator, because an event loop closes those at its end."""
        import httpx2

        client = httpx2.AsyncClient(
            verify=self._certificates,
            timeout=self._timeout,
            limits=httpx2.Limits(keepalive_expiry=KEEP_S),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )
        try:
            yield client
        finally:
            await client.aclose()

    async def _refusal(self, response: "httpx2.Response") -> AssistantError:
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > 16 * EXCERPT:
                break
        advice = {401: "; check the key in llm.api_key_env", 404: "; check llm.base_url and llm.model"}
        return AssistantError(
            Code.LLM_FAILED,
            f"{self._base_url} answered {response.status_code}: {complaint(body)}"
            + advice.get(response.status_code, ""),
        )

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Errors of the library, and of what the server sent, as `AssistantError`s that name the server."""
        import httpx2

        try:
            yield
        except (httpx2.TimeoutException, httpx2.ConnectError) as error:
            raise AssistantError(
                Code.LLM_UNREACHABLE,
                f"{self._base_url} cannot be reached ({_name(error)}); start the server, or change llm.base_url",
            ) from error
        except (httpx2.HTTPError, UnusableError) as error:
            raise AssistantError(Code.LLM_FAILED, f"{self._base_url} sent no usable reply: {_name(error)}") from error


class _Connection:
    """Follows how a request gets its connection, as httpx2's `trace` extension."""

    def __init__(self) -> None:
        self.is_new = False
        """Whether it was made for this request."""
        self._stream: Any = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        match event:
            case "connection.connect_tcp.started":
                self.is_new = True
            case "connection.connect_tcp.complete":
                self._stream = info["return_value"]
            case "connection.start_tls.failed":  # httpcore2 2.16 leaves it open when it is cancelled
                with anyio.CancelScope(shield=True):
                    await self._stream.aclose()


class _Reply(Generation):
    """A reply that a server writes. The request is sent when its first piece is waited for."""

    def __init__(self, server: OpenAiCompatible, prompt: Prompt, max_tokens: int) -> None:
        super().__init__()
        self._server = server
        self._prompt = prompt
        self._max_tokens = max_tokens

    async def pieces(self) -> AsyncGenerator[str, None]:
        request = self._server.request(self._prompt(self._server.count_tokens), self._max_tokens)
        with self._server.named_errors():
            async with aclosing(self._texts(request)) as texts:
                while (text := await self._next(texts)) is not None:
                    if text:
                        yield text

    async def _next(self, texts: AsyncGenerator[str, None]) -> str | None:
        began = time.monotonic()
        try:
            return await anext(texts, None)
        finally:
            self.work_s += time.monotonic() - began

    async def _texts(self, request: Mapping[str, Any]) -> AsyncGenerator[str, None]:
        """The text that each event completes, which is often none."""
        parser = ReplyParser()
        self.usage = parser.usage
        async with aclosing(self._server.events(request)) as events:
            async for event in events:
                text = parser.take(event)
                self.usage = parser.usage
                yield text
        yield parser.end()


async def _late(received: AsyncIterator[bytes], reader: EventReader) -> list[str]:
    """Read to the end of the response, for a moment; the events that came after the last one."""
    events: list[str] = []
    with anyio.move_on_after(LINGER_S):
        async for part in received:
            events += reader.feed(part)
    return events


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
    """A message as the server gets it. Half a surrogate pair, which no UTF-8 can hold, becomes a question mark.

    Servers tokenise what looks like their model's control tokens as such, wherever it stands.
    """
    return {"role": message.role, "content": neutral(message.content.encode("utf-8", "replace").decode("utf-8"))}


def _at_most(text: str) -> int:
    encoded = text.encode("utf-8", "replace")
    letters = sum(map(len, re.findall(rb"[A-Za-z ]+", encoded)))
    return math.ceil(letters / LETTERS_PER_TOKEN) + len(encoded) - letters


def _name(error: Exception) -> str:
    return " ".join(str(error).split())[:EXCERPT] or type(error).__name__
