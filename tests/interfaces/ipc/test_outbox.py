"""What waits for a client is bounded, and what is dropped is counted."""

import json
from typing import Any

import anyio
import pytest

from assistant.interfaces.ipc.outbox import MAX_ANSWERS, MAX_EVENTS, Outbox

pytestmark = pytest.mark.anyio


def line(number: int) -> bytes:
    return json.dumps({"number": number}).encode() + b"\n"


async def taken(outbox: Outbox) -> list[dict[str, Any]]:
    outbox.close()
    lines = b""
    while more := await outbox.take():
        lines += more
    return [json.loads(line) for line in lines.splitlines()]


async def test_what_is_put_in_comes_out_in_order() -> None:
    outbox = Outbox()
    outbox.answer(line(1))
    outbox.event(line(2))
    outbox.answer(line(3))
    assert [message["number"] for message in await taken(outbox)] == [1, 2, 3]


async def test_of_too_many_events_the_oldest_are_dropped_and_the_client_learns_how_many() -> None:
    outbox = Outbox()
    dropped = [outbox.event(line(number)) for number in range(MAX_EVENTS + 5)]
    assert sum(dropped) == 5
    first, second, *rest = await taken(outbox)
    assert (first["method"], first["params"]) == ("lagged", {"dropped": 5})
    assert second == {"number": 5}
    assert rest[-1] == {"number": MAX_EVENTS + 4}


async def test_answers_are_never_dropped() -> None:
    outbox = Outbox()
    outbox.answer(line(-1))
    for number in range(3 * MAX_EVENTS):
        outbox.event(line(number))
    assert {"number": -1} in await taken(outbox)


async def test_who_does_not_take_answers_is_not_read_from() -> None:
    outbox = Outbox()
    for number in range(MAX_ANSWERS + 1):
        outbox.answer(line(number))
    has_room = anyio.Event()

    async def wait() -> None:
        await outbox.room()
        has_room.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert not has_room.is_set()
        await outbox.take()
        await has_room.wait()


async def test_events_do_not_take_the_room_of_answers() -> None:
    outbox = Outbox()
    for number in range(MAX_EVENTS):
        outbox.event(line(number))
    with anyio.fail_after(1):
        await outbox.room()


async def test_pieces_of_an_answer_that_wait_become_one() -> None:
    outbox = Outbox()
    for text in ("It ", "is ", "noon."):
        outbox.delta(1, text)
    outbox.delta(2, "No.")
    assert [message["params"] for message in await taken(outbox)] == [
        {"request": 1, "text": "It is noon."},
        {"request": 2, "text": "No."},
    ]
