"""What Home Assistant and wyoming-satellite do, and what they need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import msgspec
import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.tts import Synthesize
from wyoming.wake import Detect, Detection

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.audio.simulated.remote import RemoteMicrophone
from assistant.bench.clips import Clip
from assistant.config.schema import Config, Wake, Wyoming
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.interfaces.wyoming import listening, session
from assistant.wake import microwakeword
from tests.interfaces.wyoming.conftest import Serve
from tests.interfaces.wyoming.test_satellite import CHUNK, NAME, Speaker
from tests.interfaces.wyoming.test_services import connected, send_clip, until

pytestmark = pytest.mark.anyio

ASK = RunPipeline(PipelineStage.ASR, PipelineStage.TTS)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix://{tmp_path}/w.sock"


@pytest.fixture
def nabu(clips: dict[str, Clip]) -> Clip:
    return next(clips[name] for name in clips if name.startswith("wake") and "nabu" in name)


class LocalWake:
    """A satellite that has heard the wake word itself: streams from then until it is told the transcript."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self.told: list[Event] = []
        self.speaker = Speaker()

    @asynccontextmanager
    async def streaming(self, clip: Clip | None) -> AsyncIterator[None]:
        await self._client.write_event(ASK.event())
        if clip is not None:
            self.speaker.say(clip)
        microphone = asyncio.create_task(self._stream())
        try:
            yield
        finally:
            microphone.cancel()

    async def _stream(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._client.write_event(self.speaker.next())
            due += CHUNK / LISTENING_RATE
            await asyncio.sleep(due - loop.time())

    async def until(self, *kinds: str) -> Event:
        event = None
        while event is None or event.type not in kinds:
            event = await self._client.read_event()
            assert event is not None
            self.told.append(event)
        return event


async def test_the_answer_comes_to_a_satellite_that_stopped_at_the_transcript_and_so_does_the_next(
    serve: Serve, address: str, clips: dict[str, Clip]
) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        satellite = LocalWake(client)
        for last in ("audio-stop", "audio-start"):
            async with satellite.streaming(clips[NAME]):
                transcript = await satellite.until("transcript")
            assert "grapefruit" in transcript.data["text"].lower()
            await satellite.until(last)
    assert [event.type for event in satellite.told].count("transcribe") == 2


async def test_a_satellite_is_told_that_nobody_spoke(serve: Serve, address: str) -> None:
    config = msgspec.structs.replace(Config(), wake=Wake(listen_s=1.0))
    async with serve(Wyoming(listen=address), config), connected(address) as client:
        satellite = LocalWake(client)
        async with satellite.streaming(None):
            error = await satellite.until("error")
    assert error.data["code"] == "audio.no_speech"


async def test_a_satellite_that_falls_silent_in_the_middle_does_not_keep_the_engines(
    serve: Serve, address: str, clips: dict[str, Clip], engines: Engines
) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        satellite = LocalWake(client)
        async with satellite.streaming(clips[NAME]):
            await satellite.until("voice-started")
        assert engines.precedence.is_claimed
        await client.write_event(AudioStop().event())
        await satellite.until("transcript")
    with anyio.fail_after(5):
        await engines.precedence.free()


async def test_silence_comes_from_a_microphone_that_sends_nothing_only_as_long_as_time_matters() -> None:
    needed = True
    microphone = RemoteMicrophone(lambda: needed)
    microphone.put(np.ones(BLOCK, np.float32))
    microphone.pause()
    blocks = microphone.blocks()
    first, second = await anext(blocks), await anext(blocks)
    assert (first.samples.max(), second.samples.max()) == (1.0, 0.0)
    assert second.start == first.end
    needed = False
    with anyio.move_on_after(0.2) as waiting:
        await anext(blocks)
    assert waiting.cancelled_caught


async def test_a_wake_word_is_listened_for_without_end_and_more_than_once(
    serve: Serve, address: str, nabu: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_RECORDING_S", 0.5)
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Detect(names=["okay_nabu"]).event())
        for _ in range(2):
            for _ in range(100):
                await client.write_event(AudioChunk(16_000, 2, 1, bytes(2048)).event())
            await until_spoken(client, nabu)
            assert Detection.from_event((await until(client, "detection"))[-1]).name == "okay_nabu"


async def until_spoken(client: AsyncClient, clip: Clip) -> None:
    speaker = Speaker()
    speaker.say(clip)
    for _ in range(200):
        await client.write_event(speaker.next())


@pytest.mark.parametrize("name", ["/etc/passwd.json", "../okay_nabu.json", "~/x.tflite", "packaged"])
async def test_no_client_names_files(serve: Serve, address: str, name: str) -> None:
    if name == "packaged":
        name = str(Path(microwakeword._packaged()) / "alexa.json")
    async with serve(Wyoming(listen=address)), connected(address) as client:
        for event in (Detect(names=[name]), RunPipeline(PipelineStage.WAKE, PipelineStage.TTS, wake_word_names=[name])):
            await client.write_event(event.event())
            assert (await until(client, "error"))[-1].data["code"] == "config.invalid"


async def test_a_word_of_ones_own_has_the_name_that_it_is_found_by(serve: Serve, address: str, nabu: Clip) -> None:
    own = str(Path(microwakeword._packaged()) / "okay_nabu.json")
    config = msgspec.structs.replace(Config(), wake=Wake(words={own: 0.5}))
    async with serve(Wyoming(listen=address), config), connected(address) as client:
        await client.write_event(Describe().event())
        name = Info.from_event((await until(client, "info"))[-1]).wake[0].models[0].name
        await client.write_event(Detect(names=[name]).event())
        await send_clip(client, nabu)
        assert Detection.from_event((await until(client, "detection"))[-1]).name == name


async def test_the_configured_threshold_holds_for_a_word_that_is_named(serve: Serve, address: str, nabu: Clip) -> None:
    config = msgspec.structs.replace(Config(), wake=Wake(words={"okay_nabu": 0.999}))
    async with serve(Wyoming(listen=address), config), connected(address) as client:
        await client.write_event(Detect(names=["okay_nabu"]).event())
        await send_clip(client, nabu)
        await until(client, "not-detected")


async def test_without_wake_words_none_are_offered(serve: Serve, address: str) -> None:
    config = msgspec.structs.replace(Config(), wake="none")
    async with serve(Wyoming(listen=address), config), connected(address) as client:
        await client.write_event(Describe().event())
        assert Info.from_event((await until(client, "info"))[-1]).wake == []


async def test_requests_that_follow_each_other_are_all_answered_in_order(
    serve: Serve, address: str, clips: dict[str, Clip]
) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        names = [NAME, "q_what_time_is_it_r3"]
        for name in names:
            await client.write_event(Transcribe(language="en").event())
            await send_clip(client, clips[name])
        texts = [(await until(client, "transcript"))[-1].data["text"].lower() for _ in names]
        assert "grapefruit" in texts[0]
        assert "what time" in texts[1]
        for text in ("One.", "Two."):
            await client.write_event(Synthesize(text).event())
        for _ in range(2):
            await until(client, "audio-stop")
        for text in ("What is one?", "What is two?"):
            await client.write_event(Transcript(text).event())
        for _ in range(2):
            await until(client, "handled-stop")


async def test_the_language_may_be_left_to_the_recogniser(serve: Serve, address: str, clips: dict[str, Clip]) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        for language in ("auto", ""):
            await client.write_event(Transcribe(language=language).event())
            await send_clip(client, clips[NAME])
            assert "grapefruit" in (await until(client, "transcript"))[-1].data["text"].lower()


async def test_a_satellite_that_does_not_answer_is_left_and_connected_to_again(
    serve: Serve, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PING_S", 0.01)
    monkeypatch.setattr(session, "GONE_S", 0.05)
    calls = 0
    again = anyio.Event()

    async def satellite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        kinds = []
        while (event := await async_read_event(reader)) is not None:
            kinds.append(event.type)
        writer.close()
        assert kinds[:2] == ["run-satellite", "ping"]
        if calls == 2:
            again.set()

    settings = Wyoming(satellites=[f"tcp://127.0.0.1:{port}"])
    async with await asyncio.start_server(satellite, "127.0.0.1", port), serve(settings):
        await again.wait()


async def test_a_satellite_that_answers_is_kept(serve: Serve, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PING_S", 0.01)
    pings = 0
    enough = anyio.Event()

    async def satellite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionResetError):  # the end of the test
            await answer(reader, writer)
        writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pings
        while (event := await async_read_event(reader)) is not None:
            if Ping.is_type(event.type):
                pings += 1
                await async_write_event(Event("pong"), writer)
            if pings == 20:
                enough.set()

    settings = Wyoming(satellites=[f"tcp://127.0.0.1:{port}"])
    async with await asyncio.start_server(satellite, "127.0.0.1", port), serve(settings):
        await enough.wait()


@pytest.mark.parametrize("field", ["listen", "satellites"])
async def test_a_port_that_there_is_not_is_a_mistake_in_the_configuration(serve: Serve, field: str) -> None:
    address = "tcp://127.0.0.1:99999"
    settings = Wyoming(listen=address) if field == "listen" else Wyoming(satellites=[address])
    with pytest.raises((AssistantError, ExceptionGroup)) as raised:
        async with serve(settings):
            pass
    found: BaseException = raised.value
    while isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, AssistantError)
    assert found.code == "config.invalid"
