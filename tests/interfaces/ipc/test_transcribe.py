"""Recordings over the socket, with the real recogniser."""

import base64
import os
import sys
import threading
import wave
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from assistant.asr.faster_whisper import FasterWhisper
from assistant.bench.clips import Clip
from assistant.engines.detectors import load_detectors
from assistant.engines.priority import Precedence
from assistant.interfaces.ipc import recordings
from assistant.interfaces.ipc.call import MAX_TRANSCRIPTIONS
from assistant.testing.scripted import Script
from tests.interfaces.ipc.served import Line, Served, served

pytestmark = pytest.mark.anyio

NAME = "q_what_time_is_it_r3"


def script(whisper: FasterWhisper) -> Script:
    return Script(recognizer=whisper, detector_loader=load_detectors)  # type: ignore[arg-type]


def is_right(answer: dict[str, Any]) -> bool:
    return "what time is it" in answer["result"]["text"].lower() and answer["result"]["language"] == "en"


def samples(clip: Clip) -> tuple[bytes, int]:
    with wave.open(str(clip.path)) as recording:
        return recording.readframes(recording.getnframes()), recording.getframerate()


async def send_file(client: Line, file: int, **params: object) -> None:
    message = (
        b'{"jsonrpc": "2.0", "id": 1, "method": "transcribe", "params": {%s}}\n'
        % ", ".join(f'"{name}": {value}' for name, value in params.items()).encode()
    )
    await client.stream.send_fds(message, [file])


async def test_a_file_is_handed_over_as_a_descriptor(
    whisper: FasterWhisper, clips: dict[str, Clip], tmp_path: Path
) -> None:
    async with served(tmp_path, script(whisper)) as daemon, Line(daemon.path) as client:
        with clips[NAME].path.open("rb") as file:
            await send_file(client, file.fileno())
        answer = await client.read()
        assert is_right(answer)
        pcm, rate = samples(clips[NAME])
        assert answer["result"]["audio_s"] == pytest.approx(len(pcm) / 2 / rate, abs=0.05)


async def test_or_as_a_pipe(whisper: FasterWhisper, clips: dict[str, Clip], tmp_path: Path) -> None:
    async with served(tmp_path, script(whisper)) as daemon, Line(daemon.path) as client:
        read_end, write_end = os.pipe()
        await send_file(client, read_end)
        os.close(read_end)
        writer = threading.Thread(target=_write, args=(write_end, clips[NAME].path.read_bytes()))
        writer.start()
        assert is_right(await client.read())
        writer.join()


async def test_or_comes_in_chunks_and_the_text_grows(
    whisper: FasterWhisper, clips: dict[str, Clip], tmp_path: Path
) -> None:
    pcm, rate = samples(clips["q_grapefruit_in_french"])
    async with served(tmp_path, script(whisper)) as daemon, Line(daemon.path) as client:
        await client.request("transcribe", id="t", source="chunks", encoding="s16le", rate=rate, stream=True)
        partials = []
        for start in range(0, len(pcm), 16_000):
            await _chunk(client, pcm[start : start + 16_000], last=start + 16_000 >= len(pcm))
        while True:
            message = await client.read()
            if message.get("method") == "transcribe.partial":
                assert message["params"]["request"] == "t"
                partials.append(message["params"]["stable"] + message["params"]["tentative"])
            elif message.get("id") == "t":
                break
        assert "grapefruit" in message["result"]["text"].lower()
        assert partials[-1] == message["result"]["text"]


async def test_an_encoded_file_may_come_in_chunks_too(
    whisper: FasterWhisper, clips: dict[str, Clip], tmp_path: Path
) -> None:
    data = clips[NAME].path.read_bytes()
    async with served(tmp_path, script(whisper)) as daemon, Line(daemon.path) as client:
        await client.request("transcribe", id="t", source="chunks")
        await _chunk(client, data[:50_001], last=False)
        await _chunk(client, data[50_001:], last=True)
        assert is_right(await client.until(lambda message: message.get("id") == "t"))


