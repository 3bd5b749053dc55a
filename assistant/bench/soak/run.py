"""The soak suite: whether the daemon can be trusted to run for months, as far as an hour can tell.

The daemon is a process of its own in a virtual room. What it uses is read from /proc, what it does from its socket.
"""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import msgspec
import numpy as np
from anyio.abc import TaskStatus

from assistant.audio.pcm import LISTENING_RATE, to_int16
from assistant.bench.clips import Clip
from assistant.bench.soak.analysis import idle_of, intervals_of, targets_of, trends_of
from assistant.bench.soak.daemon_process import DaemonProcess, room_config, running_daemon, startup_error
from assistant.bench.soak.event_recorder import EventRecorder
from assistant.bench.soak.process_monitor import ProcessMonitor
from assistant.bench.soak.report import IdleUsage, SoakReport, SoakSample, SoakTimeline
from assistant.bench.soak.scenario import Scenario
from assistant.bench.soak.stimuli import Stimuli, select_stimuli
from assistant.bench.soak.virtual_room import VirtualRoom
from assistant.bench.spread import spread
from assistant.client import AsyncClient, connect
from assistant.config.schema import Config, Wake
from assistant.errors import AssistantError, Code, single_error
from assistant.host.hardware import describe_machine

SEED = 6
"""Of the scenario and the background noise."""

SAMPLE_S = 10.0
MIN_SAMPLES = 24
"""Interval of the readings; shorter in a short scenario, so that each of its parts has two."""

MIN_IDLE_S = 60.0
IDLE_SHARE = 0.1
MAX_IDLE_SHARE = 0.25
"""Idle time before the scenario, and again after it: a tenth of the run, at least a minute, at most a quarter."""

SETTLING_S = 5.0
"""From the daemon's readiness until its idle usage is measured."""

NOISE_DB = -65.0
"""Level of the background noise, in dB of full scale: no real room is as silent as a null sink."""

NOISE_CHUNK_S = 0.5

COUNTERS = {
    "late_blocks": "assistant_late_blocks_total",
    "dropped_samples": "assistant_dropped_samples_total",
    "underflows": "assistant_underflows_total",
}
"""Counters of `SoakSample`, and the daemon's metrics they come from."""

Progress = Callable[[str], None]


def run_soak(config: Config, clips: list[Clip], minutes: float, progress: Progress) -> SoakReport:
    """Run a daemon for `minutes`, most of them with the scenario. SIGINT ends the run early; it is reported as usual.

    Raises `AssistantError`: `room.tools_missing`, `audio.unreadable`, and `daemon.ended` if the daemon cannot start.
    """
    wake = room_config(config).wake
    assert isinstance(wake, Wake)
    stimuli = select_stimuli(clips, list(wake.words))
    with VirtualRoom.opened() as room:
        return anyio.run(_measure, room, config, stimuli, minutes * 60, progress)


async def _measure(
    room: VirtualRoom, config: Config, stimuli: Stimuli, seconds: float, progress: Progress
) -> SoakReport:
    with single_error():
        async with running_daemon(room, config) as daemon, _interruptible() as scope:
            soak = Soak(room, daemon, seconds, progress)
            with scope:
                await soak.run(stimuli)
            return soak.report()


