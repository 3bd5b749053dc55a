"""A microphone and a loudspeaker elsewhere hold a whole conversation."""

import asyncio
import gc
import wave
import weakref
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import numpy as np
import pytest
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.ping import Ping
from wyoming.pipeline import PipelineStage, RunPipeline

from assistant.audio.pcm import LISTENING_RATE, from_int16, to_int16
from assistant.bench.clips import Clip
from assistant.config.schema import Answers, Config, Wake, Wyoming
from assistant.engines.detectors import Detectors, Words
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code, single_error
from assistant.interfaces.wyoming.satellite import Satellite
from assistant.interfaces.wyoming.server import WyomingServer
from assistant.testing.scripted import Script
from assistant.vad.silero import Silero
from assistant.wake.words import WakeWords
from tests.interfaces.wyoming.conftest import Serve, host_of

pytestmark = pytest.mark.anyio

ONE_MODEL = Config(answers=Answers(order=["model"]))
CHUNK = LISTENING_RATE // 50
NAME = "q_grapefruit_in_french"


def spoken(clip: Clip) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    with wave.open(str(clip.path)) as recording:
        assert recording.getframerate() == LISTENING_RATE
        return np.frombuffer(recording.readframes(recording.getnframes()), np.int16)


class Speaker:
    """A satellite's microphone: what is to be said, in real time, and silence."""

    def __init__(self) -> None:
        self._left = np.zeros(0, np.int16)

    def say(self, clip: Clip) -> None:
        self._left = np.concatenate([self._left, spoken(clip)])

    def next(self) -> Event:
        chunk, self._left = self._left[:CHUNK], self._left[CHUNK:]
        samples = np.pad(chunk, (0, CHUNK - len(chunk)))
        return AudioChunk(LISTENING_RATE, 2, 1, to_int16(from_int16(samples)).tobytes()).event()


async def test_a_question_is_asked_and_answered_over_it(serve: Serve, tmp_path: Path, clips: dict[str, Clip]) -> None:
    address = f"unix://{tmp_path}/w.sock"
    async with serve(Wyoming(listen=address)), AsyncClient.from_uri(address) as client:
        events = await converse(client, clips, RunPipeline(PipelineStage.ASR, PipelineStage.TTS))
    told = [event.type for event in events if event.type != "audio-chunk"]
    assert told[:4] == ["transcribe", "voice-started", "voice-stopped", "transcript"]
    assert told[-2:] == ["audio-start", "audio-stop"] or told[-1] == "audio-stop"
    assert "grapefruit" in next(event.data["text"].lower() for event in events if event.type == "transcript")
    assert any(event.type == "synthesize" for event in events)
    answer = np.concatenate([np.frombuffer(event.payload or b"", np.int16) for event in events if event.payload])
    assert len(answer) > 10_000
    assert np.abs(from_int16(answer)).max() > 0.1


async def test_a_wake_word_may_be_said_first(serve: Serve, tmp_path: Path, clips: dict[str, Clip]) -> None:
    address = f"unix://{tmp_path}/w.sock"
    wake = next(clips[name] for name in clips if name.startswith("wake") and "nabu" in name)
    async with serve(Wyoming(listen=address)), AsyncClient.from_uri(address) as client:
        await client.write_event(RunPipeline(PipelineStage.WAKE, PipelineStage.TTS).event())
        speaker = Speaker()
        speaker.say(wake)
        async with asyncio.TaskGroup() as tasks:
            microphone = tasks.create_task(_speak(client, speaker))
            while True:
                event = await client.read_event()
                assert event is not None
                if event.type == "detection":
                    break
            microphone.cancel()
    assert event.data["name"] == "okay_nabu"


