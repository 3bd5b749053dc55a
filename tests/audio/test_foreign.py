"""Recordings of strangers are decoded in a process of their own, which may not hurt this one."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from assistant.audio import foreign
from assistant.audio.decode import read_audio
from assistant.audio.foreign import decode_confined, read_recording
from assistant.bench.clips import Clip
from assistant.blocking import StopWhen
from assistant.errors import AssistantError, Code
from assistant.host.sandbox import Failure, SandboxError, Stopped
from tests.audio.files import encode
from tests.host.processes import confined_children


def test_a_recording_is_the_same_as_decoded_here(clips: dict[str, Clip]) -> None:
    path = clips["q_grapefruit_in_french"].path
    found = read_recording(path, max_s=60)
    np.testing.assert_array_equal(found.samples, read_audio(path, max_s=60))
    assert found.warnings == ()


def test_warnings_and_errors_come_through(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    content = encode((0.3 * np.sin(np.arange(64_000) / 5)).astype(np.float32), "flac", rate=16_000)
    path.write_bytes(content[: len(content) // 2])
    (warning,) = read_recording(path, max_s=60).warnings
    assert "damaged or cut short" in warning
    with pytest.raises(AssistantError) as caught:
        read_recording(path, max_s=1)
    assert caught.value.code is Code.AUDIO_TOO_LONG
    with pytest.raises(AssistantError, match=f"{tmp_path}/none: No such file"):
        read_recording(tmp_path / "none", max_s=60)


def matroska(samples: np.ndarray, rate: int) -> bytes:
    """Two channels of FLAC, which is small where they are silent."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("flac", rate=rate, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        for start in range(0, len(samples), 65_535):
            piece = np.stack([samples[start : start + 65_535]] * 2)
            frame = av.AudioFrame.from_ndarray(piece, format="s16p", layout="stereo")
            frame.sample_rate = rate
            out.mux(stream.encode(frame))
    return file.getvalue()


def test_a_bomb_ends_within_its_limits(tmp_path: Path) -> None:
    path = tmp_path / "bomb.mkv"
    path.write_bytes(matroska(np.zeros(655_350 * 40, np.int16), 655_350))
    assert path.stat().st_size < 200_000
    with pytest.raises(AssistantError) as caught:
        read_recording(path, max_s=10)
    assert caught.value.code is Code.AUDIO_TOO_LONG


@pytest.mark.parametrize("failure", Failure)
def test_a_recording_that_takes_its_decoder_down_is_an_error(
    clips: dict[str, Clip], failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **options: object) -> Iterator[bytes]:
        raise SandboxError(failure, "scripted")
        yield b""

    monkeypatch.setattr(foreign, "work_confined", fails)
    with pytest.raises(AssistantError, match=re.escape(failure.value)) as caught:
        read_recording(clips["cmd_stop"].path, max_s=60)
    assert caught.value.code is Code.AUDIO_UNREADABLE


def test_stopping_ends_the_process(clips: dict[str, Clip]) -> None:
    with clips["q_grapefruit_in_french"].path.open("rb") as file, pytest.raises(Stopped):
        decode_confined(file.fileno(), name="a", max_s=60, stop=StopWhen(lambda: True))
    assert not confined_children(os.getpid())
