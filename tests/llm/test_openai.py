"""A language model behind HTTP: a real server of the real model, and scripted ones for everything that goes wrong."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest

from assistant.errors import AssistantError, Code
from assistant.llm.base import CountTokens, Message, Prompt, Usage
from assistant.llm.llama import LlamaCpp
from assistant.llm.openai import OpenAiCompatible

pytestmark = pytest.mark.anyio

GUARD_S = 30.0
"""Seconds after which a test that waits for what never comes fails."""

QUESTION = [Message("system", "Answer briefly."), Message("user", "What is the capital of France?")]

Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Requests on one connection, each answered by the script of its server."""

    protocol_version = "HTTP/1.1"
    server: "Scripted"

    def do_POST(self) -> None:
        self.close_connection = not self.server.keeps
        self.server.connections.append(self.client_address[1])
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        self.server.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.asked.set()
        self.server.script(self)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def begin(self, status: int = 200, kind: str = "text/event-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if self.server.keeps:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def write(self, body: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body) if self.server.keeps else body)

    def say(self, data: str) -> None:
        self.write(f"data: {data}\n\n".encode())

    def piece(self, text: str | None, finish_reason: str | None = None) -> None:
        self.say(json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}))

    def end(self) -> None:
        self.piece(None, "stop")
        self.say("[DONE]")
        if self.server.keeps:
            self.write(b"")

    def wait_until_left(self) -> None:
        """Wait until the client has closed the connection."""
        assert self.rfile.read(1) == b""
        self.server.left.set()


def empty_reply(handler: Handler) -> None:
    handler.begin()
    handler.end()


class Scripted(ThreadingHTTPServer):
    """A server on this machine that answers as its script says, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Script = empty_reply
        self.keeps = False
        """Whether it leaves connections open after a reply."""
        self.connections: list[int] = []
        """The connection of each request, by the client's port."""
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.requests: list[dict[str, Any]] = []
        self.asked = threading.Event()
        self.left = threading.Event()
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is what some tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def keys(self) -> list[str | None]:
        return [headers.get("Authorization") for headers in self.headers]


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def client(url: str, api_key: str | None = None, patience_s: float = 30.0) -> OpenAiCompatible:
    return OpenAiCompatible(url, "some-model", api_key=api_key, context_tokens=512, patience_s=patience_s)


def saying(messages: Sequence[Message]) -> Prompt:
    return lambda count: list(messages)


async def ask(
    model: OpenAiCompatible,
    messages: Sequence[Message] = QUESTION,
    *,
    max_tokens: int = 16,
    enough: int | None = None,
    pieces: list[str] | None = None,
) -> tuple[list[str], Usage]:
    """The reply, or `enough` pieces of it, and its usage."""
    pieces = [] if pieces is None else pieces
    reply = model.generate(saying(messages), max_tokens=max_tokens)
    async with aclosing(reply.pieces()) as arriving:
        async for piece in arriving:
            pieces.append(piece)
            if len(pieces) == enough:
                break
    assert reply.usage is not None
    return pieces, reply.usage


async def ask_once(model: OpenAiCompatible) -> tuple[list[str], Usage]:
    """The reply to one question, after which the model is closed."""
    try:
        return await ask(model)
    finally:
        await model.aclose()


async def refused(model: OpenAiCompatible, pieces: list[str] | None = None) -> AssistantError:
    with pytest.raises(AssistantError) as raised:
        await ask(model, pieces=pieces)
    await model.aclose()
    return raised.value


async def cancel_when(reached: Callable[[], Awaitable[object]], model: OpenAiCompatible) -> None:
    """Cancel the consumer of a reply once a moment is reached; returns when the consumer has gone."""
    with anyio.fail_after(GUARD_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, model)
            await reached()
            tasks.cancel_scope.cancel()


async def happens(event: threading.Event) -> None:
    assert await anyio.to_thread.run_sync(event.wait, GUARD_S)


