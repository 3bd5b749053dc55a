"""The load suite: the latency of a call and of an answer, without and with many clients of the socket.

Each recording is asked in both conditions, one right after the other, so that whatever else the machine does affects
both.
"""

import json
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from assistant.answers.order import build_responders
from assistant.answers.skills.house import House
from assistant.app.loading import load_engines
from assistant.app.running import Running
from assistant.audio.pcm import LISTENING_RATE
from assistant.bench.clips import Clip
from assistant.bench.load.report import LoadCondition, LoadReport
from assistant.bench.speed.report import ClipResult, ratio_of_medians, without_cut_ins
from assistant.bench.speed.run import ask, clip_result, read_question
from assistant.bench.spread import spread
from assistant.bus import Bus
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.events import Emitter
from assistant.host import children
from assistant.host.hardware import describe_machine
from assistant.interfaces.ipc.server import IpcServer
from assistant.interfaces.net.unix_socket import listening
from assistant.rooms.registry import Rooms
from assistant.rooms.shared import Shared
from assistant.store.rooms import LOCAL_ROOM
from assistant.telemetry.metrics import Metrics

MAX_LINE_BYTES = 2**24
"""Of an answer of the load generator."""


def measure_load(config: Config, clips: list[Clip], clients: int, progress: Callable[[str], None]) -> LoadReport:
    """Ask every clip without and with `clients` clients. Raises `AssistantError` (`model.*`)."""
    engines = load_engines(config)
    return anyio.run(_measure, config, engines, clips, clients, progress)


async def _measure(
    config: Config, engines: Engines, clips: list[Clip], clients: int, progress: Callable[[str], None]
) -> LoadReport:
    bus = Bus()
    results: dict[int, list[ClipResult]] = {0: [], clients: []}
    latencies_ms: dict[int, list[float]] = {0: [], clients: []}
    ipc = msgspec.structs.replace(config.ipc, max_clients=2 * clients + 8)
    async with _load_generator(msgspec.structs.replace(config, ipc=ipc), engines, bus) as (generator, server):
        for number, clip in enumerate(clips, 1):
            for connected in (0, clients):
                progress(f"{number} of {len(clips)}: {clip.name} with {connected} clients")
                await generator.resize(connected)
                results[connected].append(await _ask_clip(config, engines, clip, bus.emit))
                latencies_ms[connected] += await generator.resize(connected)
    return LoadReport(
        quiet=_condition(0, results[0], latencies_ms[0]),
        loaded=_condition(clients, results[clients], latencies_ms[clients]),
        ratio=ratio_of_medians(results[clients], results[0]),
        events_dropped=server.dropped,
        machine=describe_machine(),
        models=engines.names,
        devices=engines.devices,
    )


async def _ask_clip(config: Config, engines: Engines, clip: Clip, emit: Emitter) -> ClipResult:
    try:
        question = read_question(clip)
        turn = await ask(engines, config, question, clip.speech_end_s, emit)
        return clip_result(clip, turn, len(question) / LISTENING_RATE)
    except AssistantError as error:
        return ClipResult(clip=clip.name, error=error.code)


def _condition(clients: int, results: list[ClipResult], latencies_ms: list[float]) -> LoadCondition:
    return LoadCondition(
        clients=clients,
        status_ms=spread(latencies_ms),
        calls=len(latencies_ms),
        voice_to_voice_ms=spread(result.voice_to_voice_ms for result in without_cut_ins(results)),
        late_blocks=sum(result.late_blocks for result in results),
        errors=sum(result.error is not None for result in results),
    )


class _GeneratorProcess:
    """The process that holds the clients; see `assistant.bench.load.load_generator`."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._commands = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def resize(self, clients: int) -> list[float]:
        """Have `clients` clients; return the round trips in ms of the `status` calls since the last command."""
        await self._commands.send(f"{clients}\n".encode())
        latencies_ms: list[float] = json.loads(await self._answers.receive_until(b"\n", MAX_LINE_BYTES))
        return latencies_ms


@asynccontextmanager
async def _load_generator(
    config: Config, engines: Engines, bus: Bus
) -> AsyncGenerator[tuple[_GeneratorProcess, IpcServer], None]:
    """Serve the socket as the daemon does, with a load generator in front of it.

    Its own room is silent: the questions are put to rooms of their own.
    """
    house = House()
    rooms = Rooms(Shared(engines, build_responders(config, engines, house), bus.emit, house=house), config)
    server = IpcServer(Running(rooms, bus, Metrics(), lambda: config, lambda: None))
    with tempfile.TemporaryDirectory(prefix="assistant") as folder:
        path = Path(folder) / "assistant.sock"
        with listening(path) as listener:
            async with rooms.open_silent(LOCAL_ROOM), anyio.create_task_group() as tasks:
                await tasks.start(server.serve, listener)
                async with await anyio.open_process(
                    children.own_module("assistant.bench.load.load_generator", str(path)), stderr=None
                ) as process:
                    yield _GeneratorProcess(process), server
                    process.terminate()
                tasks.cancel_scope.cancel()