class Soak:
    """One run: the scenario, the readings beside it, and the report."""

    def __init__(self, room: VirtualRoom, daemon: DaemonProcess, seconds: float, progress: Progress) -> None:
        self._room = room
        self._daemon = daemon
        self._seconds = seconds
        self._progress = progress
        self._monitor = ProcessMonitor(daemon.process.pid)
        self._recorder = EventRecorder()
        self._scenario: Scenario | None = None
        self._samples: list[SoakSample] = []
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._idle: dict[str, IdleUsage] = {}
        self._status: dict[str, dict[str, str]] = {"models": {}, "devices": {}}
        self._ready_at = self._scenario_from = anyio.current_time()
        self._scenario_until: float | None = None
        self._ended: str | None = None

    async def run(self, stimuli: Stimuli) -> None:
        """Measure idle usage, play the scenario, measure idle usage again. If the daemon ends, that is reported."""
        self._progress("loading the models")
        try:
            with single_error():
                async with connect(self._daemon.socket) as client, anyio.create_task_group() as tasks:
                    self._status = await client.call("status")
                    self._ready_at = anyio.current_time()
                    await tasks.start(self._recorder.record, client)
                    await tasks.start(_play_noise, self._room)
                    tasks.start_soon(self._sample, client)
                    await self._play(client, stimuli)
                    tasks.cancel_scope.cancel()
        except AssistantError as error:
            if error.code is not Code.IPC_UNAVAILABLE:
                raise
            if not self._samples:
                raise await startup_error(self._daemon) from error
            self._ended = await self._daemon.last_words()
        finally:
            self._scenario_until = self._scenario_until or anyio.current_time()

    async def _play(self, client: AsyncClient, stimuli: Stimuli) -> None:
        await anyio.sleep(SETTLING_S)
        await self._measure_idle("start")
        await self._count(client)
        self._read()  # counts from here on belong to the scenario
        scenario = self._scenario = Scenario(self._room, client, self._recorder, stimuli, SEED, self._ready_at)
        self._scenario_from = anyio.current_time()
        await scenario.play(self._scenario_s, lambda scene: self._progress(f"{self._left}: {scene}"))
        self._scenario_until = anyio.current_time()
        await scenario.until_asleep()
        await self._measure_idle("end")
        await self._count(client)

    @property
    def _idle_s(self) -> float:
        return min(MAX_IDLE_SHARE * self._seconds, max(MIN_IDLE_S, IDLE_SHARE * self._seconds))

    @property
    def _scenario_s(self) -> float:
        return self._seconds - 2 * self._idle_s

    @property
    def _left(self) -> str:
        return f"{max(0.0, self._seconds - self._now) / 60:.1f} minutes left"

    @property
    def _now(self) -> float:
        return anyio.current_time() - self._ready_at

    @property
    def _is_playing(self) -> bool:
        return self._scenario is not None and self._scenario_until is None

    async def _measure_idle(self, when: str) -> None:
        self._progress(f"{self._left}: idle, listening for the wake word")
        started_at, before = anyio.current_time(), self._monitor.threads()
        try:
            await anyio.sleep(self._idle_s)
        finally:
            with suppress(ProcessLookupError):  # the connection ends as well, which is reported
                seconds, after = anyio.current_time() - started_at, self._monitor.threads()
                self._idle[when] = idle_of(seconds, before, after, self._monitor.read())

    async def _sample(self, client: AsyncClient) -> None:
        """Take samples at regular times. The idle daemon is only read from outside, never called."""
        every = min(SAMPLE_S, self._scenario_s / MIN_SAMPLES)
        due = anyio.current_time()
        while True:
            if self._is_playing:
                await self._count(client)
            self._read()
            due += every
            await anyio.sleep_until(due)

    def _read(self) -> None:
        with suppress(ProcessLookupError):
            self._samples.append(SoakSample(at_s=round(self._now, 3), reading=self._monitor.read(), **self._counts))

    async def _count(self, client: AsyncClient) -> None:
        text = (await client.call("metrics"))["text"]
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        self._counts = {name: round(float(values.get(metric, 0))) for name, metric in COUNTERS.items()}

    def report(self) -> SoakReport:
        """Report the run so far."""
        exchanges = self._scenario.exchanges if self._scenario else []
        timeline = SoakTimeline(
            start_s=self._scenario_from - self._ready_at,
            end_s=(self._scenario_until or self._scenario_from) - self._ready_at,
            samples=self._samples,
            exchanges=exchanges,
            shed_at_s=[at - self._ready_at for at, event in self._recorder.timed if event["event"] == "load_shed"],
        )
        report = SoakReport(
            talk_s=round(timeline.end_s - timeline.start_s, 1),
            seed=SEED,
            rows=intervals_of(timeline),
            trends=trends_of(timeline),
            turns=len(exchanges),
            missed=sum(bool(each.missed) for each in exchanges),
            interrupted=sum(each.cut for each in exchanges),
            false_wakes=self._scenario.false_wakes if self._scenario else 0,
            voice_to_voice_ms=spread(each.voice_to_voice_ms for each in exchanges),
            load_sheds=len(timeline.shed_at_s),
            idle=self._idle,
            targets=[],
            exchanges=exchanges,
            samples=self._samples,
            ended=self._ended,
            machine=describe_machine(),
            models=self._status["models"],
            devices=self._status["devices"],
            **self._counts,
        )
        return msgspec.structs.replace(report, targets=targets_of(report))


async def _play_noise(room: VirtualRoom, *, task_status: TaskStatus[None]) -> None:
    """Play background noise to the microphone until cancelled."""
    random = np.random.default_rng(SEED)
    async with await anyio.open_process(
        room.streaming(LISTENING_RATE), env=room.environment, start_new_session=True
    ) as process:
        assert process.stdin is not None
        task_status.started()
        while True:
            noise = random.standard_normal(round(NOISE_CHUNK_S * LISTENING_RATE)) * 10 ** (NOISE_DB / 20)
            await process.stdin.send(to_int16(noise.astype(np.float32)).tobytes())


@asynccontextmanager
async def _interruptible() -> AsyncIterator[anyio.CancelScope]:
    """Yield a scope that the first SIGINT cancels; the next one raises `KeyboardInterrupt` again."""
    scope = anyio.CancelScope()

    async def wait() -> None:
        with anyio.open_signal_receiver(signal.SIGINT) as signals:
            async for _ in signals:
                scope.cancel()
                return

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        yield scope
        tasks.cancel_scope.cancel()
