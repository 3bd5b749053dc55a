"""A microphone behind a client: the request ends here, by the rules of the rooms; a recording ends where it ends."""

import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import numpy as np
import pytest
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping

from assistant.audio.blocks import Blocks
from assistant.audio.pcm import from_int16
from assistant.bench.clips import Clip
from assistant.config.schema import Config, Wake, Wyoming
from assistant.interfaces.wyoming.waking import is_call
from assistant.wake.base import Candidate, Detection
from assistant.wake.words import WakeWords
from tests.interfaces.wyoming.conftest import Serve

pytestmark = pytest.mark.anyio

RATE = 16_000
CHUNK_S = 0.064


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix://{tmp_path}/w.sock"


class Microphone:
    """Sends sound in real time, and silence after it, until the transcript comes or `end` is called."""

    def __init__(self, client: AsyncClient, spoken: bytes) -> None:
        self._client = client
        self._spoken = spoken
        self.events: list[Event] = []
        self.ended_s = 0.0
        """Seconds from the end of `spoken` to the transcript."""

    async def run(self) -> str:
        """Return the transcript."""
        await self._client.write_event(Transcribe(language="en").event())
        await self._client.write_event(AudioStart(RATE, 2, 1).event())
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._send, began)
            while not self.events or self.events[-1].type != "transcript":
                event = await self._client.read_event()
                assert event is not None
                self.events.append(event)
            tasks.cancel_scope.cancel()
        self.ended_s = anyio.current_time() - began - len(self._spoken) / 2 / RATE
        text: str = self.events[-1].data["text"]
        return text

    async def _send(self, began: float) -> None:
        size = round(CHUNK_S * RATE) * 2
        sent = 0
        while True:
            chunk = self._spoken[sent : sent + size].ljust(size, b"\0")
            await self._client.write_event(AudioChunk(RATE, 2, 1, chunk).event())
            sent += size
            await anyio.sleep(max(0.0, began + sent / 2 / RATE - anyio.current_time()))


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient.from_uri(address, read_timeout=30) as client:
        yield client


def pcm(clip: Clip) -> bytes:
    with wave.open(str(clip.path)) as recording:
        assert (recording.getframerate(), recording.getsampwidth(), recording.getnchannels()) == (RATE, 2, 1)
        return bytes(recording.readframes(recording.getnframes()))


def end_of_wake_word(clip: Clip) -> bytes:
    """The last 0.4 s of "okay Nabu", as they are still on their way when a client has detected it."""
    spoken = pcm(clip)
    detector = WakeWords({"okay_nabu": "auto"})
    blocks = iter(Blocks().push(from_int16(np.frombuffer(spoken, np.int16))))
    found: Detection | Candidate | None = None
    while not isinstance(found, Detection):
        found = detector.detect(next(blocks))
        found = found.look() if isinstance(found, Candidate) else found
    end = found.word_end * 2
    return spoken[end - round(0.4 * RATE) * 2 : end]


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


async def test_a_request_ends_when_the_speaker_has_finished(serve: Serve, address: str, clips: dict[str, Clip]) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        assert not Info.from_event(event).asr[0].requires_external_vad
        microphone = Microphone(client, pcm(clips["q_what_time_is_it_r3"]))
        assert "what time is it" in (await microphone.run()).lower()
        # what comes until the client has noticed is left out, and the next request is another one
        await client.write_event(AudioChunk(RATE, 2, 1, silence(0.1)).event())
        await client.write_event(AudioStop().event())
        microphone = Microphone(client, pcm(clips["q_grapefruit_in_french"]))
        assert "grapefruit in french" in (await microphone.run()).lower()


async def test_a_pause_before_the_question_does_not_lose_it(serve: Serve, address: str, clips: dict[str, Clip]) -> None:
    """Nor does the end of the wake word, after which it is still to come."""
    spoken = end_of_wake_word(clips["wake_okay_nabu_pmw1"]) + silence(1.5) + pcm(clips["q_what_time_is_it_r3"])
    async with serve(Wyoming(listen=address)), connected(address) as client:
        assert "what time is it" in (await Microphone(client, spoken).run()).lower()


async def test_the_request_ends_when_nobody_speaks(serve: Serve, address: str) -> None:
    config = Config(wake=Wake(listen_s=2.0))
    async with serve(Wyoming(listen=address), config), connected(address) as client:
        microphone = Microphone(client, b"")
        assert await microphone.run() == ""
        assert microphone.ended_s >= 1.9


async def test_a_client_that_stops_sending_gets_what_was_said(
    serve: Serve, address: str, clips: dict[str, Clip]
) -> None:
    """As if silence followed: a satellite that has switched its microphone off does not say so."""
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Transcribe(language="en").event())
        spoken = pcm(clips["q_what_time_is_it_r3"])
        for start in range(0, len(spoken), 2048):
            await client.write_event(AudioChunk(RATE, 2, 1, spoken[start : start + 2048]).event())
            await anyio.sleep(2048 / 2 / RATE)
        while (event := await client.read_event()) is not None and event.type != "transcript":
            pass
        assert event is not None
        assert "what time is it" in event.data["text"].lower()


async def test_a_client_may_decide_itself(serve: Serve, address: str, clips: dict[str, Clip]) -> None:
    async with serve(Wyoming(listen=address, ends_turns=False)), connected(address) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        assert Info.from_event(event).asr[0].requires_external_vad
        await client.write_event(Transcribe(language="en").event())
        spoken = pcm(clips["q_what_time_is_it_r3"]) + silence(2)
        for start in range(0, len(spoken), 2048):
            await client.write_event(AudioChunk(RATE, 2, 1, spoken[start : start + 2048]).event())
            await anyio.sleep(2048 / 2 / RATE)
        await client.write_event(Ping().event())
        kinds: list[str] = []
        while not kinds or kinds[-1] != "pong":
            event = await client.read_event()
            assert event is not None
            kinds.append(event.type)
        assert "transcript" not in kinds


@pytest.mark.parametrize("text", ["Okay, Nabu.", "Naboo", "nabu", "Hey Jarvis", "Jarvis!"])
def test_a_wake_word_is_no_request(text: str) -> None:
    assert is_call(text, Config())


@pytest.mark.parametrize("text", ["", "What time is it?", "Stop.", "Hello", "Turn on the light.", "No.", "Now?"])
def test_a_request_is_no_wake_word(text: str) -> None:
    assert not is_call(text, Config())