@pytest.fixture(scope="module")
def real_address(gguf_path: Path) -> Iterator[str]:
    """llama.cpp's own server, on a TCP port, which asks for a key."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(gguf_path)
    parameters.n_ctx = 512
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.api_keys = ["secret"]
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1/"
    del server


@pytest.fixture
async def real(real_address: str) -> AsyncIterator[OpenAiCompatible]:
    model = client(real_address, api_key=" secret\n")
    yield model
    await model.aclose()


async def test_a_real_server_replies_piece_by_piece_and_tells_the_usage(real: OpenAiCompatible) -> None:
    pieces, usage = await ask(real)
    assert len("".join(pieces)) > 10
    assert len(pieces) > 3
    assert usage.generated >= len(pieces)
    _, again = await ask(real)
    assert again.evaluated == 1
    assert again.reused + 1 == usage.reused + usage.evaluated


async def test_a_real_server_reads_a_prompt_ahead(real: OpenAiCompatible) -> None:
    prompt = [Message("user", "What is the capital of a country that nobody has asked about?")]
    await real.read(saying(prompt))
    _, usage = await ask(real, prompt)
    assert usage.evaluated == 1


async def test_a_real_server_stops_and_answers_the_next_question(real: OpenAiCompatible) -> None:
    pieces, usage = await ask(real, [Message("user", "Count to 200.")], max_tokens=300, enough=2)
    assert len(pieces) == 2
    assert usage.generated >= 2
    assert (await ask(real))[0]


async def test_a_real_server_without_the_key_says_where_the_key_belongs(real_address: str) -> None:
    error = await refused(client(real_address, api_key="wrong"))
    assert error.code == Code.LLM_FAILED
    assert "401: Invalid API Key" in error.message
    assert "llm.api_key_env" in error.message
    assert "wrong" not in error.message


async def test_a_prompt_too_long_for_a_real_server_is_its_complaint(real: OpenAiCompatible) -> None:
    with pytest.raises(AssistantError, match="exceeds the available context size") as raised:
        await ask(real, [Message("user", "word " * 600)], max_tokens=8)
    assert raised.value.code == Code.LLM_FAILED


async def test_the_request_says_what_the_protocol_wants(server: Scripted) -> None:
    await ask_once(client(f"{server.url}/", api_key="secret"))
    assert server.paths == ["/v1/chat/completions"]
    assert server.keys == ["Bearer secret"]
    (request,) = server.requests
    assert request["model"] == "some-model"
    assert request["stream"] is True
    assert request["messages"][1] == {"role": "user", "content": "What is the capital of France?"}


@pytest.mark.parametrize("api_key", [None, "", "  \n"])
async def test_without_a_key_none_is_sent(server: Scripted, api_key: str | None) -> None:
    await ask_once(client(server.url, api_key=api_key))
    assert server.keys == [None]


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(passwords))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    await ask_once(client(server.url))
    assert server.keys == [None]


async def test_thoughts_and_events_without_text_are_not_emitted(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.write(b": keep alive\n\n")
        handler.say('{"choices": [{"delta": {"role": "assistant", "reasoning_content": "Hm."}}]}')
        handler.say('{"choices": []}')
        for text in ("<think>", "Hm.", "</think>", "\n\nNo", "on", ". <"):
            handler.piece(text)
        handler.end()

    server.script = script
    assert (await ask_once(client(server.url)))[0] == ["No", "on", ".", " <"]


async def test_a_server_that_never_ends_the_response_does_not_hold_up_the_reply(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("Noon.")
        handler.say("[DONE]")
        handler.wait_until_left()

    server.script = script
    assert (await ask_once(client(server.url)))[0] == ["Noon."]
    await happens(server.left)


async def test_a_reply_that_was_not_streamed_is_taken_as_a_whole(server: Scripted) -> None:
    server.script = status(200, '{"choices": [{"message": {"content": "Noon."}, "finish_reason": "stop"}]}')
    assert (await ask_once(client(server.url)))[0] == ["Noon."]


async def test_a_usage_that_is_not_told_counts_the_pieces(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("No")
        handler.piece("on.")
        handler.end()

    server.script = script
    assert (await ask_once(client(server.url)))[1] == Usage(0, 0, 2)


async def test_a_usage_that_is_told_counts_reused_tokens_apart(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.end()
        told = {"prompt_tokens": 30, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 20}}
        handler.say(json.dumps({"choices": [], "usage": told}))

    server.script = script
    assert (await ask_once(client(server.url)))[1] == Usage(reused=20, evaluated=10, generated=4)


async def test_a_prompt_read_ahead_asks_for_one_token(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("No")
        handler.piece(None, "length")

    server.script = script
    model = client(server.url)
    await model.read(saying(QUESTION))
    await model.aclose()
    assert server.requests[0]["max_tokens"] == 1


async def test_a_prompt_that_cannot_be_read_ahead_is_an_error(server: Scripted) -> None:
    server.script = status(500, "broken")
    model = client(server.url)
    with pytest.raises(AssistantError, match="500: broken"):
        await model.read(saying(QUESTION))
    await model.aclose()


async def test_the_prompt_is_made_with_an_estimate_of_its_tokens_when_the_reply_is_begun(server: Scripted) -> None:
    counted: list[int] = []

    def prompt(count: CountTokens) -> list[Message]:
        counted.append(count(QUESTION))
        return QUESTION

    model = client(server.url)
    reply = model.generate(prompt, max_tokens=16)
    assert counted == []
    assert reply.usage is None
    async with aclosing(reply.pieces()) as pieces:
        assert [piece async for piece in pieces] == []
    await model.aclose()
    assert counted == [model.count_tokens(QUESTION)]


async def test_what_the_prompt_raises_comes_out_and_asks_nothing(server: Scripted) -> None:
    def prompt(count: CountTokens) -> list[Message]:
        raise AssistantError(Code.LLM_FAILED, "too long")

    with pytest.raises(AssistantError, match=r"^too long$"):
        await anext(client(server.url).generate(prompt, max_tokens=16).pieces())
    assert server.paths == []


async def test_half_a_surrogate_pair_does_no_harm(server: Scripted) -> None:
    model = client(server.url)
    messages = [Message("user", "half: \ud83d")]
    assert (await ask(model, messages))[0] == []
    await model.aclose()
    assert server.requests[0]["messages"][0]["content"] == "half: ?"
    assert model.count_tokens(messages) > 0


async def test_the_work_of_a_reply_is_all_but_the_time_that_its_consumer_takes(server: Scripted) -> None:
    waited_s = 0.0

    def script(handler: Handler) -> None:
        nonlocal waited_s
        began = time.monotonic()
        server.released.wait(0.05)
        waited_s = time.monotonic() - began
        handler.begin()
        for _ in range(5):
            handler.piece("la ")
        handler.end()

    server.script = script
    model = client(server.url)
    reply = model.generate(saying(QUESTION), max_tokens=16)
    began, taken_s = time.monotonic(), 0.0
    async with aclosing(reply.pieces()) as pieces:
        async for _ in pieces:
            handed_over = time.monotonic()
            await anyio.sleep(0.02)
            taken_s += time.monotonic() - handed_over
    assert waited_s <= reply.work_s <= time.monotonic() - began - taken_s
    await model.aclose()


def la(handler: Handler) -> None:
    handler.begin()
    handler.piece("lo")
    handler.end()


@asynccontextmanager
async def keeping(server: Scripted) -> AsyncIterator[OpenAiCompatible]:
    """A model at a server that leaves connections open."""
    server.keeps = True
    server.script = la
    model = client(server.url)
    yield model
    await model.aclose()


async def test_replies_one_after_another_use_one_connection(server: Scripted) -> None:
    async with keeping(server) as model:
        for _ in range(3):
            assert (await ask(model))[0] == ["lo"]
    assert len(server.connections) == 3
    assert len(set(server.connections)) == 1


async def test_replies_at_once_use_a_connection_each(server: Scripted) -> None:
    both = threading.Barrier(2)

    def script(handler: Handler) -> None:
        both.wait(GUARD_S)
        la(handler)

    async with keeping(server) as model:
        server.script = script
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, model)
            tasks.start_soon(ask, model)
    assert len(set(server.connections)) == 2


async def test_a_connection_that_the_server_has_closed_does_not_cost_a_reply(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        la(handler)
        handler.close_connection = True

    async with keeping(server) as model:
        server.script = script
        for _ in range(3):
            assert (await ask(model))[0] == ["lo"]
    assert len(set(server.connections)) == 3


async def test_a_connection_that_the_server_closes_when_it_is_used_again_does_not_cost_a_reply(
    server: Scripted,
) -> None:
    def script(handler: Handler) -> None:
        if server.connections.count(server.connections[-1]) == 1:
            la(handler)
        else:
            handler.close_connection = True

    async with keeping(server) as model:
        server.script = script
        for _ in range(2):
            assert (await ask(model))[0] == ["lo"]
    assert len(server.connections) == 3
    assert len(set(server.connections)) == 2


async def test_a_new_connection_that_breaks_is_not_tried_again(server: Scripted) -> None:
    server.script = lambda handler: None
    assert (await refused(client(server.url))).code == Code.LLM_FAILED
    assert len(server.requests) == 1


async def test_a_connection_that_breaks_in_a_reply_is_not_tried_again(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        handler.close_connection = True

    async with keeping(server) as model:
        await ask(model)
        server.script = script
        assert (await refused(model)).code == Code.LLM_FAILED
    assert len(server.requests) == 2


async def test_a_server_cannot_mark_its_client_with_a_cookie(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Set-Cookie", "who=you; Path=/")
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.end()

    server.script = script
    model = client(server.url)
    await ask(model)
    await ask(model)
    await model.aclose()
    assert len(server.headers) == 2
    assert "Cookie" not in server.headers[1]


def test_event_loops_one_after_another_use_the_same_model(server: Scripted) -> None:
    server.keeps = True
    server.script = la
    model = client(server.url)
    for _ in range(2):
        assert anyio.run(ask, model)[0] == ["lo"]
    assert len(set(server.connections)) == 2
    anyio.run(model.aclose)


async def test_a_connection_is_closed_with_the_model(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        la(handler)
        handler.wait_until_left()

    async with keeping(server) as model:
        server.script = script
        await ask(model)
        assert not server.left.is_set()
    await happens(server.left)


@pytest.mark.parametrize("kept", [False, True])
async def test_a_reply_under_way_fails_when_the_model_is_closed(server: Scripted, kept: bool) -> None:
    async def close() -> None:
        await happens(server.asked)
        await model.aclose()

    async with keeping(server) as model:
        if kept:
            await ask(model)
        server.asked.clear()
        server.script = lambda handler: handler.wait_until_left()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close)
            with pytest.raises(AssistantError) as raised:
                await ask(model)
    assert raised.value.code == Code.LLM_FAILED
    assert len(server.connections) == 1 + kept


async def test_a_reply_cancelled_from_the_beginning_asks_nothing(server: Scripted) -> None:
    model = client(server.url)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await ask(model)
    await model.aclose()
    assert server.paths == []


async def test_a_reply_cancelled_while_the_name_is_looked_up_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, released = threading.Event(), threading.Event()

    def look_up(*args: object, **kwargs: object) -> None:
        asked.set()
        released.wait(GUARD_S)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    model = client("http://a-slow-name.invalid/v1")
    await cancel_when(partial(happens, asked), model)
    assert not released.is_set()
    released.set()
    await model.aclose()


def connecting(port: int) -> int:
    """Connections of this machine to `port` on 127.0.0.1 that are not accepted yet."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(fields[2] == f"0100007F:{port:04X}" and fields[3] == "02" for fields in lines)


