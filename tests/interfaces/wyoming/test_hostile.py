"""A client that means harm is noticed by nobody else: not by the event loop, and not by the memory."""

import json
import socket
import threading
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from wyoming.event import Event
from wyoming.info import Describe

from assistant.config.schema import Wyoming
from assistant.engines.detectors import Detectors, Words, load_detectors
from assistant.engines.engines import Engines
from assistant.interfaces.wyoming import wire
from assistant.interfaces.wyoming.sound import PIECE, Listener
from assistant.interfaces.wyoming.wire import Wire
from tests.interfaces.wyoming.conftest import Serve
from tests.interfaces.wyoming.test_services import connected, until
from tests.interfaces.wyoming.test_wire import Bytes

pytestmark = pytest.mark.anyio


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix://{tmp_path}/w.sock"


def line(kind: str, payload: bytes = b"", **data: object) -> bytes:
    return json.dumps({"type": kind, "data": data, "payload_length": len(payload)}).encode() + b"\n" + payload


async def test_others_get_their_turn_between_two_events_that_have_come_already() -> None:
    reading = Wire(Bytes(line("x") * 1000))
    seen: list[int] = []
    read = 0

    async def others() -> None:
        while read < 1000:
            seen.append(read)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        while await reading.read() is not None:
            read += 1
    assert max(later - earlier for earlier, later in pairwise(seen)) <= 2


async def test_the_largest_chunk_is_converted_piece_by_piece() -> None:
    event = Event("audio-chunk", {"rate": 4000, "width": 1, "channels": 1}, b"\x80" * 2**20)
    pieces = list(Listener().take(event))
    assert len(pieces) == 2**20 // PIECE
    assert max(len(piece) for piece in pieces) <= 4 * PIECE + 1000


async def test_requests_without_number_are_worked_at_one_at_a_time(
    serve: Serve, engines: Engines, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most = 0, 0
    guard = threading.Lock()

    def counted(words: Words | None) -> Detectors:
        nonlocal at_work, most
        with guard:
            at_work += 1
            most = max(most, at_work)
        loaded = load_detectors(words)
        with guard:
            at_work -= 1
        return loaded

    monkeypatch.setattr(engines, "detector_loader", counted)
    async with serve(Wyoming(listen=address)), connected(address) as client:
        for _ in range(100):
            await client.write_event(Event("transcribe"))
        await client.write_event(Describe().event())
        await until(client, "info")
    assert most == 1


@pytest.mark.parametrize("begun", [b'{"type', b'{"type": "x", "data_length": 9}\n{', line("x", b"abc")[:-1]])
async def test_what_is_begun_and_never_finished_ends_the_connection(
    serve: Serve, address: str, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "UNFINISHED_S", 0.01)
    async with serve(Wyoming(listen=address)), await anyio.connect_unix(address.removeprefix("unix://")) as stream:
        await stream.send(begun)
        received = b""
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                received += await stream.receive()
    assert b"wyoming.malformed" in received


async def test_who_never_reads_holds_nobody_up(
    serve: Serve, address: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "STUCK_S", 0.05)
    async with serve(Wyoming(listen=f"tcp://127.0.0.1:{port}")) as server:
        with socket.create_connection(("127.0.0.1", port)) as deaf:
            deaf.setblocking(False)
            while True:
                try:
                    deaf.send(line("describe") * 100)
                except BlockingIOError:
                    await anyio.wait_writable(deaf)
                except OSError:
                    break
        async with connected(f"tcp://127.0.0.1:{port}") as client:
            await client.write_event(Describe().event())
            await until(client, "info")
        while server.host.wyoming_clients:
            await anyio.wait_all_tasks_blocked()


async def test_who_connects_and_sends_nothing_waits_without_end(
    serve: Serve, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A satellite may have nothing to say for days."""
    monkeypatch.setattr(wire, "UNFINISHED_S", 0.0)
    async with serve(Wyoming(listen=address)) as server, connected(address):
        await anyio.wait_all_tasks_blocked()
        assert server.host.wyoming_clients == 1
