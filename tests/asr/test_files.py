"""Recordings of any length, with a scripted recogniser: which pieces it is given, and what becomes of its words."""

from pathlib import Path

import numpy as np
import pytest

from assistant.asr.files import FileTranscriber
from assistant.audio.pcm import LISTENING_RATE
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