async def test_a_reply_cancelled_while_connecting_gives_the_connection_up() -> None:
    with ExitStack() as sockets:
        busy = sockets.enter_context(socket.socket())
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        port = busy.getsockname()[1]
        while not connecting(port):  # until the backlog is full
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        others = connecting(port)

        async def joined() -> None:
            while connecting(port) == others:
                await anyio.wait_all_tasks_blocked()

        model = client(f"http://127.0.0.1:{port}/v1")
        await cancel_when(joined, model)
        assert connecting(port) == others
        await model.aclose()


async def test_a_reply_cancelled_while_encryption_is_negotiated_closes_the_connection() -> None:
    greeted, left = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(4096):
                greeted.set()
        left.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        model = client(f"https://127.0.0.1:{listener.getsockname()[1]}/v1")
        await cancel_when(partial(happens, greeted), model)
        await happens(left)
        thread.join()
        await model.aclose()


async def test_a_reply_cancelled_while_waiting_for_the_answer_closes_the_connection(server: Scripted) -> None:
    server.script = lambda handler: handler.wait_until_left()
    model = client(server.url)
    await cancel_when(partial(happens, server.asked), model)
    await happens(server.left)
    await model.aclose()


async def test_a_reply_cancelled_while_waiting_for_the_first_piece_closes_the_connection(server: Scripted) -> None:
    begun = threading.Event()

    def script(handler: Handler) -> None:
        handler.begin()
        begun.set()
        handler.wait_until_left()

    server.script = script
    model = client(server.url)
    await cancel_when(partial(happens, begun), model)
    await happens(server.left)
    await model.aclose()


