"""Each service with the library's own client, over real sockets, with the real models."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from msgspec.structs import replace
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped
from wyoming.wake import Detect, Detection

from assistant.app.running import Running
from assistant.audio.pcm import Samples, from_int16
from assistant.bench.clips import Clip
from assistant.bench.speed.wer import normalise
from assistant.config.schema import Asr, Config, Llm, Wake, Wyoming
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.interfaces.wyoming import describe, server
from tests.interfaces.wyoming.conftest import Serve

pytestmark = pytest.mark.anyio

NAME = "q_grapefruit_in_french"


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix://{tmp_path}/w.sock"


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient.from_uri(address, read_timeout=30) as client:
        yield client


async def until(client: AsyncClient, kind: str) -> list[Event]:
    """What comes, the first event of `kind` included."""
    events: list[Event] = []
    while not events or events[-1].type != kind:
        event = await client.read_event()
        assert event is not None, [event.type for event in events]
        events.append(event)
    return events


async def send_clip(client: AsyncClient, clip: Clip, chunk: int = 1024) -> None:
    with wave.open(str(clip.path)) as recording:
        form = recording.getframerate(), recording.getsampwidth(), recording.getnchannels()
        await client.write_event(AudioStart(*form).event())
        while frames := recording.readframes(chunk):
            await client.write_event(AudioChunk(*form, frames).event())
    await client.write_event(AudioStop().event())


def sound(events: list[Event]) -> Samples:
    return np.concatenate(
        [from_int16(np.frombuffer(event.payload or b"", np.int16)) for event in events if event.type == "audio-chunk"]
    )


async def test_it_says_what_it_offers(serve: Serve, address: str, engines: Engines) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Describe().event())
        info = Info.from_event((await until(client, "info"))[-1])
        assert info.asr[0].supports_transcript_streaming
        assert {"en", "de", "zh"} <= set(info.asr[0].models[0].languages)
        assert info.tts[0].voices[0].name == engines.voice.name
        assert info.tts[0].supports_synthesize_streaming
        assert [model.phrase for model in info.wake[0].models] == ["okay nabu"]
        assert info.handle[0].supports_handled_streaming
        await client.write_event(Ping(text="hello").event())
        assert Pong.from_event((await until(client, "pong"))[-1]).text == "hello"


async def test_a_recording_becomes_text_as_a_whole_and_in_pieces(
    serve: Serve, address: str, clips: dict[str, Clip]
) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Transcribe(language="en-US").event())
        await send_clip(client, clips[NAME])
        events = await until(client, "transcript-stop")
        assert events[0].type == "transcript-start"
        (transcript,) = (Transcript.from_event(event) for event in events if event.type == "transcript")
        assert "grapefruit in french" in transcript.text.lower()
        pieces = "".join(event.data["text"] for event in events if event.type == "transcript-chunk")
        assert normalise(transcript.text, "en").startswith(normalise(pieces, "en").strip())
        await send_clip(client, clips["q_what_time_is_it_r3"])  # without asking
        assert "what time is it" in (await until(client, "transcript"))[-1].data["text"].lower()


async def test_silence_has_no_words(serve: Serve, address: str) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Transcribe().event())
        await client.write_event(AudioStart(16_000, 2, 1).event())
        for _ in range(20):
            await client.write_event(AudioChunk(16_000, 2, 1, bytes(3200)).event())
        await client.write_event(AudioStop().event())
        assert (await until(client, "transcript"))[-1].data["text"] == ""


async def test_text_becomes_speech(serve: Serve, address: str, engines: Engines) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Synthesize("The kettle is boiling. Shall I make tea?").event())
        events = await until(client, "audio-stop")
        assert AudioStart.from_event(events[0]).rate == engines.voice.sample_rate
        assert 1.5 < len(sound(events)) / engines.voice.sample_rate < 5
        assert np.abs(sound(events)).max() > 0.1


async def test_text_that_comes_in_pieces_is_spoken_before_it_ends(serve: Serve, address: str) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("The kettle is boiling. ").event())
        before = await until(client, "audio-chunk")
        await client.write_event(SynthesizeChunk("Shall I make tea?").event())
        await client.write_event(Synthesize("The kettle is boiling. Shall I make tea?").event())
        await client.write_event(SynthesizeStop().event())
        events = before + await until(client, SynthesizeStopped().event().type)
        assert [event.type for event in events].count("audio-start") == 1
        assert len(sound(events)) > 30_000


async def test_a_wake_word_is_heard(serve: Serve, address: str, clips: dict[str, Clip]) -> None:
    name = next(name for name in clips if name.startswith("wake") and "nabu" in name)
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Detect(names=["okay_nabu"]).event())
        await send_clip(client, clips[name])
        assert Detection.from_event((await until(client, "detection"))[-1]).name == "okay_nabu"
        await client.write_event(Detect().event())
        await send_clip(client, clips[NAME])
        await until(client, "not-detected")


async def test_text_is_answered_and_the_conversation_remembered(serve: Serve, address: str, engines: Engines) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        for text in ("My name is Ada.", "What is my name?"):
            await client.write_event(Transcript(text, context={"conversation_id": "c"}).event())
            events = await until(client, "handled-stop")
            (handled,) = (Handled.from_event(event) for event in events if event.type == "handled")
            pieces = "".join(event.data["text"] for event in events if event.type == "handled-chunk")
            assert handled.text == pieces != ""
            assert handled.context == {"conversation_id": "c"}


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Event("audio-chunk", {"rate": "fast", "width": 2, "channels": 1}, b"\0\0"), "wyoming.malformed"),
        (Event("audio-chunk", {"rate": 16_000, "width": 5, "channels": 1}, b"\0\0"), "wyoming.malformed"),
        (Event("audio-chunk", {}, b"\0\0"), "wyoming.malformed"),
        (Event("audio-start", {}), "wyoming.malformed"),
        (Event("synthesize", {}), "wyoming.malformed"),
        (Event("synthesize", {"text": 7}), "wyoming.malformed"),
        (Event("synthesize", {"text": "<speak/>", "text_format": "ssml"}), "wyoming.malformed"),
        (Event("synthesize", {"text": "a" * 8001}), "text.too_long"),
        (Event("transcript", {"text": " "}), "text.empty"),
        (Event("transcript", {"text": "a", "context": "b"}), "wyoming.malformed"),
        (Event("detect", {"names": ["no_such_word"]}), "config.invalid"),
        (Event("detect", {"names": [7]}), "wyoming.malformed"),
        (Event("run-pipeline", {"start_stage": "tts", "end_stage": "tts"}), "wyoming.malformed"),
        (Event("run-pipeline", {"start_stage": "nonsense"}), "wyoming.malformed"),
        (Event("transcribe", {"language": 7}), "wyoming.malformed"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_an_error_and_not_the_end(
    serve: Serve, address: str, event: Event, code: str
) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Event("invented-later", {"a": 1}))
        await client.write_event(event)
        assert Error.from_event((await until(client, "error"))[-1]).code == code
        await client.write_event(Ping().event())
        await until(client, "pong")


async def test_what_is_no_event_ends_the_connection(serve: Serve, address: str) -> None:
    async with serve(Wyoming(listen=address)):
        for data in (b"nonsense\n", b'{"type": "audio-chunk", "payload_length": 10000000000}\n', b"a" * 100_000):
            reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix://"))
            writer.write(data)
            writer.write_eof()
            answer = await reader.read()
            assert b"wyoming.malformed" in answer
            writer.close()
            await writer.wait_closed()


async def test_a_clients_wake_word_is_never_a_path(serve: Serve, address: str, tmp_path: Path) -> None:
    model = tmp_path / "word.tflite"
    model.write_bytes(b"no model")
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Detect(names=[str(model)]).event())
        assert Error.from_event((await until(client, "error"))[-1]).code == "config.invalid"


async def test_who_sends_without_a_pause_keeps_nobody_waiting(serve: Serve, address: str) -> None:
    async with serve(Wyoming(listen=address)) as server, anyio.create_task_group() as floods:

        async def flood() -> None:
            async with connected(address) as client:
                while True:
                    await client.write_event(Event("invented-later", {"a": 1}))

        floods.start_soon(flood)
        floods.start_soon(flood)
        while server.host.wyoming_clients < 2:
            await anyio.lowlevel.checkpoint()
        async with connected(address) as client:
            await client.write_event(Ping().event())
            await until(client, "pong")
        floods.cancel_scope.cancel()


@pytest.mark.parametrize("text", ["***", "...", "\U0001f600"])
async def test_a_text_without_words_is_a_moment_of_silence(serve: Serve, address: str, text: str) -> None:
    async with serve(Wyoming(listen=address)), connected(address) as client:
        await client.write_event(Synthesize(text).event())
        whole = await until(client, "audio-stop")
        for event in (SynthesizeStart(), SynthesizeChunk(text), SynthesizeStop()):
            await client.write_event(event.event())
        streamed = await until(client, "synthesize-stopped")
    for events, end in ((whole, []), (streamed, ["synthesize-stopped"])):
        assert [event.type for event in events] == ["audio-start", "audio-chunk", "audio-stop", *end]
        assert not any(AudioChunk.from_event(events[1]).audio)


async def test_what_was_asked_is_counted_and_logged_without_words(
    serve: Serve, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with serve(Wyoming(listen=address)) as server, connected(address) as client:
        await client.write_event(Synthesize("Grapefruit.").event())
        await until(client, "audio-stop")
        await client.write_event(Detect(names=["hey_nobody"]).event())
        await until(client, "error")
        await client.write_event(Transcript("What time is it?").event())
        await until(client, "handled-stop")
        assert server.host.wyoming_clients == 1
        await anyio.wait_all_tasks_blocked()  # it is counted after it has been sent
        text = server.host.metrics_text
        for service in ("synthesis", "conversation"):
            assert f'assistant_wyoming_requests_total{{result="ok",service="{service}"}} 1.0' in text
    assert "wyoming: synthesis for satellite: ok after" in caplog.text
    assert "rapefruit" not in caplog.text


async def test_after_a_reload_it_offers_what_is_new(serve: Serve, address: str) -> None:
    async with serve(Wyoming(listen=address)) as server, connected(address) as client:
        for word, language in (("alexa", "fr"), ("hey_jarvis", "de")):
            changed = replace(server.host.config, wake=Wake(words={word: "auto"}), asr=Asr(language=language))
            assert isinstance(server.host, Running)
            server.host.reload = partial(replace, changed)
            await server.host.reconfigure()
            await client.write_event(Describe().event())
            info = Info.from_event((await until(client, "info"))[-1])
            assert [each.name for each in info.wake[0].models] == [word]
            assert info.asr[0].models[0].languages == [language]


@pytest.mark.parametrize(
    ("llm", "languages"),
    [
        (Llm(model="qwen3-0.6b"), {"en", "de", "vi"}),
        (Llm(model="/srv/own.gguf"), {"en"}),
        (Llm(engine="openai", model="qwen3-0.6b"), {"en"}),
    ],
)
def test_the_languages_of_answers_are_those_of_the_model(llm: Llm, languages: set[str], engines: Engines) -> None:
    found = describe.info(Config(llm=llm), engines).handle[0].models[0].languages
    assert languages <= set(found)
    assert found[0] == "en"
    assert len(found) == len(set(found))


async def test_too_many_clients_are_told_so(serve: Serve, address: str) -> None:
    async with serve(Wyoming(listen=address, max_clients=1)), connected(address) as one:
        await one.write_event(Ping().event())
        await until(one, "pong")
        async with connected(address) as two:
            assert Error.from_event((await until(two, "error"))[-1]).code == "wyoming.busy"


async def test_of_too_many_clients_one_that_wants_nothing_gives_way(
    serve: Serve, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.05)
    async with serve(Wyoming(listen=address, max_clients=2)), connected(address) as busy, connected(address) as idle:
        await idle.write_event(Ping().event())
        await until(idle, "pong")
        await busy.write_event(Transcribe().event())
        await busy.write_event(AudioStart(16_000, 2, 1).event())
        await anyio.sleep(0.1)
        async with connected(address) as another:
            await another.write_event(Ping().event())
            await until(another, "pong")
            assert await idle.read_event() is None
            await busy.write_event(Ping().event())
            await until(busy, "pong")


async def test_who_hangs_up_in_the_middle_is_forgotten(serve: Serve, address: str, clips: dict[str, Clip]) -> None:
    async with serve(Wyoming(listen=address)) as server:
        for event in (Transcribe().event(), Synthesize("A rather long sentence to be spoken.").event()):
            async with connected(address) as client:
                await client.write_event(event)
                await client.write_event(AudioStart(16_000, 2, 1).event())
                await client.write_event(AudioChunk(16_000, 2, 1, bytes(32_000)).event())
        async with connected(address) as client:
            await client.write_event(Transcribe().event())
            await send_clip(client, clips[NAME])
            assert "grapefruit" in (await until(client, "transcript"))[-1].data["text"].lower()
        while server.host.wyoming_clients:
            await anyio.wait_all_tasks_blocked()


async def test_an_address_that_is_taken_is_named(serve: Serve, port: int) -> None:
    async with serve(Wyoming(listen=f"tcp://127.0.0.1:{port}")):
        with pytest.raises((AssistantError, ExceptionGroup)) as error:
            async with serve(Wyoming(listen=f"tcp://127.0.0.1:{port}")):
                pass
    assert str(port) in str(error.value) or str(port) in str(getattr(error.value, "exceptions", ""))
