"""Whether the daemon can be trusted for months, as far as an hour tells: it is talked to, and watched from outside.

The daemon is a process of its own in the virtual room. What it costs is read from /proc, what it does from its socket.
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
from assistant.bench.soak.daemon_room import Daemon, at_home, not_started, running
from assistant.bench.soak.household import Household
from assistant.bench.soak.process import Watched
from assistant.bench.soak.report import Course, Idle, Report, Sample, idle_of, rows_of, targets_of, trends_of
from assistant.bench.soak.sayings import Sayings, gather
from assistant.bench.soak.virtual_room import Room
from assistant.bench.soak.witness import Witness
from assistant.bench.speed.report import spread
from assistant.client import AsyncClient, connect
from assistant.config.schema import Config, Wake
from assistant.errors import AssistantError, Code, single_error
from assistant.host.hardware import describe_machine

SEED = 6

SAMPLE_S = 10.0
"""Between two readings; less where the talk is short, so that there are two in each part of it."""

FEWEST_SAMPLES = 24

IDLE_S = 60.0
IDLE_SHARE = 0.1
"""How long nobody speaks before the talk, and after it: a tenth of the time, at least a minute."""

MOST_IDLE = 0.25
"""Of the time, however short it is."""

SETTLED_S = 5.0
"""After the daemon is ready, until it is called idle."""

NOISE_DB = -65.0
"""Level of the room's own noise, in dB of full scale: a room is never as silent as a null sink."""

NOISE_CHUNK_S = 0.5

COUNTERS = {
    "late_blocks": "assistant_late_blocks_total",
    "dropped_samples": "assistant_dropped_samples_total",
    "underflows": "assistant_underflows_total",
}
"""What the daemon counts itself, and what it calls it."""

Tell = Callable[[str], None]


def run(config: Config, clips: list[Clip], minutes: float, tell: Tell) -> Report:
    """Talk to a daemon for `minutes`; SIGINT ends the talk, and what was measured until then is reported.

    Raises `AssistantError`: `room.tools_missing`, `audio.unreadable`, `daemon.ended` when it does not start.
    """
    wake = at_home(config).wake
    assert isinstance(wake, Wake)
    sayings = gather(clips, list(wake.words))
    with Room.opened() as room:
        return anyio.run(_measure, room, config, sayings, minutes * 60, tell)


async def _measure(room: Room, config: Config, sayings: Sayings, seconds: float, tell: Tell) -> Report:
    with single_error():
        async with running(room, config) as daemon, _interruptible() as scope:
            soak = Soak(room, daemon, seconds, tell)
            with scope:
                await soak.run(sayings)
            return soak.report()