@pytest.mark.parametrize("content", [b"", b"no recording at all"])
async def test_what_is_no_recording_is_an_error(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        with file.open("rb") as opened:
            await send_file(client, opened.fileno())
        assert (await client.read())["error"]["data"]["code"].startswith("audio.")


async def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        folder = os.open(tmp_path, os.O_RDONLY)
        await send_file(client, folder)
        os.close(folder)
        assert (await client.read())["error"]["data"] == {"code": "audio.unreadable"}
        assert (await client.call("transcribe"))["error"]["data"] == {"code": "ipc.invalid_params"}


async def test_chunks_for_no_request_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        refused = await client.call("transcribe.chunk", request="nothing", audio="AAAA")
        assert refused["error"]["data"] == {"code": "ipc.invalid_params"}
        refused = await client.call("transcribe.chunk", request="nothing", audio="no base64!")
        assert refused["error"]["data"] == {"code": "ipc.invalid_params"}


async def test_a_recording_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_BYTES", 20_000)
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.request("transcribe", id="t", source="chunks", encoding="s16le")
        await _chunk(client, bytes(19_000), last=False)
        await _chunk(client, bytes(2_000), last=False)
        assert "result" in await client.read()
        assert (await client.read())["error"]["data"] == {"code": "audio.too_long"}
        await _chunk(client, b"", last=True)
        answer = await client.until(lambda message: message["id"] == "t")
        assert answer["result"]["text"] == ""
        assert answer["result"]["audio_s"] == pytest.approx(0.594, abs=0.01)
        assert (await client.call("transcribe.chunk", request="t"))["error"]["data"] == {"code": "ipc.invalid_params"}


async def test_chunks_for_a_request_that_takes_none_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        daemon.stage.script.model.hold.holding = True
        await client.request("ask", id="q", text="Why?")
        await client.request("transcribe.chunk", id="c", request="q", audio=base64.b64encode(bytes(1000)).decode())
        refused = await client.until(lambda message: message["id"] == "c")
        assert refused["error"]["data"] == {"code": "ipc.invalid_params"}
        daemon.stage.script.model.hold.released.set()


async def test_all_recordings_together_have_a_limit_which_those_that_end_give_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "MAX_ALL_BYTES", 30_000)
    async with served(tmp_path) as daemon, Line(daemon.path) as one, Line(daemon.path) as two:
        for client in (one, two):
            await client.request("transcribe", id="t", source="chunks")
        await _chunk(one, bytes(20_000), last=False)
        assert "result" in await one.read()
        await _chunk(two, bytes(20_000), last=False)
        assert (await two.read())["error"]["data"] == {"code": "ipc.busy"}
        await one.request("cancel", id="x", request="t")
        await one.until(lambda message: message["id"] == "t")
        await _chunk(two, bytes(20_000), last=False)
        assert "result" in await two.read()


async def test_of_a_pipe_that_another_reads_too_nothing_holds_the_loop_up(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        read_end, write_end = os.pipe()
        await send_file(client, read_end)
        for _ in range(200):
            os.write(write_end, b"x")
            os.set_blocking(read_end, False)
            with suppress(BlockingIOError):
                os.read(read_end, 1)
            assert "result" in await client.call("status", id=2)
        os.close(read_end)
        os.close(write_end)
        assert (await client.until(lambda message: message["id"] == 1))["error"]["data"]["code"].startswith("audio.")


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/"])
async def test_what_is_no_file_pipe_or_socket_is_refused(tmp_path: Path, name: str) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        opened = os.open(name, os.O_RDONLY)
        await send_file(client, opened)
        os.close(opened)
        answer = await client.read()
        assert answer["error"]["data"] == {"code": "audio.unreadable"}
        assert "no file, pipe or socket" in answer["error"]["message"]


async def test_who_hangs_up_before_a_byte_is_read_leaves_no_file_open(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon:
        async with Line(daemon.path) as client:
            await client.call("status")
            before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            async with Line(daemon.path) as client:
                file = os.open(sys.executable, os.O_RDONLY)
                await send_file(client, file)
                os.close(file)
        async with Line(daemon.path) as client:
            await client.call("status")
            while len(os.listdir("/proc/self/fd")) > before:
                await anyio.wait_all_tasks_blocked()


async def test_a_pipe_without_an_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "READ_S", 0.1)
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        read_end, write_end = os.pipe()
        await send_file(client, read_end)
        os.close(read_end)
        assert (await client.read())["error"]["data"] == {"code": "audio.too_long"}
        os.close(write_end)


async def test_more_recordings_than_fit_into_memory_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        for number in range(MAX_TRANSCRIPTIONS + 1):
            await client.request("transcribe", id=number, source="chunks")
        refused = await client.read()
        assert (refused["id"], refused["error"]["data"]) == (MAX_TRANSCRIPTIONS, {"code": "ipc.busy"})


async def test_who_speaks_in_the_room_goes_first(
    whisper: FasterWhisper, clips: dict[str, Clip], tmp_path: Path
) -> None:
    async with served(tmp_path, script(whisper)) as daemon, Line(daemon.path) as client:
        with daemon.stage.engines.precedence.claimed():
            with clips[NAME].path.open("rb") as file:
                await send_file(client, file.fileno())
            assert "result" in await client.call("status", id=2)
            assert not await _answered(daemon, client)
        assert is_right(await client.read())


async def test_bare_samples_may_be_cut_anywhere() -> None:
    async def bytes_one_by_one() -> Any:
        for number in range(6):
            yield bytes([0, 64])[number % 2 : number % 2 + 1]

    async with aclosing(recordings.bare(bytes_one_by_one(), 16_000)) as pieces:
        assert [float(sample) async for piece in pieces for sample in piece] == [0.5] * 3


def test_precedence_is_free_once_every_claim_has_ended() -> None:
    way = Precedence()
    with way.claimed():
        with way.claimed():
            assert way.is_claimed
        assert way.is_claimed
    assert not way.is_claimed


async def _chunk(client: Line, data: bytes, *, last: bool) -> None:
    audio = base64.b64encode(data).decode()
    await client.request("transcribe.chunk", id="c", request="t", audio=audio, last=last)


async def _answered(daemon: Served, client: Line) -> bool:
    """Whether something comes while everything that can run has run."""
    await anyio.wait_all_tasks_blocked()
    with anyio.move_on_after(0.05):
        await client.read()
        return True
    return False


def _write(file: int, data: bytes) -> None:
    with os.fdopen(file, "wb") as opened:
        opened.write(data)


async def test_a_language_that_no_model_recognises_is_refused_at_once(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        error = (await client.call("transcribe", source="chunks", language="xx"))["error"]
        assert error["data"]["code"] == "ipc.invalid_params"
        assert "'xx' is no language that is recognised" in error["message"]
