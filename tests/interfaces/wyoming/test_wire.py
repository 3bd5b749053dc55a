"""Any bytes are an event or an error, and never more is read than allowed."""

import json
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wyoming.audio import AudioChunk
from wyoming.event import Event

from assistant.errors import AssistantError, Code
from assistant.interfaces.wyoming import wire
from assistant.interfaces.wyoming.wire import MAX_HEADER, Wire

pytestmark = pytest.mark.anyio


class Bytes:
    """A connection on which `data` comes, and then the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.sent = b""
        self.taken = 0

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        piece = self._data[self.taken : self.taken + max_bytes]
        self.taken += len(piece)
        if not piece:
            raise anyio.EndOfStream
        return piece

    async def send(self, data: bytes, /) -> None:
        self.sent += data

    async def __aenter__(self) -> "Bytes":
        return self

    async def __aexit__(self, *reason: object) -> None:
        pass


async def read_all(data: bytes) -> list[Event]:
    reading = Wire(Bytes(data))
    events = []
    while (event := await reading.read()) is not None:
        events.append(event)
    return events


async def test_what_is_sent_is_read() -> None:
    line = Bytes(b"")
    chunk = AudioChunk(16_000, 2, 1, b"\0\1\2\3").event()
    await Wire(line).send(chunk)
    (read,) = await read_all(line.sent)
    assert (read.type, read.payload) == (chunk.type, chunk.payload)
    assert AudioChunk.from_event(read) == AudioChunk.from_event(chunk)


async def test_data_may_stand_in_the_header_and_after_it() -> None:
    (read,) = await read_all(b'{"type": "t", "data": {"a": 1}, "data_length": 8}\n{"b": 2}')
    assert read.data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "t"}',
        b'\xef\xbb\xbf{"type": "t"}\r\n',
        b'\n\r\n{"type": "t"}\n\n \n',
        b'{"type": "t", "data": null, "data_length": null, "payload_length": null}\n',
        b'{"type": "t", "data_length": 4, "payload_length": 0.0}\nnull',
        b'{"type": "t", "version": "1.5.4", "data_length": 2.0}\n{}',
    ],
)
async def test_what_each_client_does_differently_is_the_same_event(data: bytes) -> None:
    (read,) = await read_all(data)
    assert (read.type, read.data, read.payload) == ("t", {}, None)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\n",
        b"\xff\n",
        b"[]\n",
        b"{}\n",
        b'{"type": 1}\n',
        b'{"type": "t", "data": []}\n',
        b'{"type": "t", "data_length": -1}\n',
        b'{"type": "t", "data_length": 10000000000}\n',
        b'{"type": "t", "payload_length": 10000000000}\n',
        b'{"type": "t", "payload_length": "3"}\n',
        b'{"type": "t", "data_length": 2}\n[]',
        b'{"type": "t", "data": ' + b"[" * 10_000 + b"\n",
        b"a" * (MAX_HEADER + 1),
    ],
    ids=lambda data: str(data[:50]),
)
async def test_what_is_no_event_is_an_error(data: bytes) -> None:
    with pytest.raises(AssistantError) as error:
        await read_all(data)
    assert error.value.code is Code.WYOMING_MALFORMED


@pytest.mark.parametrize("data", [b"", b'{"type"', b'{"type": "t", "payload_length": 5}\nabc'])
async def test_what_is_cut_off_is_the_end(data: bytes) -> None:
    assert await read_all(data) == []


async def test_a_header_without_an_end_is_not_kept() -> None:
    line = Bytes(b"a" * 10**7)
    with pytest.raises(AssistantError):
        await Wire(line).read()
    assert line.taken <= MAX_HEADER + 65_536


async def test_an_event_that_is_never_finished_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "UNFINISHED_S", 0.01)

    class Stalled(Bytes):
        async def receive(self, max_bytes: int = 65_536) -> bytes:
            try:
                return await super().receive(max_bytes)
            except anyio.EndOfStream:
                await anyio.sleep_forever()
                raise

    with pytest.raises(AssistantError) as error:
        await Wire(Stalled(b'{"type": "t", "payload_length": 5}\nabc')).read()
    assert error.value.code is Code.WYOMING_MALFORMED


async def outcome(data: bytes) -> object:
    """Whether what is read are events, or the code of the error."""
    try:
        return all(isinstance(event.data, dict) for event in await read_all(data))
    except AssistantError as error:
        return error.code


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.text() | st.integers(),
        "data": st.none() | st.dictionaries(st.text(), st.integers()),
        "data_length": st.integers(-5, 50) | st.none(),
        "payload_length": st.integers(-5, 50) | st.floats(allow_nan=False) | st.none(),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.tuples(HEADERS, st.binary(max_size=60)).map(lambda made: _line(*made)))
async def test_any_bytes_are_events_or_an_error(data: bytes) -> None:
    assert await outcome(data) in {True, Code.WYOMING_MALFORMED}


def _line(header: dict[str, Any], rest: bytes) -> bytes:
    return json.dumps(header).encode() + b"\n" + rest
