import numpy as np
import pytest

from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.pcm import Samples, from_int16
from assistant.bench.clips import Clip
from assistant.errors import AssistantError, Code


def refusal(samples: Samples) -> Code:
    with pytest.raises(AssistantError, match=r"^question.wav: ") as caught:
        check_audio(samples, where="question.wav")
    return caught.value.code


def sixteen_bit(samples: Samples) -> Samples:
    return from_int16(np.round(np.clip(samples, -1, 32_767 / 32_768) * 32_768).astype(np.int16))


@pytest.fixture
def speech(clips: dict[str, Clip]) -> Samples:
    samples = read_audio(clips["q_what_time_is_it_r3"].path, max_s=60)
    loudest: Samples = samples / np.abs(samples).max()
    return loudest


def test_every_recording_passes_without_a_warning(clips: dict[str, Clip]) -> None:
    assert len(clips) > 40
    for clip in clips.values():
        assert check_audio(read_audio(clip.path, max_s=60), where=clip.name) == []


@pytest.mark.parametrize("length", [0, 1, 799])
def test_less_than_a_twentieth_of_a_second_is_empty(length: int) -> None:
    assert refusal(np.full(length, 0.5, np.float32)) == Code.AUDIO_EMPTY


def test_the_flickering_last_bit_of_a_muted_microphone_is_silence() -> None:
    noise = np.random.default_rng(1).integers(-2, 3, 16_000).astype(np.int16)
    assert refusal(from_int16(noise)) == Code.AUDIO_SILENT
    assert refusal(np.zeros(16_000, np.float32)) == Code.AUDIO_SILENT


@pytest.mark.parametrize("level_db", [-70, -61])
def test_faint_speech_is_taken_with_a_warning(speech: Samples, level_db: float) -> None:
    [warning] = check_audio(sixteen_bit(speech * np.float32(10 ** (level_db / 20))), where="question.wav")
    assert warning.startswith("question.wav: very quiet")


@pytest.mark.parametrize("gain_db", [12, 36])
def test_overdriven_speech_that_can_be_recognised_is_taken_with_a_warning(speech: Samples, gain_db: float) -> None:
    [warning] = check_audio(sixteen_bit(speech * np.float32(10 ** (gain_db / 20))), where="question.wav")
    assert warning.startswith("question.wav: overdriven")


def test_speech_of_which_only_its_sign_is_left_is_refused(speech: Samples) -> None:
    assert refusal(sixteen_bit(speech * 1000)) == Code.AUDIO_CLIPPED


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused(wrong: float) -> None:
    samples = np.full(16_000, 0.1, np.float32)
    samples[500] = wrong
    assert refusal(samples) == Code.AUDIO_UNREADABLE
