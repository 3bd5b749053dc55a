"""Who gets an engine that cannot run twice, and when it has to be given back."""

from dataclasses import dataclass

import anyio
import pytest

from assistant.engines import queue as module
from assistant.engines.priority import Precedence, Urgency
from assistant.engines.queue import SLICE_S, EngineQueue, Lease

pytestmark = pytest.mark.anyio

SPOKEN, BACKGROUND = Urgency.SPOKEN, Urgency.BACKGROUND


@dataclass
class Clock:
    """Stands until it is moved."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Requests:
    """Requests to a queue that are held until they are told to end."""

    def __init__(self, tasks: anyio.abc.TaskGroup, queue: EngineQueue) -> None:
        self._tasks = tasks
        self._queue = queue
        self._done: dict[str, anyio.Event] = {}
        self.begun: list[str] = []
        """Those that have had the engine, in this order."""
        self.leases: dict[str, Lease] = {}

    async def add(self, name: str, urgency: Urgency = SPOKEN, deadline: float | None = None) -> None:
        """Ask for the engine, and return once that is waiting or has it."""
        self._done[name] = anyio.Event()
        self._tasks.start_soon(self._request, name, urgency, deadline)
        await anyio.wait_all_tasks_blocked()

    async def end(self, name: str) -> None:
        self._done[name].set()
        await anyio.wait_all_tasks_blocked()

    async def end_all(self) -> list[str]:
        """End each as soon as it has begun; the order in which all of them did."""
        for done in self._done.values():
            done.set()
        await anyio.wait_all_tasks_blocked()
        return self.begun

    async def _request(self, name: str, urgency: Urgency, deadline: float | None) -> None:
        with await self._queue.acquire(urgency, deadline) as self.leases[name]:
            self.begun.append(name)
            await self._done[name].wait()


async def test_requests_of_a_kind_get_it_in_the_order_in_which_they_came() -> None:
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("llm", Precedence()))
        for name in ("one", "two", "three"):
            await requests.add(name)
        assert requests.begun == ["one"]
        assert await requests.end_all() == ["one", "two", "three"]


async def test_who_has_waited_longest_goes_before_who_came_first_and_both_before_one_without_a_deadline() -> None:
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("llm", Precedence()))
        await requests.add("at work")
        await requests.add("ahead of its time")
        await requests.add("later", deadline=20.0)
        await requests.add("sooner", deadline=10.0)
        assert await requests.end_all() == ["at work", "sooner", "later", "ahead of its time"]


async def test_who_speaks_goes_before_the_earliest_deadline_of_what_is_in_the_background() -> None:
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("llm", Precedence()))
        await requests.add("at work")
        await requests.add("typed", BACKGROUND, deadline=1.0)
        await requests.add("spoken", SPOKEN)
        assert await requests.end_all() == ["at work", "spoken", "typed"]


async def test_nothing_in_the_background_begins_while_somebody_speaks_although_the_engine_is_free() -> None:
    precedence = Precedence()
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("asr", precedence))
        with precedence.claimed():
            with precedence.claimed():
                await requests.add("a recording", BACKGROUND)
                await requests.add("a turn")
                await requests.end("a turn")
            await anyio.wait_all_tasks_blocked()
            assert requests.begun == ["a turn"]
        await anyio.wait_all_tasks_blocked()
        assert await requests.end_all() == ["a turn", "a recording"]


async def test_what_has_begun_in_the_background_is_overtaken_by_the_onset_of_speech_and_by_a_request() -> None:
    precedence = Precedence()
    queue = EngineQueue("asr", precedence)
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, queue)
        await requests.add("a recording", BACKGROUND)
        lease = requests.leases["a recording"]
        assert not lease.is_overtaken
        with precedence.claimed():
            assert lease.is_overtaken
            assert lease.is_wanted
        assert not lease.is_overtaken
        await requests.add("a turn")
        assert lease.is_overtaken
        await requests.end_all()


async def test_what_is_spoken_is_never_overtaken() -> None:
    precedence = Precedence()
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("llm", precedence))
        await requests.add("one room")
        await requests.add("another room", deadline=1.0)
        with precedence.claimed():
            assert not requests.leases["one room"].is_wanted
        await requests.end_all()


async def test_work_in_the_background_shares_the_engine_with_other_such_work_in_slices(clock: Clock) -> None:
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("llm", Precedence()))
        await requests.add("one", BACKGROUND)
        one = requests.leases["one"]
        one.note_result()
        clock.now += SLICE_S + 0.01
        assert not one.is_wanted, "nothing else wants it"
        await requests.add("two", BACKGROUND)
        assert one.is_wanted
        assert not one.is_overtaken, "work that cannot go on later is done to its end"
        await requests.end("one")
        assert not requests.leases["two"].is_wanted
        await requests.end_all()


async def test_a_slice_begins_with_its_first_result_and_is_as_long_as_that_took(clock: Clock) -> None:
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, EngineQueue("llm", Precedence()))
        await requests.add("one", BACKGROUND)
        await requests.add("two", BACKGROUND)
        lease = requests.leases["one"]
        clock.now += 3.0
        assert not lease.is_wanted, "it has read its prompt for nothing if it is stopped now"
        lease.note_result()
        clock.now += 2.9
        assert not lease.is_wanted
        clock.now += 0.2
        assert lease.is_wanted
        await requests.end_all()


async def test_who_gives_up_while_waiting_is_passed_over() -> None:
    queue = EngineQueue("llm", Precedence())
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, queue)
        await requests.add("at work")
        async with anyio.create_task_group() as given_up:
            await Requests(given_up, queue).add("given up", deadline=1.0)
            assert queue.waiting == 1
            given_up.cancel_scope.cancel()
        assert queue.waiting == 0
        await requests.add("next")
        assert await requests.end_all() == ["at work", "next"]


async def test_who_gives_up_in_the_moment_of_getting_it_gives_it_to_the_next() -> None:
    queue = EngineQueue("llm", Precedence())
    lease = await queue.acquire(SPOKEN)
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, queue)
        async with anyio.create_task_group() as given_up:
            late = Requests(given_up, queue)
            await late.add("given up")
            await requests.add("next")
            given_up.cancel_scope.cancel()
            lease.release()
            assert queue.waiting == 1, "it was lent to the first, who does not know yet that it is too late"
        assert late.begun == []
        assert await requests.end_all() == ["next"]
    assert queue.figures.requests == 2
    assert not queue.is_lent


async def test_who_is_cancelled_at_work_gives_it_back() -> None:
    queue = EngineQueue("llm", Precedence())
    async with anyio.create_task_group() as tasks:
        await Requests(tasks, queue).add("cancelled")
        assert queue.is_lent
        tasks.cancel_scope.cancel()
    assert not queue.is_lent


async def test_a_lease_that_is_given_back_twice_is_given_back_once() -> None:
    queue = EngineQueue("tts", Precedence())
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, queue)
        with await queue.acquire(SPOKEN) as lease:
            await requests.add("next")
            lease.release()
            await anyio.wait_all_tasks_blocked()
            assert requests.begun == ["next"]
            lease.release()
        assert queue.is_lent, "it is the next one's"
        await requests.end_all()


async def test_it_counts_requests_and_how_long_they_waited_and_had_it(clock: Clock) -> None:
    queue = EngineQueue("llm", Precedence())
    async with anyio.create_task_group() as tasks:
        requests = Requests(tasks, queue)
        await requests.add("one")
        await requests.add("two")
        assert (queue.figures.requests, queue.waiting) == (1, 1)
        clock.now += 2.0
        await requests.end("one")
        clock.now += 0.5
        await requests.end("two")
    assert (queue.figures.requests, queue.waiting) == (2, 0)
    assert (queue.figures.waited_s, queue.figures.worked_s) == (2.0, 2.5)


async def test_precedence_tells_when_it_is_free_again() -> None:
    precedence = Precedence()
    changes: list[bool] = []
    precedence.watch(lambda: changes.append(precedence.is_claimed))
    async with anyio.create_task_group() as tasks:
        with precedence.claimed():
            tasks.start_soon(precedence.free)
            with precedence.claimed():
                pass
            await anyio.wait_all_tasks_blocked()
            assert changes == [True]
    assert changes == [True, False]
