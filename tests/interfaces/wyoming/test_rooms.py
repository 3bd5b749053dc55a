"""Satellites are rooms like any other: in events, metrics, status and history, and within reach of commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
import numpy as np
import pytest
from wyoming.asr import Transcript
from wyoming.client import AsyncClient
from wyoming.event import Event as WyomingEvent
from wyoming.event import async_read_event, async_write_event
from wyoming.pipeline import PipelineStage, RunPipeline

from assistant.app.running import Running
from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.bench.clips import Clip
from assistant.client import connect
from assistant.client.asynchronous import AsyncClient as Commands
from assistant.config.schema import Config, Llm, Wake, Wyoming
from assistant.engines.detectors import Detectors
from assistant.errors import AssistantError, Code
from assistant.events import Error, Event, Provenance, RoomClosed, RoomOpened, TurnFinished, Woken
from assistant.flow import Signal
from assistant.interfaces.ipc.server import IpcServer
from assistant.interfaces.net import unix_socket
from assistant.interfaces.wyoming.server import WyomingServer
from assistant.store.rooms import LOCAL_ROOM
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import LoudIsSpeech, Script
from assistant.testing.stage import QUIET, conversation
from assistant.wake.base import Detection
from tests.interfaces.wyoming.conftest import Serve
from tests.interfaces.wyoming.test_satellite import CHUNK, Speaker

pytestmark = pytest.mark.anyio

ROOM = "kitchen"


@dataclass
class Satellite:
    """A microphone and a loudspeaker that the daemon connects to, as real ones are."""

    stage: PipelineStage
    speaker: Speaker = field(default_factory=Speaker)
    told: list[WyomingEvent] = field(default_factory=list)
    """What the daemon has sent, without the sound."""
    heard: list[bytes] = field(default_factory=list)
    """The sound."""
    changed: Signal = field(default_factory=Signal)

    @asynccontextmanager
    async def listening(self, path: Path) -> AsyncIterator[None]:
        """Accept the daemon at `path`, until the end of the context."""
        async with await asyncio.start_unix_server(self._converse, path):
            yield

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await async_read_event(reader)
        assert first is not None
        assert first.type == "run-satellite"
        await async_write_event(RunPipeline(self.stage, PipelineStage.TTS).event(), writer)
        speaking = asyncio.create_task(self._speak(writer))
        with suppress(ConnectionError):  # the daemon has ended
            while (event := await async_read_event(reader)) is not None:
                if event.type == "audio-chunk":
                    self.heard.append(event.payload or b"")
                else:
                    self.told.append(event)
                self.changed.notify()
        speaking.cancel()
        writer.close()

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        due = asyncio.get_running_loop().time()
        while True:
            await async_write_event(self.speaker.next(), writer)
            due += CHUNK / LISTENING_RATE
            await asyncio.sleep(due - asyncio.get_running_loop().time())

    async def until(self, kind: str) -> WyomingEvent:
        while True:
            for event in self.told:
                if event.type == kind:
                    return event
            await self.changed.wait()

    @property
    def loudness(self) -> int:
        """The highest sample that was sent to its loudspeaker, of 32767."""
        return max(int(np.abs(np.frombuffer(chunk, np.int16).astype(np.int32)).max()) for chunk in self.heard if chunk)


@dataclass
class House:
    """A daemon with a satellite, its events, and a client of its socket."""

    host: Running
    satellite: Satellite
    commands: Commands
    events: list[Event]
    changed: Signal

    async def until(self, kind: type[Event]) -> Event:
        """The first event of a kind in the satellite's room."""
        while True:
            for event in self.events:
                if isinstance(event, kind) and event.room == ROOM:
                    return event
            await self.changed.wait()

    async def call(self, method: str, **params: Any) -> Any:
        return await self.commands.call(method, **params)


@asynccontextmanager
async def connected(serve: Serve, folder: Path, stage: PipelineStage, config: Config) -> AsyncIterator[House]:
    """A daemon without a sound card, and a satellite whose room is open."""
    satellite, changed, events = Satellite(stage), Signal(), list[Event]()

    def note(event: Event) -> None:
        events.append(event)
        changed.notify()

    settings = Wyoming(satellites=[f"unix://{folder}/{ROOM}.sock"])
    async with satellite.listening(folder / f"{ROOM}.sock"), serve(settings, config) as server:
        host = server.host
        assert isinstance(host, Running)
        with host.bus.subscribe(note), host.bus.subscribe(host.metrics.observe):
            async with host.rooms.open_silent(LOCAL_ROOM), commands(host, folder / "a.sock") as client:
                house = House(host, satellite, client, events, changed)
                await house.until(RoomOpened)
                yield house


@asynccontextmanager
async def commands(host: Running, path: Path) -> AsyncIterator[Commands]:
    """A client of a socket for the daemon."""
    with unix_socket.open_socket(path) as listener:
        async with anyio.create_task_group() as tasks:
            await tasks.start(IpcServer(host).serve, listener)
            async with connect(path) as client:
                yield client
            tasks.cancel_scope.cancel()


async def test_a_turn_over_a_satellite_is_told_counted_and_remembered_with_its_room(
    serve: Serve, tmp_path: Path, clips: dict[str, Clip]
) -> None:
    async with connected(serve, tmp_path, PipelineStage.ASR, Config()) as house:
        await house.until(Woken)
        assert (await house.call("status"))["rooms"] == {"local": "silent", "kitchen": "listening"}
        house.satellite.speaker.say(clips["q_what_time_is_it_r3"])
        turn = await house.until(TurnFinished)
        assert isinstance(turn, TurnFinished)
        assert turn.provenance == Provenance(kind="skill", name="calendar")
        assert turn.heard == turn.spoken != ""
        assert [type(event) for event in house.events if event.room != ROOM] == [RoomOpened]
        assert house.satellite.loudness > 1000
        counted = f'assistant_turns_total{{end="answered",room="{ROOM}",source="speech"}} 1.0'
        assert counted in (await house.call("metrics"))["text"]
        [exchange] = (await house.call("history.get", room=ROOM))["exchanges"]
        assert exchange["heard"] == turn.heard
        assert (await house.call("history.get"))["exchanges"] == []
        assert await house.call("history.clear", room=ROOM) == {"forgotten": 1}


