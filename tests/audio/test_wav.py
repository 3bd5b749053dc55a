import wave
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.wav import write_wav
from assistant.errors import AssistantError, Code

SAMPLES = np.array([0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0], np.float32)


def test_a_recording_is_written_as_16_bit_mono_and_saturates(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", SAMPLES, 22_050)
    with wave.open(str(tmp_path / "a.wav")) as written:
        assert (written.getnchannels(), written.getsampwidth(), written.getframerate()) == (1, 2, 22_050)
        values = np.frombuffer(written.readframes(99), "<i2")
    np.testing.assert_array_equal(values, [0, 16_383, -16_383, 32_767, -32_767, 32_767, -32_767])


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, 16_000).astype(np.float32)
    write_wav(tmp_path / "a.wav", noise, 16_000)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", max_s=60), noise, atol=2 / 32_768)


def test_an_existing_file_is_replaced_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.wav").write_bytes(b"old")
    (tmp_path / "link.wav").symlink_to("real.wav")
    write_wav(tmp_path / "link.wav", SAMPLES, 16_000)
    assert (tmp_path / "link.wav").is_symlink()
    assert len(read_audio(tmp_path / "real.wav", max_s=60)) == len(SAMPLES)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.wav").write_bytes(b"old")
    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    with pytest.raises(AssistantError, match="No space left on device") as caught:
        write_wav(tmp_path / "a.wav", SAMPLES, 16_000)
    assert caught.value.code == Code.AUDIO_NOT_WRITABLE
    assert (tmp_path / "a.wav").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("path", ["missing/a.wav", ".", "/dev/null"])
def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(AssistantError) as caught:
        write_wav(tmp_path / path, SAMPLES, 16_000)
    assert caught.value.code == Code.AUDIO_NOT_WRITABLE
    assert str(tmp_path / path) in caught.value.message
