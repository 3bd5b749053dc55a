"""A language model behind HTTP: a real server of the real model, and scripted ones for everything that goes wrong."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assistant import blocking
from assistant.blocking import Emit, NeverStop, StopFlag
from assistant.errors import AssistantError, Code
from assistant.llm.base import Message, Usage
from assistant.llm.llama import LlamaCpp
from assistant.llm.openai import OpenAiCompatible

QUESTION = [Message("system", "Answer briefly."), Message("user", "What is the capital of France?")]

Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One request, answered by the script of its server."""

    server: "Scripted"

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        self.server.keys.append(self.headers.get("Authorization"))
        self.server.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.asked.set()
        self.server.script(self)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def begin(self, status: int = 200, kind: str = "text/event-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def say(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def piece(self, text: str | None, finish_reason: str | None = None) -> None:
        self.say(json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}))

    def end(self) -> None:
        self.piece(None, "stop")
        self.say("[DONE]")


def empty_reply(handler: Handler) -> None:
    handler.begin()
    handler.end()


class Scripted(ThreadingHTTPServer):
    """A server on this machine that answers as its script says, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Script = empty_reply
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.requests: list[dict[str, Any]] = []
        self.asked = threading.Event()
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is what some tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


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


def ask(
    model: OpenAiCompatible, *, max_tokens: int = 16, pieces: list[str] | None = None, stop: StopFlag | None = None
) -> tuple[list[str], Usage]:
    heard = [] if pieces is None else pieces
    usage = model.generate(QUESTION, max_tokens=max_tokens, emit=heard.append, stop=stop or NeverStop())
    return heard, usage


def refused(model: OpenAiCompatible, pieces: list[str] | None = None) -> AssistantError:
    with pytest.raises(AssistantError) as raised:
        ask(model, pieces=pieces)
    return raised.value


@pytest.fixture(scope="module")
def address(gguf_path: Path) -> Iterator[str]:
    """Of llama.cpp's own server, on a TCP port, which asks for a key."""
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


@pytest.fixture(scope="module")
def real(address: str) -> OpenAiCompatible:
    return client(address, api_key=" secret\n")


def test_a_real_server_replies_piece_by_piece_and_tells_the_usage(real: OpenAiCompatible) -> None:
    pieces, usage = ask(real)
    assert len("".join(pieces)) > 10
    assert len(pieces) > 3
    assert usage.generated >= len(pieces)
    _, again = ask(real)
    assert again.evaluated == 1
    assert again.reused + 1 == usage.reused + usage.evaluated


def test_a_real_server_reads_a_prompt_ahead(real: OpenAiCompatible) -> None:
    pieces, usage = ask(real, max_tokens=0)
    assert pieces == []
    assert usage.generated == 0


def test_a_real_server_stops_and_answers_the_next_question(real: OpenAiCompatible) -> None:
    ears = Ears(2)
    usage = real.generate([Message("user", "Count to 200.")], max_tokens=300, emit=ears.take, stop=ears)
    assert len(ears.pieces) == 2
    assert usage.generated >= 2
    assert ask(real)[0]


def test_a_real_server_without_the_key_says_where_the_key_belongs(address: str) -> None:
    error = refused(client(address, api_key="wrong"))
    assert error.code == Code.LLM_FAILED
    assert "401: Invalid API Key" in error.message
    assert "llm.api_key_env" in error.message


def test_a_prompt_too_long_for_a_real_server_is_its_complaint(real: OpenAiCompatible) -> None:
    with pytest.raises(AssistantError, match="exceeds the available context size") as raised:
        real.generate([Message("user", "word " * 600)], max_tokens=8, emit=_unexpected, stop=NeverStop())
    assert raised.value.code == Code.LLM_FAILED


class Ears:
    """Takes pieces of text, and says stop once it has `enough` of them."""

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self.pieces: list[str] = []

    def take(self, piece: str) -> None:
        self.pieces.append(piece)

    def is_set(self) -> bool:
        return len(self.pieces) >= self._enough


def test_the_request_says_what_the_protocol_wants(server: Scripted) -> None:
    ask(client(f"{server.url}/", api_key="secret"))
    assert server.paths == ["/v1/chat/completions"]
    assert server.keys == ["Bearer secret"]
    (request,) = server.requests
    assert request["model"] == "some-model"
    assert request["stream"] is True
    assert request["messages"][1] == {"role": "user", "content": "What is the capital of France?"}


@pytest.mark.parametrize("api_key", [None, "", "  \n"])
def test_without_a_key_none_is_sent(server: Scripted, api_key: str | None) -> None:
    ask(client(server.url, api_key=api_key))
    assert server.keys == [None]


def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(passwords))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    ask(client(server.url))
    assert server.keys == [None]