async def test_one_that_sends_nothing_after_the_question_is_answered_too(
    serve: Serve, tmp_path: Path, clips: dict[str, Clip]
) -> None:
    address = f"unix://{tmp_path}/w.sock"
    async with serve(Wyoming(listen=address)), AsyncClient.from_uri(address) as client:
        await client.write_event(RunPipeline(PipelineStage.ASR, PipelineStage.TTS).event())
        speaker = Speaker()
        speaker.say(clips[NAME])
        for _ in range(len(spoken(clips[NAME])) // CHUNK):
            await client.write_event(speaker.next())
            await asyncio.sleep(CHUNK / LISTENING_RATE)
        await client.write_event(AudioStop().event())
        events: list[Event] = []
        while not events or events[-1].type != "audio-stop":
            event = await client.read_event()
            assert event is not None
            events.append(event)
    assert "grapefruit" in next(event.data["text"].lower() for event in events if event.type == "transcript")


async def test_a_satellite_that_is_asked_to_listen_in_silence_gets_an_error(serve: Serve, tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/w.sock"
    config = Config(wake=Wake(listen_s=1))
    async with serve(Wyoming(listen=address), config), AsyncClient.from_uri(address) as client:
        await client.write_event(RunPipeline(PipelineStage.ASR, PipelineStage.TTS).event())
        told: list[Event] = []
        while not told or told[-1].type != "error":
            event = await client.read_event()
            assert event is not None
            told.append(event)
    assert [event.type for event in told] == ["transcribe", "error"]
    assert told[-1].data["code"] == "audio.no_speech"


async def test_satellites_are_connected_to_and_served(
    serve: Serve, tmp_path: Path, clips: dict[str, Clip], port: int
) -> None:
    """The satellite listens, as real ones do, and the daemon comes to it."""
    heard: list[Event] = []
    done = anyio.Event()

    async def satellite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await async_read_event(reader)
        assert first is not None
        assert first.type == "run-satellite"
        await async_write_event(RunPipeline(PipelineStage.ASR, PipelineStage.TTS).event(), writer)
        speaker = Speaker()
        speaker.say(clips[NAME])
        while not heard or heard[-1].type != "audio-stop":
            await async_write_event(speaker.next(), writer)
            try:
                async with asyncio.timeout(0.02):
                    event = await async_read_event(reader)
                    assert event is not None
                    heard.append(event)
            except TimeoutError:
                continue
        writer.close()
        done.set()

    settings = Wyoming(satellites=[f"tcp://127.0.0.1:{port}"])
    async with await asyncio.start_server(satellite, "127.0.0.1", port), serve(settings):
        await done.wait()
    assert "grapefruit" in next(event.data["text"].lower() for event in heard if event.type == "transcript")


async def converse(client: AsyncClient, clips: dict[str, Clip], pipeline: RunPipeline) -> list[Event]:
    """Ask a question and listen to the answer."""
    await client.write_event(pipeline.event())
    speaker, events = Speaker(), list[Event]()
    speaker.say(clips[NAME])
    async with asyncio.TaskGroup() as tasks:
        microphone = tasks.create_task(_speak(client, speaker))
        while not events or events[-1].type != "audio-stop":
            event = await client.read_event()
            assert event is not None
            events.append(event)
        microphone.cancel()
    return events


async def _speak(client: AsyncClient, speaker: Speaker) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await client.write_event(speaker.next())
        due += CHUNK / LISTENING_RATE
        await asyncio.sleep(due - loop.time())


async def test_what_is_typed_in_its_room_does_not_end_its_listening() -> None:
    sent: list[str] = []

    async def send(event: Event) -> None:
        sent.append(event.type)

    host = host_of(Script().engines(), ONE_MODEL)
    satellite = Satellite(host, send, "kitchen", remembers=False)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            await satellite.begin(tasks, None, awake=True)
            await host.rooms.get("kitchen").ask("What time is it?", aloud=False)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
    assert sent == ["transcribe"]


async def test_sound_of_one_whose_pipeline_was_refused_is_no_recording(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/w.sock"
    host = host_of(Script().engines(), msgspec.structs.replace(ONE_MODEL, wyoming=Wyoming(listen=address)))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            await tasks.start(WyomingServer(host).run)
            async with AsyncClient.from_uri(address) as client:
                await client.write_event(
                    RunPipeline(PipelineStage.WAKE, PipelineStage.TTS, wake_word_names=["x"]).event()
                )
                await client.write_event(AudioStart(LISTENING_RATE, 2, 1).event())
                await client.write_event(AudioChunk(LISTENING_RATE, 2, 1, bytes(2 * CHUNK)).event())
                await client.write_event(AudioStop().event())
                await client.write_event(Ping().event())
                answers = [await client.read_event() for _ in range(2)]
            tasks.cancel_scope.cancel()
    assert [answer.type for answer in answers if answer is not None] == ["error", "pong"]


async def test_a_file_in_the_place_of_the_socket_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "w.sock").write_text("precious")
    address = f"unix://{tmp_path}/w.sock"
    host = host_of(Script().engines(), msgspec.structs.replace(ONE_MODEL, wyoming=Wyoming(listen=address)))
    with pytest.raises(AssistantError) as raised, single_error():
        await WyomingServer(host).run()
    assert raised.value.code is Code.WYOMING_UNAVAILABLE
    assert f"wyoming.listen {address}" in raised.value.message
    assert (tmp_path / "w.sock").read_text() == "precious"


@pytest.mark.parametrize(("language", "answer"), [("xx", "error"), ("nb_NO", "transcript-start"), ("", "transcript")])
async def test_a_language_is_taken_as_home_assistant_writes_it(language: str, answer: str, tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/w.sock"
    host = host_of(Script().engines(), msgspec.structs.replace(ONE_MODEL, wyoming=Wyoming(listen=address)))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            await tasks.start(WyomingServer(host).run)
            async with AsyncClient.from_uri(address) as client:
                await client.write_event(Transcribe(language=language).event())
                reply = await client.read_event()
            tasks.cancel_scope.cancel()
    assert reply is not None
    assert reply.type.startswith(answer)
    if language == "nb_NO":
        assert reply.data["language"] == "no"


async def test_what_a_satellite_used_is_gone_when_it_hangs_up(
    engines: Engines, serve: Serve, tmp_path: Path, clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the collector, which may come much later."""
    loaded: list[Detectors] = []
    sessions: list[weakref.ref[Any]] = []
    load = engines.detector_loader

    def remembering(words: Words | None) -> Detectors:
        detectors = load(words)
        loaded.append(detectors)
        assert isinstance(detectors.activity, Silero)
        assert isinstance(detectors.wake, WakeWords)
        models = [
            model for stream in (detectors.wake._microphone, detectors.wake._loudspeaker) for model in stream._models
        ]
        look = detectors.wake._second_look
        assert look is not None
        sessions.extend(map(weakref.ref, [detectors.activity._session, *models, look]))
        return detectors

    monkeypatch.setattr(engines, "detector_loader", remembering)
    address = f"unix://{tmp_path}/w.sock"
    gc.collect()
    gc.disable()
    try:
        async with serve(Wyoming(listen=address)) as server:
            for _ in range(2):
                async with AsyncClient.from_uri(address) as client:
                    await converse(client, clips, RunPipeline(PipelineStage.ASR, PipelineStage.TTS))
                while server.host.wyoming_clients:
                    await anyio.lowlevel.checkpoint()
            assert (len(loaded), len(sessions)) == (2, 8)
            assert [each() for each in sessions] == [None] * 8
    finally:
        gc.enable()
