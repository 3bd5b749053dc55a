"""What many clients of the socket cost: the latency of a call, and of an answer, without and with them.

Each recording is asked twice, one after the other, so that whatever else the machine does hits both.
"""

import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import numpy as np
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from assistant.answers.history import History
from assistant.app.loading import load_engines
from assistant.app.running import Running
from assistant.audio.pcm import LISTENING_RATE
from assistant.audio.simulated.recording import Recording
from assistant.audio.volume import Volume
from assistant.bench.clips import Clip
from assistant.bench.speed.report import Ratio, Row, Spread, ratio, spread, timed
from assistant.bench.speed.run import ask, read_question, row_of
from assistant.bench.speed.sink import Stopwatch
from assistant.bus import Bus
from assistant.config.schema import Config
from assistant.dialogue.conversation import Conversation
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.host.hardware import describe_machine
from assistant.interfaces.ipc.server import IpcServer
from assistant.interfaces.net.unix_socket import listening
from assistant.telemetry.metrics import Metrics

MOST_REPORT = 2**24
"""Bytes of one line of the crowd."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """The same questions with a number of clients."""

    clients: int
    status_ms: Spread
    """From a `status` call to its answer, as the client sees it, while a question was asked and answered."""
    calls: int
    voice_to_voice_ms: Spread
    late_blocks: int
    errors: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench --suite load --json` prints."""

    quiet: Condition
    loaded: Condition
    ratio: Ratio | None
    """Voice-to-voice with the clients over that without them."""
    events_dropped: int
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


def run(config: Config, clips: list[Clip], clients: int, tell: Callable[[str], None]) -> Report:
    """Ask every clip without and with `clients`. Raises `AssistantError` (`model.*`)."""
    engines = load_engines(config)
    try:
        return anyio.run(_measure, config, engines, clips, clients, tell)
    finally:
        engines.close()


async def _measure(
    config: Config, engines: Engines, clips: list[Clip], clients: int, tell: Callable[[str], None]
) -> Report:
    bus = Bus()
    rows: dict[int, list[Row]] = {0: [], clients: []}
    latencies: dict[int, list[float]] = {0: [], clients: []}
    ipc = msgspec.structs.replace(config.ipc, max_clients=2 * clients + 8)
    async with _crowd(msgspec.structs.replace(config, ipc=ipc), engines, bus) as crowd:
        for number, clip in enumerate(clips, 1):
            for size in (0, clients):
                tell(f"{number} of {len(clips)}: {clip.name} with {size} clients")
                await crowd.resize(size)
                rows[size].append(await _row(config, engines, clip, bus))
                latencies[size] += await crowd.resize(size)
    return Report(
        quiet=_condition(0, rows[0], latencies[0]),
        loaded=_condition(clients, rows[clients], latencies[clients]),
        ratio=ratio(rows[clients], rows[0]),
        events_dropped=crowd.dropped,
        machine=describe_machine(),
        models=engines.names,
        devices=engines.devices,
    )


async def _row(config: Config, engines: Engines, clip: Clip, bus: Bus) -> Row:
    try:
        question = read_question(clip)
        turn = await ask(engines, config, question, clip.speech_end_s, bus.emit)
        return row_of(clip, turn, len(question) / LISTENING_RATE)
    except AssistantError as error:
        return Row(clip=clip.name, error=error.code)


def _condition(clients: int, rows: list[Row], latencies_ms: list[float]) -> Condition:
    return Condition(
        clients=clients,
        status_ms=spread(latencies_ms),
        calls=len(latencies_ms),
        voice_to_voice_ms=spread(row.voice_to_voice_ms for row in timed(rows)),
        late_blocks=sum(row.late_blocks for row in rows),
        errors=sum(row.error is not None for row in rows),
    )


class _Crowd:
    """The process with the clients."""

    def __init__(self, process: Process, server: IpcServer) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._commands = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)
        self._server = server

    @property
    def dropped(self) -> int:
        """Events that clients read too slowly for."""
        return self._server.dropped

    async def resize(self, clients: int) -> list[float]:
        """Have so many clients; the latencies of the `status` calls since the last time, in milliseconds."""
        await self._commands.send(f"{clients}\n".encode())
        latencies: list[float] = json.loads(await self._answers.receive_until(b"\n", MOST_REPORT))
        return latencies


@asynccontextmanager
async def _crowd(config: Config, engines: Engines, bus: Bus) -> AsyncGenerator[_Crowd, None]:
    """The socket as the daemon has it, and a crowd before it."""
    with tempfile.TemporaryDirectory(prefix="assistant") as folder:
        path = Path(folder) / "assistant.sock"
        with listening(path) as listener:
            async with anyio.create_task_group() as tasks:
                server = _server(config, engines, bus)
                await tasks.start(server.serve, listener)
                async with await anyio.open_process(
                    [sys.executable, "-m", "assistant.bench.load.run.crowd", str(path)], stderr=None
                ) as process:
                    yield _Crowd(process, server)
                    process.terminate()
                tasks.cancel_scope.cancel()


def _server(config: Config, engines: Engines, bus: Bus) -> IpcServer:
    """The methods on a conversation in which nothing happens; the questions are asked beside it."""
    microphone, loudspeaker, history = Recording(np.zeros(0, np.float32)), Stopwatch(), History(config.llm)
    return IpcServer(
        Running(
            config=config,
            engines=engines,
            conversation=Conversation(engines, config, history, microphone, loudspeaker, bus.emit),
            history=history,
            microphone=microphone,
            loudspeaker=loudspeaker,
            volume=Volume(loudspeaker, config.sound),
            metrics=Metrics(),
            bus=bus,
            reload=lambda: config,
            end=lambda: None,
        )
    )
