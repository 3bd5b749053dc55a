"""Recordings of any length, with a scripted recogniser: which pieces it is given, and what becomes of its words."""

from pathlib import Path

import numpy as np
import pytest

from assistant.asr.files import FileTranscriber
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.wav import write_wav
from assistant.errors import AssistantError, Code
from assistant.testing.scripted import LoudIsSpeech, ScriptedRecognizer

STEP_S = 0.5


def recorded(folder: Path, *utterances_s: float) -> Path:
    """A recording of loud utterances of these lengths, with pauses of two seconds around them."""
    pause = np.zeros(2 * LISTENING_RATE, np.float32)
    parts = [pause]
    for length_s in utterances_s:
        parts += [np.full(round(length_s * LISTENING_RATE), 0.9, np.float32), pause]
    write_wav(folder / "recorded.wav", np.concatenate(parts), LISTENING_RATE)
    return folder / "recorded.wav"


def test_the_words_of_all_utterances_are_joined(tmp_path: Path) -> None:
    recognizer = ScriptedRecognizer(texts=["Good morning.", "How are you?"])
    found = FileTranscriber(recognizer, LoudIsSpeech(), "en", STEP_S).transcribe(recorded(tmp_path, 1.0, 2.0), None)
    assert found.text == "Good morning. How are you?"
    assert found.audio_s == pytest.approx(9.0)
    assert recognizer.lengths_s == pytest.approx([1.64, 2.64], abs=0.1), "with 0.32 s of the pause on either side"


def test_the_text_grows_utterance_by_utterance(tmp_path: Path) -> None:
    recognizer = ScriptedRecognizer(texts=["Good", "Good morning.", "Good morning.", "How", "How are", "How are you?"])
    shown: list[str] = []
    transcriber = FileTranscriber(recognizer, LoudIsSpeech(), "en", 0.75)
    found = transcriber.transcribe(
        recorded(tmp_path, 1.0, 1.0), lambda stable, tentative: shown.append(f"{stable} {tentative}".strip())
    )
    assert found.text == "Good morning. How are you?"
    assert shown == ["Good", "Good morning.", "Good morning.", "Good morning. How", "Good morning. How are", found.text]


def test_a_recording_in_which_nobody_speaks_has_no_text(tmp_path: Path) -> None:
    write_wav(tmp_path / "hiss.wav", np.full(2 * LISTENING_RATE, 0.01, np.float32), LISTENING_RATE)
    recognizer = ScriptedRecognizer()
    found = FileTranscriber(recognizer, LoudIsSpeech(), None, STEP_S).transcribe(tmp_path / "hiss.wav", None)
    assert (found.text, found.language, recognizer.lengths_s) == ("", "", [])


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "note.wav").write_text("no sound")
    with pytest.raises(AssistantError) as raised:
        FileTranscriber(ScriptedRecognizer(), LoudIsSpeech(), None, STEP_S).transcribe(tmp_path / "note.wav", None)
    assert raised.value.code is Code.AUDIO_UNREADABLE


def test_a_quiet_recording_is_amplified_before_it_is_listened_to(tmp_path: Path) -> None:
    write_wav(tmp_path / "loud.wav", _sentence(0.5), LISTENING_RATE)
    write_wav(tmp_path / "quiet.wav", _sentence(0.0015), LISTENING_RATE)
    recognizer = ScriptedRecognizer(texts=["Good morning."])
    activity = _LoudIsSpeech()
    loud, quiet = (
        FileTranscriber(recognizer, activity, "en", STEP_S).transcribe(tmp_path / f"{name}.wav", None)
        for name in ("loud", "quiet")
    )
    assert (loud.text, quiet.text) == ("Good morning.", "Good morning.")
    assert loud.warnings == []
    assert quiet.speech_s == pytest.approx(loud.speech_s, abs=0.05)


def test_nothing_said_is_told_from_nothing_understood(tmp_path: Path) -> None:
    write_wav(tmp_path / "hiss.wav", np.full(2 * LISTENING_RATE, 0.01, np.float32), LISTENING_RATE)
    transcriber = FileTranscriber(ScriptedRecognizer(texts=[""]), LoudIsSpeech(), None, STEP_S)
    silent = transcriber.transcribe(tmp_path / "hiss.wav", None)
    mumbled = transcriber.transcribe(recorded(tmp_path, 1.0), None)
    assert (silent.text, silent.speech_s) == ("", 0.0)
    assert mumbled.text == ""
    assert mumbled.speech_s == pytest.approx(1.6, abs=0.1)


class _LoudIsSpeech(LoudIsSpeech):
    """Hears nothing below a twentieth of full scale."""

    def probability(self, block: Samples) -> float:
        return float(np.abs(block).max() > 0.05)


def _sentence(amplitude: float) -> Samples:
    pause = np.zeros(LISTENING_RATE, np.float32)
    return np.concatenate([pause, np.full(LISTENING_RATE, amplitude, np.float32), pause])