async def test_a_reply_cancelled_while_waiting_for_the_next_piece_closes_the_connection(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        handler.wait_until_left()

    server.script = script
    model = client(server.url)
    pieces: list[str] = []
    with anyio.fail_after(GUARD_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(ask, model, pieces=pieces))
            while not pieces:
                await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await happens(server.left)
    assert pieces == ["It is"]
    await model.aclose()


async def test_a_kept_connection_is_not_used_again_after_a_cancelled_reply(server: Scripted) -> None:
    async with keeping(server) as model:
        await ask(model)
        server.script = lambda handler: handler.wait_until_left()
        server.asked.clear()
        await cancel_when(partial(happens, server.asked), model)
        await happens(server.left)
        server.script = la
        assert (await ask(model))[0] == ["lo"]
    assert server.connections[0] == server.connections[1] != server.connections[2]


async def test_leaving_between_pieces_ends_the_reply(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        try:
            while True:
                handler.piece("la ")
        except OSError:
            server.left.set()

    server.script = script
    model = client(server.url)
    assert len((await ask(model, enough=3))[0]) == 3
    await happens(server.left)
    await model.aclose()


async def test_a_listener_that_leaves_the_stream_ends_the_reply(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        handler.wait_until_left()

    server.script = script
    model = client(server.url)
    async with aclosing(model.generate(saying(QUESTION), max_tokens=8).pieces()) as pieces:
        assert await anext(pieces) == "It is"
    await happens(server.left)
    await model.aclose()


async def test_what_the_listener_raises_comes_out_and_ends_the_reply(server: Scripted) -> None:
    class GoneError(BaseException):
        pass

    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        handler.wait_until_left()

    server.script = script
    model = client(server.url)

    async def listen() -> None:
        async with aclosing(model.generate(saying(QUESTION), max_tokens=8).pieces()) as pieces:
            async for _ in pieces:
                raise GoneError

    with pytest.raises(GoneError):
        await listen()
    await happens(server.left)
    await model.aclose()


async def test_a_server_that_is_not_there_is_named(server: Scripted) -> None:
    server.server_close()
    error = await refused(client(server.url))
    assert error.code == Code.LLM_UNREACHABLE
    assert server.url in error.message
    assert "llm.base_url" in error.message


async def test_a_name_that_nobody_knows_is_named() -> None:
    error = await refused(client("http://no-such-host.invalid/v1"))
    assert error.code == Code.LLM_UNREACHABLE
    assert "http://no-such-host.invalid/v1" in error.message


async def test_a_server_that_does_not_answer_is_unreachable(server: Scripted) -> None:
    server.script = lambda handler: handler.wait_until_left()
    assert (await refused(client(server.url, patience_s=0.1))).code == Code.LLM_UNREACHABLE


async def test_a_server_that_stalls_in_a_reply_is_unreachable_after_what_it_said(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        handler.wait_until_left()

    server.script = script
    pieces: list[str] = []
    assert (await refused(client(server.url, patience_s=0.3), pieces)).code == Code.LLM_UNREACHABLE
    assert pieces == ["It is"]


def status(code: int, body: str) -> Script:
    def script(handler: Handler) -> None:
        handler.begin(code, "application/json")
        handler.wfile.write(body.encode())

    return script


def events(*data: str) -> Script:
    def script(handler: Handler) -> None:
        handler.begin()
        for item in data:
            handler.say(item)

    return script


def half_an_event(handler: Handler) -> None:
    handler.begin()
    handler.piece("It is")
    handler.wfile.write(b'data: {"choices": [{"del')


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (status(500, '{"error": {"message": "out of\\nmemory"}}'), "500: out of memory"),
        (status(503, '{"error": "loading"}'), "503: loading"),
        (status(404, "<html>nothing here</html>"), "404: <html>nothing here</html>; check llm.base_url and llm.model"),
        (status(429, ""), "429: nothing"),
        (status(400, '{"detail": "\\udcff"}'), "400: "),
        (status(500, "x" * 1_000_000), "500: xxx"),
        (status(200, '{"choices": []}'), "broke off"),
        (status(307, ""), "307"),
        (half_an_event, "no usable reply"),
        (events('{"choices": [{"delta": {"role": "assistant"}}]}'), "broke off"),
        (events("garbage"), "malformed"),
        (events("[]"), "broke off"),
        (events("[5]"), "expected an event, got 5"),
        (events('{"choices": [{"delta": {"content": "It is"}, "finish_reason": "error"}]}'), "ended in an error"),
        (status(200, "<html>log in first</html>"), "malformed: <html>log in first</html>"),
        (events('{"error": {"message": "CUDA error", "code": 500}}'), "CUDA error"),
        (lambda handler: handler.connection.close(), "no usable reply"),
        (lambda handler: handler.wfile.write(b"garbage\r\n\r\n") and None, "no usable reply"),
    ],
)
async def test_a_server_that_fails_is_an_error_that_repeats_what_it_said(
    server: Scripted, script: Script, said: str
) -> None:
    server.script = script
    error = await refused(client(server.url))
    assert error.code == Code.LLM_FAILED
    assert server.url in error.message
    assert said in error.message
    assert "\n" not in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize("base_url", ["http://", "http://[::1", "http://127.0.0.1:99999/v1", "ftp://127.0.0.1/"])
def test_an_address_that_is_none_is_a_fault_of_the_configuration(base_url: str) -> None:
    with pytest.raises(AssistantError, match=r"llm\.base_url") as raised:
        client(base_url)
    assert raised.value.code == Code.CONFIG_INVALID


@pytest.mark.parametrize("api_key", ["schlüssel", "two\nlines"])
def test_a_key_that_http_cannot_send_is_a_fault_of_the_configuration(api_key: str) -> None:
    with pytest.raises(AssistantError, match=r"llm\.api_key_env") as raised:
        client("http://127.0.0.1/v1", api_key=api_key)
    assert raised.value.code == Code.CONFIG_INVALID
    assert api_key not in raised.value.message


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Wie heißt die Hauptstadt von Österreich, und wie groß ist sie überhaupt?",
        "今天天气怎么样？明天会下雨吗？",
        "Как тебя зовут?",
        "🙂🙃🎉",
        "It costs 12345.67 euros on 2024-01-31, call 555 0199.",
    ],
)
def test_tokens_are_overestimated(model: LlamaCpp, text: str) -> None:
    messages = [Message("system", "Be brief."), Message("user", text)]
    assert client("http://127.0.0.1/v1").count_tokens(messages) >= model.count_tokens(messages)


async def test_it_says_what_it_is() -> None:
    model = client("http://127.0.0.1/v1")
    assert (model.name, model.device, model.context_tokens) == ("some-model", "http", 512)
    await model.aclose()