def test_thoughts_and_events_without_text_are_not_emitted(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.wfile.write(b": keep alive\n\n")
        handler.say('{"choices": [{"delta": {"role": "assistant", "reasoning_content": "Hm."}}]}')
        handler.say('{"choices": []}')
        for text in ("<think>", "Hm.", "</think>", "\n\nNo", "on", ". <"):
            handler.piece(text)
        handler.end()

    server.script = script
    assert ask(client(server.url))[0] == ["No", "on", ". ", "<"]


def test_a_usage_that_is_not_told_counts_the_pieces(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("No")
        handler.piece("on.")
        handler.end()

    server.script = script
    assert ask(client(server.url))[1] == Usage(0, 0, 2)


def test_a_usage_that_is_told_counts_reused_tokens_apart(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.end()
        told = {"prompt_tokens": 30, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 20}}
        handler.say(json.dumps({"choices": [], "usage": told}))

    server.script = script
    assert ask(client(server.url))[1] == Usage(reused=20, evaluated=10, generated=4)


def test_a_prompt_read_ahead_asks_for_one_token_and_emits_none(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("No")
        handler.piece(None, "length")

    server.script = script
    assert ask(client(server.url), max_tokens=0) == ([], Usage(0, 0, 0))
    assert server.requests[0]["max_tokens"] == 1


def test_half_a_surrogate_pair_does_no_harm(server: Scripted) -> None:
    model = client(server.url)
    messages = [Message("user", "half: \ud83d")]
    model.generate(messages, max_tokens=1, emit=_unexpected, stop=NeverStop())
    assert server.requests[0]["messages"][0]["content"] == "half: ?"
    assert model.count_tokens(messages) > 0


def test_a_stop_from_the_beginning_asks_nothing(server: Scripted) -> None:
    assert ask(client(server.url), stop=Ears(0)) == ([], Usage(0, 0, 0))
    assert server.paths == []


def test_a_stop_while_waiting_for_the_answer_is_obeyed(server: Scripted) -> None:
    server.script = lambda handler: _wait(server)
    assert ask(client(server.url), stop=server.asked) == ([], Usage(0, 0, 0))


def test_a_stop_while_waiting_for_the_next_piece_is_obeyed(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        _wait(server)

    server.script = script
    ears = Ears(1)
    client(server.url).generate(QUESTION, max_tokens=8, emit=ears.take, stop=ears)
    assert ears.pieces == ["It is"]


def test_a_stop_between_pieces_ends_the_reply(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        while True:
            handler.piece("la ")

    server.script = script
    ears = Ears(3)
    client(server.url).generate(QUESTION, max_tokens=8, emit=ears.take, stop=ears)
    assert len(ears.pieces) == 3


@pytest.mark.anyio
async def test_a_listener_that_leaves_the_stream_ends_the_reply(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        _wait(server)

    def generate(emit: Emit[str], stop: StopFlag) -> None:
        client(server.url).generate(QUESTION, max_tokens=8, emit=emit, stop=stop)

    server.script = script
    async with aclosing(blocking.stream(generate, name="generation")) as pieces:
        assert await anext(pieces) == "It is"


def test_what_the_listener_raises_comes_out(server: Scripted) -> None:
    class GoneError(BaseException):
        pass

    def gone(piece: str) -> None:
        raise GoneError

    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        _wait(server)

    server.script = script
    with pytest.raises(GoneError):
        client(server.url).generate(QUESTION, max_tokens=8, emit=gone, stop=NeverStop())


def test_a_server_that_is_not_there_is_named(server: Scripted) -> None:
    server.server_close()
    error = refused(client(server.url))
    assert error.code == Code.LLM_UNREACHABLE
    assert server.url in error.message
    assert "llm.base_url" in error.message


def test_a_name_that_nobody_knows_is_named() -> None:
    error = refused(client("http://no-such-host.invalid/v1"))
    assert error.code == Code.LLM_UNREACHABLE
    assert "http://no-such-host.invalid/v1" in error.message


def test_a_server_that_does_not_answer_is_unreachable(server: Scripted) -> None:
    server.script = lambda handler: _wait(server)
    assert refused(client(server.url, patience_s=0.1)).code == Code.LLM_UNREACHABLE


def test_a_server_that_stalls_in_a_reply_is_unreachable_after_what_it_said(server: Scripted) -> None:
    def script(handler: Handler) -> None:
        handler.begin()
        handler.piece("It is")
        _wait(server)

    server.script = script
    pieces: list[str] = []
    assert refused(client(server.url, patience_s=0.3), pieces).code == Code.LLM_UNREACHABLE
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
        (status(200, '{"choices": []}'), "text/event-stream"),
        (status(307, ""), "307"),
        (half_an_event, "no usable reply"),
        (events('{"choices": [{"delta": {"content": "It is"}}]}'), "broke off"),
        (events("garbage"), "malformed"),
        (events("[]"), "Expected `object`"),
        (events('{"choices": [{"delta": {"content": 5}}]}'), "Expected `str"),
        (events('{"error": {"message": "CUDA error", "code": 500}}'), "CUDA error"),
        (lambda handler: handler.connection.close(), "no usable reply"),
        (lambda handler: handler.wfile.write(b"garbage\r\n\r\n") and None, "no usable reply"),
    ],
)
def test_a_server_that_fails_is_an_error_that_repeats_what_it_said(server: Scripted, script: Script, said: str) -> None:
    server.script = script
    error = refused(client(server.url))
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


def test_it_says_what_it_is() -> None:
    model = client("http://127.0.0.1/v1")
    assert (model.name, model.device, model.context_tokens) == ("some-model", "http", 512)
    model.close()


def _wait(server: Scripted) -> None:
    server.released.wait()


def _unexpected(piece: str) -> None:
    raise AssertionError(piece)