async def test_commands_reach_it_by_its_name_or_because_it_is_the_only_one(serve: Serve, tmp_path: Path) -> None:
    async with connected(serve, tmp_path, PipelineStage.WAKE, Config()) as house:
        status = await house.call("status", room=ROOM)
        assert (status["state"], status["microphone"], status["loudspeaker"]) == ("asleep", ROOM, ROOM)
        for room in ({"room": ROOM}, {}):
            said = await house.call("say", text="The washing is done.", **room)
            assert said == {"heard": "The washing is done.", "complete": True}
        loudness = house.satellite.loudness
        assert loudness > 1000
        house.satellite.heard.clear()
        assert await house.call("volume", room=ROOM, level=0.1) == {"volume": 0.1}
        await house.call("say", text="The washing is done.")
        assert house.satellite.loudness < loudness / 2
        await house.call("mute", room=ROOM)
        assert (await house.call("status", room=ROOM))["state"] == "muted"
        await house.call("mute", muted=False)
        await house.call("listen", room=ROOM)
        assert (await house.satellite.until("transcribe")).type == "transcribe"
        assert (await house.call("status", room=ROOM))["state"] == "listening"
        assert await house.call("stop", room=ROOM) == {"stopped": False}


async def test_a_configuration_that_is_read_again_reaches_it(
    serve: Serve, tmp_path: Path, clips: dict[str, Clip]
) -> None:
    before = Config(wake=Wake(words={"hey_jarvis": "auto"}))
    async with connected(serve, tmp_path, PipelineStage.WAKE, before) as house:
        after = msgspec.structs.replace(
            house.host.config, wake=Wake(words={"okay_nabu": "auto"}), llm=Llm(max_reply_tokens=4)
        )
        house.host.reload = lambda: after
        assert (await house.call("reload"))["applied"] == ["wake.words", "llm.max_reply_tokens"]
        assert (await house.call("status", room=ROOM))["wake_words"] == ["okay_nabu"]
        answer = await house.call("ask", room=ROOM, text="What is the capital of France?")
        assert answer["turn"]["room"] == ROOM
        assert len(answer["reply"].split()) <= 4
        house.satellite.speaker.say(next(clips[name] for name in clips if name.startswith("wake") and "nabu" in name))
        assert (await house.satellite.until("detection")).data["name"] == "okay_nabu"


async def test_one_that_has_gone_is_no_room_any_more(serve: Serve, tmp_path: Path) -> None:
    async with serve(Wyoming(listen=f"unix://{tmp_path}/w.sock")) as server:
        house: list[Event] = []
        with server.host.bus.subscribe(house.append):
            async with AsyncClient.from_uri(f"unix://{tmp_path}/w.sock") as client:
                await client.write_event(RunPipeline(PipelineStage.WAKE, PipelineStage.TTS).event())
                while not any(isinstance(event, RoomOpened) for event in house):
                    await anyio.wait_all_tasks_blocked()
                assert [room.name for room in server.host.rooms] == ["satellite"]
            while not any(isinstance(event, RoomClosed) for event in house):
                await anyio.wait_all_tasks_blocked()
        assert list(server.host.rooms) == []


async def test_questions_in_text_are_answered_by_what_answers_spoken_ones(serve: Serve, tmp_path: Path) -> None:
    async with serve(Wyoming(listen=f"unix://{tmp_path}/w.sock")) as server:
        told: list[Event] = []
        with server.host.bus.subscribe(told.append):
            async with AsyncClient.from_uri(f"unix://{tmp_path}/w.sock") as client:
                await client.write_event(Transcript("What time is it?").event())
                event = await client.read_event()
                while event is not None and event.type != "handled":
                    event = await client.read_event()
    assert event is not None
    [turn] = [event for event in told if isinstance(event, TurnFinished)]
    assert turn.provenance == Provenance(kind="skill", name="calendar")
    assert event.data["text"] == turn.reply != ""


class FailingDetector:
    """A wake word detector that does not survive its first block."""

    def detect(self, block: AudioBlock) -> Detection | None:
        raise AssistantError(Code.WAKE_FAILED, "broken")

    def close(self) -> None:
        pass


async def test_one_whose_room_fails_is_told_of_and_the_others_go_on(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/w.sock"
    script = Script(detector_loader=lambda words: Detectors(LoudIsSpeech(), FailingDetector()))
    async with conversation(script, msgspec.structs.replace(QUIET, wyoming=Wyoming(listen=address))) as stage:
        host = Running(stage.rooms, stage.bus, Metrics(), lambda: QUIET, lambda: None)
        await stage.tasks.start(WyomingServer(host).run)
        async with AsyncClient.from_uri(address) as client:
            await client.write_event(RunPipeline(PipelineStage.WAKE, PipelineStage.TTS).event())
            await client.write_event(Speaker().next())
            await client.write_event(Speaker().next())
            failed = await stage.until(Error)
            assert await client.read_event() is None, "it may connect again"
        assert failed == Error(room="satellite", code=Code.WAKE_FAILED, message="broken")
        assert [room.name for room in stage.rooms] == ["local"]
        await stage.ask()
        assert (await stage.turn_finished()).heard
