"""An engine behind its handle: how work is done, stopped, done again, and counted."""

import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import pytest

from assistant.blocking import Emit, StopFlag
from assistant.engines.handle import Handle
from assistant.engines.priority import Precedence, Urgency
from assistant.errors import AssistantError, Code
from assistant.testing.scripted import Hold

pytestmark = pytest.mark.anyio


@dataclass
class Engine:
    """Something that takes as long as it is held."""

    name: str = "scripted"
    hold: Hold = field(default_factory=Hold)
    calls: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, stop: StopFlag) -> str:
        """Empty when it was stopped."""
        with self.lock:
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.hold.pass_by(stop)
        with self.lock:
            self.at_once -= 1
        return "" if stop.is_set() else f"{self.name} {self.calls}"


@dataclass
class Stage:
    """An engine and its handle."""

    precedence: Precedence = field(default_factory=Precedence)
    engine: Engine = field(default_factory=Engine)
    results: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.handle = Handle.of(self.engine, "asr", self.precedence)

    async def call(self, urgency: Urgency = Urgency.SPOKEN, stop: StopFlag | None = None) -> None:
        self.results.append(
            await self.handle.call(lambda engine, flag: engine.work(flag), name="work", urgency=urgency, stop=stop)
        )


async def test_it_is_at_work_for_one_at_a_time() -> None:
    stage = Stage()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(stage.call)
    assert stage.results == [f"scripted {call}" for call in range(1, 6)]
    assert stage.engine.most_at_once == 1
    assert stage.handle.queue.figures.requests == 5


async def test_what_fails_is_raised_and_the_engine_is_free_again() -> None:
    stage = Stage()

    def fail(engine: Engine, stop: StopFlag) -> None:
        raise AssistantError(Code.ASR_FAILED, "broken")

    with pytest.raises(AssistantError, match="broken"):
        await stage.handle.call(fail, name="work")
    assert not stage.handle.queue.is_lent


async def test_work_in_the_background_is_stopped_when_somebody_speaks_and_done_again_after() -> None:
    stage = Stage()
    stage.engine.hold.holding = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.call, Urgency.BACKGROUND)
        await stage.engine.hold.wait_until_reached()
        with stage.precedence.claimed():
            await stage.engine.hold.wait_until_stopped()
            stage.engine.hold.holding = False
            await stage.call()
            assert stage.results == ["scripted 2"]
    assert stage.results == ["scripted 2", "scripted 3"]


async def test_work_in_the_background_is_stopped_for_a_request_that_is_more_urgent() -> None:
    stage = Stage()
    stage.engine.hold.holding = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.call, Urgency.BACKGROUND)
        await stage.engine.hold.wait_until_reached()
        tasks.start_soon(stage.call)
        await stage.engine.hold.wait_until_stopped()
        stage.engine.hold.released.set()
    assert stage.results == ["scripted 2", "scripted 3"]


async def test_two_pieces_of_work_in_the_background_do_not_stop_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.engines.queue.SLICE_S", 0.0)
    stage = Stage()
    stage.engine.hold.holding = True
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(stage.call, Urgency.BACKGROUND)
        await stage.engine.hold.wait_until_reached()
        await anyio.wait_all_tasks_blocked()
        stage.engine.hold.released.set()
    assert stage.results == ["scripted 1", "scripted 2"]
    assert not stage.engine.hold.stopped.is_set()


async def test_what_its_caller_ends_early_is_not_done_again() -> None:
    stage = Stage()
    stage.engine.hold.holding = True
    enough = threading.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.call, Urgency.BACKGROUND, enough)
        await stage.engine.hold.wait_until_reached()
        with stage.precedence.claimed():
            enough.set()
            await stage.engine.hold.wait_until_stopped()
    assert stage.results == [""]
    assert stage.engine.calls == 1


async def test_cancelling_stops_the_engine_before_it_is_given_to_the_next() -> None:
    stage = Stage()
    stage.engine.hold.holding = True
    async with anyio.create_task_group() as tasks, anyio.create_task_group() as given_up:
        given_up.start_soon(stage.call)
        await stage.engine.hold.wait_until_reached()
        tasks.start_soon(stage.call)
        await anyio.wait_all_tasks_blocked()
        given_up.cancel_scope.cancel()
        stage.engine.hold.released.set()
    assert stage.results == ["scripted 2"]
    assert stage.engine.most_at_once == 1


def counting(engine: Engine, emit: Emit[int], stop: StopFlag) -> None:
    for number in range(3):
        emit(number)


def counted(stage: Stage) -> AsyncGenerator[int, None]:
    return stage.handle.stream(counting, name="counting")


async def test_what_is_emitted_comes_piece_by_piece_and_the_engine_is_free_before_all_is_taken() -> None:
    stage = Stage()
    async with aclosing(counted(stage)) as numbers:
        assert await anext(numbers) == 0
        with anyio.fail_after(10):
            await stage.call()
        assert stage.results == ["scripted 1"]
        assert [number async for number in numbers] == [1, 2]
    assert stage.handle.queue.figures.requests == 2
    assert not stage.handle.queue.is_lent


async def test_leaving_a_stream_gives_the_engine_back() -> None:
    stage = Stage()
    async with aclosing(counted(stage)) as numbers:
        await anext(numbers)
    assert not stage.handle.queue.is_lent


async def test_an_engine_that_is_exchanged_is_at_work_from_the_next_request_on() -> None:
    stage = Stage()
    stage.engine.hold.holding = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.call)
        await stage.engine.hold.wait_until_reached()
        tasks.start_soon(stage.call)
        await anyio.wait_all_tasks_blocked()
        stage.handle.engine = Engine("newer")
        stage.engine.hold.released.set()
    assert stage.results == ["scripted 1", "newer 1"]
