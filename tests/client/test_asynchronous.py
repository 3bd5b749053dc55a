"""The client for programs on anyio, against a scripted conversation behind a real socket."""

from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from assistant.client import connect
from assistant.errors import AssistantError, Code
from assistant.events import Announced, Listening
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedModel
from tests.interfaces.ipc.served import Served, served

pytestmark = pytest.mark.anyio


async def test_requests_may_overlap(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with (
        served(tmp_path, loudspeaker=loudspeaker) as daemon,
        connect(daemon.path) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_say, client.call)
        await loudspeaker.full.wait()
        assert (await client.call("status"))["state"] == "speaking"
        assert await client.call("stop") == {"stopped": True}


async def test_cancelling_gives_the_request_up(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon, connect(daemon.path) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_say, client.call)
            await loudspeaker.full.wait()
            tasks.cancel_scope.cancel()
        announced = await daemon.stage.until(Announced)
        assert isinstance(announced, Announced)
        assert announced.end == "interrupted"
        assert "state" in await client.call("status")


async def test_an_answer_is_streamed_and_may_be_left_in_the_middle(tmp_path: Path) -> None:
    script = Script(model=ScriptedModel(pieces=["word "] * 60))
    async with served(tmp_path, script) as daemon, connect(daemon.path) as client:
        async with aclosing(client.ask("Tell me a story.")) as pieces:
            async for piece in pieces:
                assert piece.startswith("word")
                break
        async with aclosing(client.ask("Tell me a story.")) as pieces:
            assert "".join([piece async for piece in pieces]) == "word " * 60


async def test_events_that_are_not_read_in_time_are_counted(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as daemon,
        connect(daemon.path) as client,
        aclosing(await client.events("listening")) as events,
    ):
        await _emit(daemon, 1)
        assert (await anext(events))["turn"] == 1
        for batch in range(40):
            await _emit(daemon, *range(100 * batch, 100 * batch + 100))
            assert "state" in await client.call("status")
        first = await anext(events)
        assert first["event"] == "lagged"
        seen = [await anext(events) for _ in range(4000 - first["dropped"])]
        assert seen[-1]["turn"] == 3999


async def test_the_end_of_the_daemon_is_an_error_for_all(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, connect(daemon.path) as client:
        await client.call("status")
        daemon.stage.tasks.cancel_scope.cancel()
        with pytest.raises(AssistantError) as error:
            await client.call("status")
        assert error.value.code is Code.IPC_UNAVAILABLE


async def _say(call: object) -> None:
    assert callable(call)
    await call("say", text="A very long announcement.")


async def _emit(daemon: Served, *turns: int) -> None:
    for turn in turns:
        daemon.emit(Listening(turn=turn))
    await anyio.wait_all_tasks_blocked()


async def test_an_error_of_the_daemon_comes_out_of_the_connection_as_it_is(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon:
        with pytest.raises(AssistantError) as error:
            async with connect(daemon.path) as client:
                await client.call("volume", level=7)
        assert error.value.code is Code.IPC_INVALID_PARAMS


async def test_without_a_daemon_connecting_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(AssistantError) as error:
        async with connect(tmp_path / "none.sock"):
            pass
    assert error.value.code is Code.IPC_UNAVAILABLE
    assert "`assistant run`" in error.value.message
