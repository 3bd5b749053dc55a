"""An interface of one's own knows the bus, the registry of rooms, and nothing else of the daemon."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from assistant.app.running import Running
from assistant.interfaces.net import unix_socket
from assistant.interfaces.net.stream import SocketStream, connect, serve
from assistant.telemetry.metrics import Metrics
from assistant.testing.stage import QUIET, Stage, conversation
from tests.attach import line_protocol
from tests.attach.size import MAX_LINES, code_lines, imported
from tests.rooms.places import another_room

pytestmark = pytest.mark.anyio


class Client:
    """Speaks the line protocol."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._rest = b""

    async def ask(self, line: str) -> tuple[list[str], str]:
        """What has happened until the answer, and the answer."""
        await self._stream.send(f"{line}\n".encode())
        happened: list[str] = []
        while not (came := await self._line()).startswith(("=", "!")):
            happened.append(came)
        return happened, came

    async def _line(self) -> str:
        while b"\n" not in self._rest:
            self._rest += await self._stream.receive()
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


@asynccontextmanager
async def connected(stage: Stage, folder: Path) -> AsyncIterator[Client]:
    """A client of the interface, which is served beside whatever else the daemon has."""
    host = Running(stage.rooms, stage.bus, Metrics(), lambda: QUIET, lambda: None)
    with unix_socket.open_socket(folder / "lines.sock") as listener:
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve, listener, line_protocol.LineProtocol(host).welcome)
            async with await connect(folder / "lines.sock") as stream:
                yield Client(stream)
            tasks.cancel_scope.cancel()


def test_it_takes_less_than_forty_lines_and_knows_the_host_alone() -> None:
    assert code_lines(line_protocol) < MAX_LINES
    known = {"assistant.errors", "assistant.events", "assistant.interfaces.base", "assistant.interfaces.net.stream"}
    assert imported(line_protocol) == known


async def test_a_question_is_answered_in_the_room_that_it_names(tmp_path: Path) -> None:
    async with conversation() as stage, another_room(stage) as kitchen, connected(stage, tmp_path) as client:
        happened, answer = await client.ask("kitchen What time is it?")
        assert answer == "= It is noon, I think. Or later."
        assert happened == ["kitchen FinalTranscript", "kitchen TurnFinished"]
        assert len(kitchen.room.memory.history.exchanges) == 1
        assert not stage.history.exchanges


async def test_what_is_wrong_is_an_answer_too(tmp_path: Path) -> None:
    async with conversation() as stage, connected(stage, tmp_path) as client:
        assert await client.ask("attic Who is there?") == ([], "! room.unknown")
        assert (await client.ask("local Who is there?"))[1].startswith("= ")
