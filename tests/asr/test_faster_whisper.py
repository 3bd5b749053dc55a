"""The real model recognises speech, and nothing in what is not speech."""

from pathlib import Path

import numpy as np
import pytest

from assistant.asr.faster_whisper import FasterWhisper
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip
from assistant.bench.speed.wer import word_error_rate
from assistant.bench.speed.window import compare_windows
from assistant.blocking import NeverStop
from assistant.errors import AssistantError, Code

NOISES = ["dog_bark", "music_jazz", "music_strings", "office_ambience", "room_1", "silence_room"]


def utterance_in(clip: Clip, after_s: float = 0.1) -> Samples:
    """Cut the clip as the pipeline does: pre-roll, speech, and some of the silence after it."""
    assert clip.speech_start_s is not None
    assert clip.speech_end_s is not None
    audio = np.pad(read_audio(clip.path, max_s=60), (0, LISTENING_RATE))
    start, end = max(0.0, clip.speech_start_s - 0.32), clip.speech_end_s + after_s
    return audio[round(start * LISTENING_RATE) : round(end * LISTENING_RATE)]


@pytest.mark.parametrize("after_s", [0.1, 0.45])
@pytest.mark.parametrize(
    "name",
    [
        "q_what_time_is_it_r3",
        "q_date_today_r3",
        "q_grapefruit_in_french",
        "q_megabytes_in_a_bit",
        "cmd_stop",
        "cmd_yes",
        "cmd_set_timer",
        "cmd_living_room_lamp",
        "cmd_go_forward_ten_meters",
        "cmd_book_flight",
        "q_weather_today_zh_az",
    ],
)
def test_questions_and_commands_are_understood_without_being_told_the_language(
    whisper: FasterWhisper, clips: dict[str, Clip], name: str, after_s: float
) -> None:
    clip = clips[name]
    assert clip.transcript is not None
    assert clip.language is not None
    found = whisper.transcribe(utterance_in(clip, after_s), language=None, stop=NeverStop())
    assert found.language == clip.language
    simplified = found.text.translate(str.maketrans("氣麼樣", "气么样"))
    assert word_error_rate(clip.transcript, simplified, clip.language) == 0
    assert found.window_s < 9


@pytest.mark.parametrize("seconds", [1, 2, 5, 10])
@pytest.mark.parametrize("name", NOISES)
def test_noise_and_music_have_no_transcript(
    whisper: FasterWhisper, clips: dict[str, Clip], name: str, seconds: int
) -> None:
    noise = read_audio(clips[f"noise_{name}"].path, max_s=60)[: seconds * LISTENING_RATE]
    for audio in (noise, np.pad(noise, (0, LISTENING_RATE // 2))):
        assert whisper.transcribe(audio, language=None, stop=NeverStop()).text == ""


@pytest.mark.parametrize("level", [0.0, 1e-4, 1e-2])
def test_silence_and_hiss_have_no_transcript(whisper: FasterWhisper, level: float) -> None:
    hiss = (np.random.default_rng(1).standard_normal(3 * LISTENING_RATE) * level).astype(np.float32)
    assert whisper.transcribe(hiss, language=None, stop=NeverStop()).text == ""


def test_the_trimmed_window_gives_the_words_of_the_full_one(whisper: FasterWhisper, clips: dict[str, Clip]) -> None:
    english = [clip for clip in clips.values() if clip.language == "en" and clip.kind in ("question", "command")]
    found = compare_windows(whisper, [clip for clip in english if clip.end_confidence == "high"])
    trimmed, full, after_zeros, in_hum = found
    for window in (trimmed, after_zeros, in_hum):
        assert window.wer <= full.wer + 0.02, window.window
        assert window.disagreement < 0.08, window.window


@pytest.mark.parametrize("zeros_s", [0.2, 0.5, 1.0])
def test_digital_silence_before_speech_changes_nothing(
    whisper: FasterWhisper, clips: dict[str, Clip], zeros_s: float
) -> None:
    for name in ("q_date_today_r3", "cmd_set_timer", "q_grapefruit_in_french", "cmd_living_room_lamp"):
        speech = utterance_in(clips[name])[round(0.32 * LISTENING_RATE) :]
        lead = np.zeros(round(zeros_s * LISTENING_RATE), np.float32)
        lead[::7] = 1 / 32_768  # a last bit that flickers
        expected = whisper.transcribe(np.append(lead[-1600:], speech), language="en", stop=NeverStop())
        found = whisper.transcribe(np.append(lead, speech), language="en", stop=NeverStop())
        assert found.text == expected.text
        assert found.audio_s == pytest.approx(zeros_s + len(speech) / LISTENING_RATE, abs=0.001)


@pytest.mark.parametrize("name", ["dict_leichenhalle_de", "dict_consulat_fr", "dict_arenas_es", "dict_jitsuzai_ja"])
def test_other_languages_are_recognised_as_such(whisper: FasterWhisper, clips: dict[str, Clip], name: str) -> None:
    clip = clips[name]
    assert clip.transcript is not None
    found = whisper.transcribe(utterance_in(clip), language=None, stop=NeverStop())
    assert found.language == clip.language
    assert word_error_rate(clip.transcript, found.text, found.language) < 0.5


def test_a_given_language_is_not_detected(whisper: FasterWhisper, clips: dict[str, Clip]) -> None:
    found = whisper.transcribe(utterance_in(clips["cmd_yes"]), language="de", stop=NeverStop())
    assert found.language == "de"
    assert found.language_probability == 1.0


SPOKEN = ["en", "de", "fr", "es", "zh", "ja", "ko"]


def test_only_languages_that_are_spoken_are_detected(
    whisper: FasterWhisper, clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first second and a half of what is said."""
    monkeypatch.setattr(whisper, "languages", SPOKEN)
    known = [clip for clip in clips.values() if clip.language in SPOKEN and clip.speech_start_s is not None]
    wrong = []
    for clip in known:
        start = round((clip.speech_start_s or 0.0) * LISTENING_RATE)
        audio = read_audio(clip.path, max_s=60)[start : start + 3 * LISTENING_RATE // 2]
        found = whisper.transcribe(audio, language=None, stop=NeverStop(), draft=True)
        assert found.language in SPOKEN
        wrong += [clip.name] if found.language != clip.language else []
    assert len(wrong) <= 0.1 * len(known), wrong


class Stopped:
    def is_set(self) -> bool:
        return True


def test_a_stopped_recognition_returns_without_words(whisper: FasterWhisper, clips: dict[str, Clip]) -> None:
    assert whisper.transcribe(utterance_in(clips["cmd_yes"]), language=None, stop=Stopped()).text == ""


def test_an_utterance_longer_than_the_window_is_refused(whisper: FasterWhisper) -> None:
    with pytest.raises(ValueError, match="at most 30 s"):
        whisper.transcribe(np.zeros(31 * LISTENING_RATE, np.float32), language="en", stop=NeverStop())


def test_a_folder_without_a_model_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="assistant models pull") as caught:
        FasterWhisper(tmp_path, "cpu", threads=1)
    assert caught.value.code == Code.MODEL_MISSING


def test_a_damaged_model_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(AssistantError, match="not a Whisper model") as caught:
        FasterWhisper(tmp_path, "cpu", threads=1)
    assert caught.value.code == Code.MODEL_UNLOADABLE


def test_an_accelerator_that_is_not_there_is_replaced_by_the_cpu(
    whisper_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recognizer = FasterWhisper(whisper_path, "cuda", threads=2)
    recognizer.warm_up()
    assert recognizer.device == "cpu"
    assert "runs on the CPU" in caplog.text