class Soak:
    """One run."""

    def __init__(self, room: Room, daemon: Daemon, seconds: float, tell: Tell) -> None:
        self._room = room
        self._daemon = daemon
        self._seconds = seconds
        self._tell = tell
        self._watched = Watched(daemon.process.pid)
        self._witness = Witness()
        self._household: Household | None = None
        self._samples: list[Sample] = []
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._idle: dict[str, Idle] = {}
        self._status: dict[str, dict[str, str]] = {"models": {}, "devices": {}}
        self._began = self._talk_from = anyio.current_time()
        self._talk_until: float | None = None
        self._ended: str | None = None

    async def run(self, sayings: Sayings) -> None:
        """Be idle, talk, be idle. A daemon that ends in the middle is part of what was found."""
        self._tell("loading the models")
        try:
            with single_error():
                async with connect(self._daemon.socket) as client, anyio.create_task_group() as tasks:
                    self._status = await client.call("status")
                    self._began = anyio.current_time()
                    await tasks.start(self._witness.watch, client)
                    await tasks.start(_hum, self._room)
                    tasks.start_soon(self._sample, client)
                    await self._live(client, sayings)
                    tasks.cancel_scope.cancel()
        except AssistantError as error:
            if error.code is not Code.IPC_UNAVAILABLE:
                raise
            if not self._samples:
                raise await not_started(self._daemon) from error
            self._ended = await self._daemon.last_words()
        finally:
            self._talk_until = self._talk_until or anyio.current_time()

    async def _live(self, client: AsyncClient, sayings: Sayings) -> None:
        await anyio.sleep(SETTLED_S)
        await self._rest("start")
        await self._count(client)
        self._read()  # what is counted from here on belongs to the talk
        household = self._household = Household(self._room, client, self._witness, sayings, SEED, self._began)
        self._talk_from = anyio.current_time()
        await household.live(self._talk_s, lambda scene: self._tell(f"{self._left}: {scene}"))
        self._talk_until = anyio.current_time()
        await household.asleep()
        await self._rest("end")
        await self._count(client)

    @property
    def _idle_s(self) -> float:
        return min(MOST_IDLE * self._seconds, max(IDLE_S, IDLE_SHARE * self._seconds))

    @property
    def _talk_s(self) -> float:
        return self._seconds - 2 * self._idle_s

    @property
    def _left(self) -> str:
        return f"{max(0.0, self._seconds - self._now) / 60:.1f} minutes left"

    @property
    def _now(self) -> float:
        return anyio.current_time() - self._began

    @property
    def _is_talking(self) -> bool:
        return self._household is not None and self._talk_until is None

    async def _rest(self, when: str) -> None:
        self._tell(f"{self._left}: listening for the wake word, nobody speaks")
        began, before = anyio.current_time(), self._watched.threads()
        try:
            await anyio.sleep(self._idle_s)
        finally:
            with suppress(ProcessLookupError):  # the witness hears of it, too
                seconds, after = anyio.current_time() - began, self._watched.threads()
                self._idle[when] = idle_of(seconds, before, after, self._watched.read())

    async def _sample(self, client: AsyncClient) -> None:
        """Read, again and again. While nobody speaks nothing is asked of the daemon."""
        every = min(SAMPLE_S, self._talk_s / FEWEST_SAMPLES)
        due = anyio.current_time()
        while True:
            if self._is_talking:
                await self._count(client)
            self._read()
            due += every
            await anyio.sleep_until(due)

    def _read(self) -> None:
        with suppress(ProcessLookupError):
            self._samples.append(Sample(at_s=round(self._now, 3), reading=self._watched.read(), **self._counts))

    async def _count(self, client: AsyncClient) -> None:
        text = (await client.call("metrics"))["text"]
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        self._counts = {name: round(float(values.get(metric, 0))) for name, metric in COUNTERS.items()}

    def report(self) -> Report:
        exchanges = self._household.exchanges if self._household else []
        course = Course(
            start_s=self._talk_from - self._began,
            end_s=(self._talk_until or self._talk_from) - self._began,
            samples=self._samples,
            exchanges=exchanges,
            shed_at_s=[at - self._began for at, event in self._witness.timed if event["event"] == "load_shed"],
        )
        report = Report(
            talk_s=round(course.end_s - course.start_s, 1),
            seed=SEED,
            rows=rows_of(course),
            trends=trends_of(course),
            turns=len(exchanges),
            missed=sum(bool(each.missed) for each in exchanges),
            interrupted=sum(each.cut for each in exchanges),
            false_wakes=self._household.false_wakes if self._household else 0,
            voice_to_voice_ms=spread(each.voice_to_voice_ms for each in exchanges),
            load_sheds=len(course.shed_at_s),
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


async def _hum(room: Room, *, task_status: TaskStatus[None]) -> None:
    """The room's own noise, as long as it is wanted."""
    random = np.random.default_rng(SEED)
    async with await anyio.open_process(
        room.humming(LISTENING_RATE), env=room.environment, start_new_session=True
    ) as process:
        assert process.stdin is not None
        task_status.started()
        while True:
            noise = random.standard_normal(round(NOISE_CHUNK_S * LISTENING_RATE)) * 10 ** (NOISE_DB / 20)
            await process.stdin.send(to_int16(noise.astype(np.float32)).tobytes())


@asynccontextmanager
async def _interruptible() -> AsyncIterator[anyio.CancelScope]:
    """A scope that SIGINT cancels, once; the next one is a `KeyboardInterrupt` again."""
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
