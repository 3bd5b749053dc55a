"""What the lines of the daemon mean to a client: no socket, no event loop."""

import json
from typing import Any

import pytest

from assistant.client.protocol import MAX_EVENTS, MAX_LINE_BYTES, Answer, Progress, Protocol
from assistant.errors import AssistantError, Code


def line(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n"


def delta(request: int, text: str) -> bytes:
    return line(method="ask.delta", params={"request": request, "text": text})


def error_line(id: int | None, code: str) -> bytes:
    return line(id=id, error={"code": -32000, "message": "no", "data": {"code": code}})


def listening(turn: int) -> bytes:
    return line(method="event", params={"event": "listening", "turn": turn})


def code_of(protocol: Protocol, request: int) -> Code:
    with pytest.raises(AssistantError) as error:
        protocol.next_reply(request)
    return error.value.code


def test_a_request_is_a_line_with_a_number_of_its_own() -> None:
    protocol = Protocol()
    one, sent = protocol.begin("volume", {"level": 0.5})
    other, _ = protocol.begin("status", {})
    assert one != other
    assert sent.endswith(b"\n")
    assert json.loads(sent) == {"jsonrpc": "2.0", "id": one, "method": "volume", "params": {"level": 0.5}}


def test_what_is_received_may_be_cut_anywhere() -> None:
    protocol = Protocol()
    request, _ = protocol.begin("ask", {})
    for number in delta(request, "nöon\n") + line(id=request, result={"reply": "nöon\n"}):
        protocol.receive(bytes([number]))
    assert protocol.next_reply(request) == Progress("ask.delta", {"request": request, "text": "nöon\n"})
    assert protocol.next_reply(request) == Answer({"reply": "nöon\n"})


def test_replies_wait_for_the_request_that_they_are_about() -> None:
    protocol = Protocol()
    (one, _), (other, _) = protocol.begin("ask", {}), protocol.begin("ask", {})
    protocol.receive(delta(other, "b") + delta(one, "a") + line(id=other, result=2) + line(id=one, result=1))
    for request, text, result in ((one, "a", 1), (other, "b", 2)):
        assert protocol.next_reply(request) == Progress("ask.delta", {"request": request, "text": text})
        assert protocol.next_reply(request) == Answer(result)


def test_without_a_reply_there_is_none_yet() -> None:
    protocol = Protocol()
    request, _ = protocol.begin("status", {})
    assert protocol.next_reply(request) is None
    assert protocol.next_event() is None


@pytest.mark.parametrize(
    ("told", "raised"), [("ipc.busy", Code.IPC_BUSY), ("code.of_another_version", Code.IPC_INTERNAL)]
)
def test_a_refusal_is_raised_with_its_code(told: str, raised: Code) -> None:
    protocol = Protocol()
    (refused, _), (other, _) = protocol.begin("say", {}), protocol.begin("status", {})
    protocol.receive(error_line(refused, told))
    assert code_of(protocol, refused) is raised
    assert protocol.next_reply(other) is None


def test_an_error_without_code_or_message_is_one_too() -> None:
    protocol = Protocol()
    request, _ = protocol.begin("status", {})
    protocol.receive(line(id=request, error={}))
    assert code_of(protocol, request) is Code.IPC_INTERNAL


def test_events_come_in_order_between_replies() -> None:
    protocol = Protocol()
    request, _ = protocol.begin("status", {})
    protocol.receive(listening(1) + line(id=request, result={}) + listening(2))
    assert [protocol.next_event(), protocol.next_event(), protocol.next_event()] == [
        {"event": "listening", "turn": 1},
        {"event": "listening", "turn": 2},
        None,
    ]
    assert protocol.next_reply(request) == Answer({})


def test_of_too_many_events_the_oldest_are_dropped_and_counted_with_those_that_the_daemon_dropped() -> None:
    protocol = Protocol()
    protocol.receive(line(method="lagged", params={"dropped": 7}))
    for turn in range(MAX_EVENTS + 3):
        protocol.receive(listening(turn))
    assert protocol.next_event() == {"event": "lagged", "dropped": 10}
    assert protocol.next_event() == {"event": "listening", "turn": 3}


def test_a_request_that_is_given_up_is_cancelled_and_what_still_comes_for_it_forgotten() -> None:
    protocol = Protocol()
    (given_up, _), (other, _) = protocol.begin("ask", {}), protocol.begin("ask", {})
    protocol.receive(delta(given_up, "a"))
    cancellation = json.loads(protocol.end(given_up))
    assert (cancellation["method"], cancellation["params"]) == ("cancel", {"request": given_up})
    assert protocol.end(given_up) == b""
    protocol.receive(delta(given_up, "b") + error_line(given_up, "ipc.cancelled"))
    protocol.receive(line(id=cancellation["id"], result={"cancelled": True}) + line(id=other, result=1))
    assert protocol.next_reply(other) == Answer(1)
    assert protocol.failure is None


def test_one_that_is_answered_needs_no_cancelling() -> None:
    protocol = Protocol()
    (read, _), (unread, _) = protocol.begin("status", {}), protocol.begin("status", {})
    protocol.receive(line(id=read, result={}) + line(id=unread, result={}))
    protocol.next_reply(read)
    assert protocol.end(read) == protocol.end(unread) == b""


def test_the_end_of_the_connection_is_raised_once_what_came_before_is_read() -> None:
    protocol = Protocol()
    (answered, _), (waiting, _) = protocol.begin("status", {}), protocol.begin("say", {})
    protocol.receive(listening(1) + line(id=answered, result={}))
    protocol.receive(b"")
    assert protocol.next_reply(answered) == Answer({})
    assert protocol.next_event() == {"event": "listening", "turn": 1}
    assert code_of(protocol, waiting) is Code.IPC_UNAVAILABLE
    with pytest.raises(AssistantError):
        protocol.next_event()
    with pytest.raises(AssistantError):
        protocol.begin("status", {})
    assert protocol.end(waiting) == b""


def test_an_error_about_the_connection_is_the_reason_for_its_end() -> None:
    protocol = Protocol()
    request, _ = protocol.begin("status", {})
    protocol.receive(error_line(None, "ipc.forbidden"))
    protocol.receive(b"")
    assert code_of(protocol, request) is Code.IPC_FORBIDDEN


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\n", b"\xff\xfe\n", b"[]\n", b'{"params": 1}\n', b"\n"])
def test_what_is_no_message_of_the_daemon_ends_the_connection(data: bytes) -> None:
    protocol = Protocol()
    request, _ = protocol.begin("status", {})
    protocol.receive(data + line(id=request, result={}))
    assert code_of(protocol, request) is Code.IPC_MALFORMED


def test_a_line_without_an_end_is_not_kept() -> None:
    protocol = Protocol()
    request, _ = protocol.begin("status", {})
    protocol.receive(b" " * (MAX_LINE_BYTES + 1))
    assert code_of(protocol, request) is Code.IPC_TOO_LONG
