"""Nothing passes the gate before it opens."""

import anyio
import pytest

from assistant.dialogue.speaking.gate import Gate
from assistant.events import Event, Listening, PlaybackStarted


@pytest.mark.anyio
async def test_events_wait_for_the_gate_and_keep_their_order() -> None:
    seen: list[Event] = []
    gate = Gate(seen.append)
    gate.emit(Listening())
    gate.emit(PlaybackStarted())
    assert seen == []
    gate.open()
    gate.emit(Listening(turn=2))
    assert seen == [Listening(), PlaybackStarted(), Listening(turn=2)]


@pytest.mark.anyio
async def test_a_task_that_waits_at_the_gate_goes_on_when_it_opens() -> None:
    gate = Gate(lambda event: None)
    order: list[str] = []

    async def wait() -> None:
        await gate.passed()
        order.append("passed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.lowlevel.checkpoint()
        order.append("opening")
        gate.open()
    assert order == ["opening", "passed"]
