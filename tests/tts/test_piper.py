import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.pcm import Samples
from assistant.blocking import NeverStop
from assistant.errors import AssistantError, Code
from assistant.tts.piper import Piper
from assistant.vad.silero import packaged_model


@pytest.fixture
def settings(voice_path: Path) -> str:
    return voice_path.with_name(voice_path.name + ".json").read_text()


def say(voice: Piper, text: str) -> list[Samples]:
    pieces: list[Samples] = []
    voice.synthesize(text, emit=pieces.append, stop=NeverStop())
    return pieces


def seconds(voice: Piper, text: str) -> float:
    return sum(map(len, say(voice, text))) / voice.sample_rate


def code_of(path: Path) -> Code:
    with pytest.raises(AssistantError) as raised:
        Piper(path, threads=1, speed=1.0)
    assert path.name in raised.value.message
    assert "\n" not in raised.value.message
    return raised.value.code


class StopAfter:
    """A stop flag that is set once `calls` pieces have been emitted."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.pieces: list[Samples] = []

    def emit(self, samples: Samples) -> None:
        self.pieces.append(samples)
        self.left -= 1

    def is_set(self) -> bool:
        return self.left <= 0


def test_a_voice_reports_its_properties(voice: Piper, voice_path: Path) -> None:
    assert (voice.name, voice.device, voice.language, voice.sample_rate) == (voice_path.stem, "cpu", "en", 22_050)


def sentences(voice: Piper, text: str) -> int:
    """Count the sentences that `text` is cut into."""
    return len([phonemes for phonemes in voice.phonemes(text) if phonemes])


def test_a_clause_is_mono_audio_within_full_scale(voice: Piper) -> None:
    audio = np.concatenate(say(voice, "The answer is eight megabits,"))
    assert audio.dtype == np.float32
    assert audio.ndim == 1
    assert 0.5 < np.abs(audio).max() <= 1.0
    assert 1.0 < len(audio) / voice.sample_rate < 4.0


def test_sentences_are_synthesised_one_by_one(voice: Piper) -> None:
    assert sentences(voice, "It is small. It is old. Is it?") == 3


def test_the_first_piece_of_a_long_clause_is_short(voice: Piper) -> None:
    pieces = say(voice, "The quick brown fox jumps over the lazy dog and runs into the woods.")
    assert len(pieces) >= 3
    assert len(pieces[0]) / voice.sample_rate < 0.3


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith met J. R. R. Tolkien.",
        "The U.S. Army bought No. 5 of them.",
        "Well... it depends (as always) on you.",
        "It is yes—or no.",
    ],
)
def test_a_full_stop_inside_a_sentence_makes_no_pause(voice: Piper, text: str) -> None:
    assert sentences(voice, text) == 1


@pytest.mark.parametrize("text", ["", " ", "...", "!!!", "—", "“”", "😀", "\n"])
def test_text_without_anything_to_say_gives_nothing(voice: Piper, text: str) -> None:
    assert say(voice, text) == []


def test_double_brackets_are_text_and_not_phonemes(voice: Piper) -> None:
    assert seconds(voice, "[[hello there my friend]]") == pytest.approx(
        seconds(voice, "hello there my friend"), rel=0.2
    )


def test_nothing_is_synthesised_once_the_stop_flag_is_set(voice: Piper) -> None:
    stop = StopAfter(0)
    voice.synthesize("It is small.", emit=stop.emit, stop=stop)
    assert stop.pieces == []


def test_it_stops_between_pieces(voice: Piper) -> None:
    stop = StopAfter(1)
    voice.synthesize("It is small. It is old. Is it?", emit=stop.emit, stop=stop)
    assert len(stop.pieces) == 1


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_the_duration_of_a_clause_follows_the_speed(voice: Piper, voice_path: Path, speed: float) -> None:
    text = "The quick brown fox jumps over the lazy dog. The weather in Paris is sunny today."
    other = Piper(voice_path, threads=2, speed=speed)
    assert seconds(other, text) == pytest.approx(seconds(voice, text) / speed, rel=0.15)


def test_a_voice_of_another_language_is_named_after_it(tmp_path: Path, voice_path: Path, settings: str) -> None:
    changed = json.loads(settings)
    changed["espeak"]["voice"] = "cmn"
    path = tmp_path / "chinese.onnx"
    path.symlink_to(voice_path)
    (tmp_path / "chinese.onnx.json").write_text(json.dumps(changed))
    assert Piper(path, threads=1, speed=1.0).language == "zh"


def test_a_voice_without_a_configuration_is_a_missing_model(tmp_path: Path, voice_path: Path) -> None:
    path = tmp_path / "voice.onnx"
    path.symlink_to(voice_path)
    assert code_of(path) == Code.MODEL_MISSING


def test_a_configuration_without_a_voice_is_a_missing_model(tmp_path: Path, settings: str) -> None:
    (tmp_path / "voice.onnx.json").write_text(settings)
    assert code_of(tmp_path / "voice.onnx") == Code.MODEL_MISSING


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"audio": 5}', "\udcff"], ids=repr)
def test_an_unusable_configuration_is_corrupt(tmp_path: Path, voice_path: Path, content: str) -> None:
    path = tmp_path / "voice.onnx"
    path.symlink_to(voice_path)
    (tmp_path / "voice.onnx.json").write_bytes(content.encode(errors="surrogateescape"))
    assert code_of(path) == Code.MODEL_CORRUPT


def test_a_broken_voice_is_corrupt(tmp_path: Path, settings: str) -> None:
    (tmp_path / "voice.onnx").write_bytes(b"no voice")
    (tmp_path / "voice.onnx.json").write_text(settings)
    assert code_of(tmp_path / "voice.onnx") == Code.MODEL_CORRUPT


def test_a_model_that_is_not_a_voice_fails_at_its_warm_up(tmp_path: Path, settings: str) -> None:
    shutil.copy(packaged_model(), tmp_path / "voice.onnx")
    (tmp_path / "voice.onnx.json").write_text(settings)
    voice = Piper(tmp_path / "voice.onnx", threads=1, speed=1.0)
    with pytest.raises(AssistantError) as raised:
        voice.warm_up()
    assert raised.value.code == Code.TTS_FAILED
    assert "\n" not in raised.value.message


def test_an_exception_of_the_consumer_is_not_a_failure_of_the_voice(voice: Piper) -> None:
    def refuse(samples: Samples) -> None:
        raise RuntimeError("not mine")

    with pytest.raises(RuntimeError, match="not mine"):
        voice.synthesize("Hello.", emit=refuse, stop=NeverStop())
