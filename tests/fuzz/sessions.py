"""Connections: whatever a client sends, in whatever pieces, ends with the connection and nothing else."""

import json
import logging
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

import anyio
from wyoming.event import Event

from assistant.answers.model import ModelResponder
from assistant.answers.order import Responders
from assistant.app.running import Running
from assistant.bus import Bus
from assistant.engines.detectors import Detectors, Words
from assistant.interfaces.ipc.methods import METHODS
from assistant.interfaces.wyoming.conversations import Conversations
from assistant.interfaces.wyoming.session import Session
from assistant.interfaces.wyoming.wire import Wire
from assistant.rooms.registry import Rooms
from assistant.rooms.shared import Shared
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import LoudIsSpeech, Script, ScriptedWakeWordDetector
from assistant.testing.stage import QUIET
from tests.interfaces.ipc.served import served
from tests.interfaces.wyoming.test_wire import Bytes

SESSION_S = 5.0
"""Time within which a session ends once its client has sent all."""

EVENTS = (
    "describe",
    "ping",
    "transcribe",
    "audio-start",
    "audio-chunk",
    "audio-stop",
    "synthesize",
    "synthesize-start",
    "synthesize-chunk",
    "synthesize-stop",
    "detect",
    "transcript",
    "run-pipeline",
    "info",
    "detection",
    "played",
)

VALUES: tuple[object, ...] = (
    None,
    "",
    "en",
    "x" * 300,
    "\u202e\x00",
    -1,
    0,
    1,
    2,
    16_000,
    10**12,
    1.5,
    True,
    [],
    ["okay_nabu"],
    {},
    [[]],
)

KEYS = (
    "text",
    "language",
    "name",
    "names",
    "rate",
    "width",
    "channels",
    "timestamp",
    "context",
    "start_stage",
    "voice",
)


class _Defects(logging.Handler):
    """Raises what a session logs as a defect."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            raise record.exc_info[1]


def fuzz_wyoming(data: bytes) -> None:
    """A Wyoming client sends events of every type in every order, with odd values."""
    anyio.run(_wyoming, data)


async def _wyoming(data: bytes) -> None:
    script, bus = Script(detector_loader=_detectors), Bus()
    engines = script.engines()
    config = QUIET
    rooms = Rooms(Shared(engines, Responders([ModelResponder(engines.generation, config.llm)]), bus.emit), config)
    host = Running(rooms, bus, Metrics(), lambda: config, lambda: None)
    wire = Wire(Bytes(b"".join(map(_line, _events(data)))))
    with anyio.fail_after(SESSION_S):
        await Session(wire, host, Conversations(host), "kitchen", remembers=False).run()


def _detectors(words: Words | None) -> Detectors:
    return Detectors(LoudIsSpeech(), ScriptedWakeWordDetector() if words is not None else None)


def _events(data: bytes) -> list[Event]:
    """Make an event of each eight bytes: its type, three keys with their values, the length of its payload."""
    events = []
    for start in range(0, len(data) - 7, 8):
        kind, *pairs, length = data[start : start + 8]
        values = {
            KEYS[key % len(KEYS)]: VALUES[value % len(VALUES)]
            for key, value in zip(pairs[::2], pairs[1::2], strict=True)
        }
        if kind >= 128 and EVENTS[kind % len(EVENTS)].startswith("audio"):
            values |= {"rate": 16_000, "width": 2, "channels": 1}
        events.append(Event(EVENTS[kind % len(EVENTS)], values, b"\x40" * length * 64))
    return events


def _line(event: Event) -> bytes:
    payload = event.payload or b""
    head = {"type": event.type, "data": event.data, "payload_length": len(payload)}
    return json.dumps(head).encode() + b"\n" + payload


def fuzz_ipc(data: bytes) -> None:
    """A client of the socket calls every method in every order, with odd parameters, and hangs up."""
    anyio.run(_ipc, data)


async def _ipc(data: bytes) -> None:
    defects = _Defects()
    logging.getLogger("assistant").addHandler(defects)
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with served(Path(folder)) as server:
                await _talk(server.path, b"".join(_requests(data)))
    finally:
        logging.getLogger("assistant").removeHandler(defects)


async def _talk(path: Path, lines: bytes) -> None:
    async with await anyio.connect_unix(path) as stream:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream), anyio.fail_after(SESSION_S):
            await stream.send(lines)
            stream.extra_attributes[anyio.abc.SocketAttribute.raw_socket]().shutdown(socket.SHUT_WR)
            while await stream.receive():
                pass


def _requests(data: bytes) -> list[bytes]:
    """Make a request of each six bytes: its method, its id, two parameters with their values."""
    names = [name for name in METHODS if name not in ("reload", "subscribe")]
    requests = []
    for start in range(0, len(data) - 5, 6):
        method, number, *pairs = data[start : start + 6]
        fields = METHODS[names[method % len(names)]].params.__struct_fields__ or ("none",)
        params = {
            fields[key % len(fields)]: VALUES[value % len(VALUES)]
            for key, value in zip(pairs[::2], pairs[1::2], strict=True)
        }
        message = {"jsonrpc": "2.0", "id": number % 8, "method": names[method % len(names)], "params": params}
        requests.append(json.dumps(message).encode() + b"\n")
    return requests
