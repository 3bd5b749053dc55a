import numpy as np
import pytest

from assistant.audio.check import check_audio, check_text
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


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  What time is it?\n", "What time is it?"),
        ("Zeile eins\r\nZeile zwei\tdrei", "Zeile eins\nZeile zwei\tdrei"),
        ("null\x00 bell\x07 escape\x1b[0m next\x85", "null bell escape[0m next"),
        ("\ufeffByte order mark", "Byte order mark"),
        ("half an emoji \ud83d", "half an emoji"),
        ("现在几点了？", "现在几点了？"),
        ("现在几点了？".encode(), "现在几点了？"),
        ("thumbs 👍🏽".encode(), "thumbs 👍🏽"),
    ],
)
def test_text_is_cleaned_of_what_cannot_be_spoken(text: str | bytes, cleaned: str) -> None:
    assert check_text(text, max_chars=100, where="standard input") == cleaned


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.TEXT_EMPTY),
        (b"", Code.TEXT_EMPTY),
        (" \n\x00\t", Code.TEXT_EMPTY),
        ("a" * 101, Code.TEXT_TOO_LONG),
        (b"a" * 101, Code.TEXT_TOO_LONG),
        (b"\xff" * 401, Code.TEXT_TOO_LONG),
        ("Grüße".encode("latin-1"), Code.TEXT_NOT_UTF8),
        ("现在".encode("gbk"), Code.TEXT_NOT_UTF8),
        (b"cut \xe7\x8e", Code.TEXT_NOT_UTF8),
        ("from a command line: Gr\udcfc\udcdfe", Code.TEXT_NOT_UTF8),
    ],
)
def test_text_that_cannot_be_used_is_refused(text: str | bytes, code: Code) -> None:
    with pytest.raises(AssistantError, match=r"^standard input: ") as caught:
        check_text(text, max_chars=100, where="standard input")
    assert caught.value.code == code


def test_text_as_long_as_the_limit_is_taken() -> None:
    assert check_text("é" * 100, max_chars=100, where="text") == "é" * 100
    assert check_text(("é" * 100).encode(), max_chars=100, where="text") == "é" * 100
