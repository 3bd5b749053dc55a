"""When the service manager is notified that the daemon is healthy."""

import threading
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import pytest

from assistant import blocking
from assistant.blocking import Emit, StopFlag
from assistant.events import Level, Listening
from assistant.host import watchdog as module
from assistant.host.notify import NullNotifier
from assistant.host.watchdog import MAX_ENGINE_SILENCE_S, MAX_INPUT_SILENCE_S, Watchdog
from assistant.testing.clock import JumpingLoop

pytestmark = pytest.mark.anyio

SOUND = Level(level_db=-50.0, speech=0.0)


@dataclass
class Clock:
    """Stands until it is moved."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class CountingNotifier(NullNotifier):
    """Notes the signs of life."""

    notified: anyio.Event = field(default_factory=anyio.Event)
    signs: int = 0

    def alive(self) -> None:
        self.signs += 1
        self.notified.set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(blocking, "time", clock)
    return clock


def test_sound_that_is_looked_at_is_a_sign_of_life(clock: Clock) -> None:
    watchdog = Watchdog(NullNotifier(), 30.0, input_excused=lambda: False)
    for _ in range(10):
        clock.now += MAX_INPUT_SILENCE_S - 1
        watchdog.observe(SOUND)
        assert watchdog.problem == ""


def test_a_microphone_that_delivers_nothing_is_none_whatever_else_happens(clock: Clock) -> None:
    watchdog = Watchdog(NullNotifier(), 30.0, input_excused=lambda: False)
    clock.now += MAX_INPUT_SILENCE_S + 1
    watchdog.observe(Listening())
    assert watchdog.problem == "no sound from the microphone for 6 s"
    watchdog.observe(SOUND)
    assert watchdog.problem == ""


def test_silence_is_excused_where_its_reason_is_known(clock: Clock) -> None:
    muted = True
    watchdog = Watchdog(NullNotifier(), 30.0, input_excused=lambda: muted)
    clock.now += 3600
    assert watchdog.problem == ""
    muted = False
    assert watchdog.problem != ""


async def test_an_engine_that_hangs_is_a_problem_and_one_that_emits_is_not(clock: Clock) -> None:
    watchdog = Watchdog(NullNotifier(), 30.0, input_excused=lambda: True)
    go_on = threading.Semaphore(0)

    def work(emit: Emit[int], stop: StopFlag) -> None:
        for number in range(2):
            go_on.acquire()
            emit(number)

    async with aclosing(blocking.stream(work, name="generation")) as pieces:
        go_on.release()
        await anext(pieces)
        clock.now += MAX_ENGINE_SILENCE_S - 1
        assert watchdog.problem == ""
        clock.now += 2
        assert watchdog.problem == "generation has been at work for 121 s without a sign"
        go_on.release()
        await anext(pieces)
        assert watchdog.problem == ""
    assert blocking.longest_silence() == (0.0, "")


async def test_an_engine_that_waits_for_its_consumer_or_has_ended_does_not_hang(clock: Clock) -> None:
    watchdog = Watchdog(NullNotifier(), 30.0, input_excused=lambda: True)

    def work(emit: Emit[int], stop: StopFlag) -> None:
        for number in range(3):
            emit(number)

    async with aclosing(blocking.stream(work, name="synthesis", ahead=1)) as pieces:
        await anext(pieces)
        clock.now += MAX_ENGINE_SILENCE_S + 1
        await anyio.sleep(0.1)  # it looks again whether there is room
        assert watchdog.problem == ""
    async with aclosing(blocking.stream(work, name="synthesis")) as pieces:
        await anext(pieces)
        await anyio.sleep(0.1)  # it is done
        clock.now += MAX_ENGINE_SILENCE_S + 1
        assert watchdog.problem == ""


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": JumpingLoop})], ids=["a clock that jumps"])
async def test_the_service_manager_is_not_notified_while_there_is_a_problem(clock: Clock) -> None:
    notifier = CountingNotifier()
    watchdog = Watchdog(notifier, 20.0, input_excused=lambda: False)
    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(200):
            tasks.start_soon(watchdog.run)
            await notifier.notified.wait()
            clock.now += MAX_INPUT_SILENCE_S + 1
            await anyio.sleep(20)  # a look that has begun before
            before = notifier.signs
            await anyio.sleep(100)
            assert notifier.signs == before
            notifier.notified = anyio.Event()
            watchdog.observe(SOUND)
            await notifier.notified.wait()
        tasks.cancel_scope.cancel()


async def test_input_has_come_with_the_first_sound_or_need_not() -> None:
    watchdog = Watchdog(NullNotifier(), None, input_excused=lambda: False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watchdog.until_input)
        await anyio.wait_all_tasks_blocked()
        watchdog.observe(SOUND)
    await Watchdog(NullNotifier(), None, input_excused=lambda: True).until_input()
