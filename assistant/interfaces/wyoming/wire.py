"""Wyoming events on a connection: a line of JSON, more JSON, a payload; each with a limit.

The library's own reader has none: it takes as many bytes as a header promises.
"""

import io
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Protocol, cast

import anyio
import anyio.lowlevel
import msgspec
from anyio.abc import AnyByteReceiveStream
from anyio.streams.buffered import BufferedByteReceiveStream
from wyoming.event import Event, write_event

from assistant.errors import AssistantError, Code
from assistant.interfaces.net.stream import discard

MAX_HEADER = 65_536
MAX_DATA = 262_144
MAX_PAYLOAD = 1_048_576
"""Bytes of the three parts of an event. A second of audio has 32,000 to 192,000; Home Assistant sends 64 ms at once."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANK = (b"\n", b"\r", b" ", b"\t")

STUCK_S = 30.0
"""A client takes what is sent within this time, or the connection is closed."""

UNFINISHED_S = 30.0
"""The rest of an event comes within this time of its first byte."""


Send = Callable[[Event], Awaitable[None]]
"""Sends an event to a client."""


class Stream(Protocol):
    """A connection, to another machine or on this one."""

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """Return the next bytes. Raises `anyio.EndOfStream`, `anyio.BrokenResourceError`."""

    async def send(self, data: bytes, /) -> None:
        """Send all of `data`. Raises `anyio.BrokenResourceError`."""

    async def __aenter__(self) -> Any: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Any: ...


class _Header(msgspec.Struct):
    type: str
    data: dict[str, Any] | None = None
    data_length: int | float | None = None
    payload_length: int | float | None = None


class Wire:
    """One connection. One task reads; any may send."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffered = BufferedByteReceiveStream(cast(AnyByteReceiveStream, stream))
        self._sending = anyio.Lock()

    async def read(self) -> Event | None:
        """Read the next event; None when there are no more.

        Raises `AssistantError` (`wyoming.malformed`), after which nothing more can be read.
        """
        await anyio.lowlevel.checkpoint()  # events that have come already would keep the event loop to themselves
        try:
            first = await self._first_byte()
            with anyio.fail_after(UNFINISHED_S):
                line = first + await self._to_line_end()
                return await self._rest(_decode(line.removeprefix(BYTE_ORDER_MARK), _Header))
        except anyio.DelimiterNotFound as error:
            raise _malformed(f"the header of an event has at most {MAX_HEADER} bytes") from error
        except TimeoutError as error:
            raise _malformed(f"the event was not finished within {UNFINISHED_S:.0f} s") from error
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return None

    async def send(self, event: Event) -> None:
        """Send `event`; return when the kernel has all of it. Raises `anyio.BrokenResourceError` when the client has
        gone, or does not read."""
        encoded = io.BytesIO()
        write_event(event, encoded)
        async with self._sending:
            try:
                with anyio.fail_after(STUCK_S):
                    await self._stream.send(encoded.getvalue())
            except (TimeoutError, anyio.ClosedResourceError) as error:
                raise anyio.BrokenResourceError from error

    async def discard(self) -> None:
        """Discard what the client is still sending, before the connection is closed."""
        await discard(self._stream)

    async def _first_byte(self) -> bytes:
        """Return the first byte of the next event; lines between events may be empty."""
        while (first := await self._buffered.receive_exactly(1)) in BLANK:
            await anyio.lowlevel.checkpoint()
        return first

    async def _to_line_end(self) -> bytes:
        """Return the rest of a line; of the last one a client need not send the end."""
        try:
            return await self._buffered.receive_until(b"\n", MAX_HEADER - 1)
        except anyio.IncompleteRead:
            rest = self._buffered.buffer
            if not rest.rstrip().endswith(b"}"):
                raise  # cut off in the middle
            await self._buffered.receive_exactly(len(rest))
            return rest

    async def _rest(self, header: _Header) -> Event:
        data = dict(header.data or {})
        if length := _bounded(header.data_length, MAX_DATA, "data_length"):
            data |= _decode(await self._buffered.receive_exactly(length), dict[str, Any] | None) or {}
        payload = None
        if length := _bounded(header.payload_length, MAX_PAYLOAD, "payload_length"):
            payload = await self._buffered.receive_exactly(length)
        return Event(header.type, data, payload)


def _decode(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(f"not a Wyoming event: {error}") from error


def _bounded(length: float | None, most: int, name: str) -> int:
    if length is not None and not (0 <= length <= most and length == int(length)):
        raise _malformed(f"{name} is {length}, but expected 0 to {most}")
    return int(length or 0)


def _malformed(message: str) -> AssistantError:
    return AssistantError(Code.WYOMING_MALFORMED, message)
