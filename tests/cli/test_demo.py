"""`assistant demo` with the real models."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.programs import Ran, recording


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "demo", "--offline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.program(
    *("demo", "--offline", "--json", "--input", recording("q_what_time_is_it_r3"), "--output", "answer.wav")
)
def test_a_recorded_question_is_answered_and_reported_as_one_json_object(ran: Ran) -> None:
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["transcript"].lower().strip("?. ") == "what time is it"
    assert report["language"] == "en"
    assert report["reply"]
    assert report["heard"] == report["spoken"]
    marks = report["marks_ms"]
    assert marks["soft_end"] < marks["transcript"]
    assert marks["revision"] < marks["first_token"] <= marks["first_audio"]
    assert max(marks["commit"], marks["first_audio"]) <= marks["playback"] == report["voice_to_voice_ms"]
    assert set(report["models"]) == set(report["devices"]) == {"asr", "llm", "tts", "turn"}
    with wave.open(str(ran.folder / "answer.wav")) as answer:
        seconds = answer.getnframes() / answer.getframerate()
        sound = np.frombuffer(answer.readframes(answer.getnframes()), np.int16)
    assert seconds == pytest.approx(report["audio_s"], rel=0.25, abs=0.2)
    assert np.abs(sound).max() > 3000


@pytest.mark.program("demo", "--offline")
def test_without_arguments_the_packaged_question_is_answered_for_people(ran: Ran) -> None:
    assert ran.returncode == 0, ran.stderr
    assert "grapefruit in French" in ran.stdout
    assert "Voice-to-voice" in ran.stdout
    assert "silence until commit" in ran.stdout
    assert (ran.folder / "reply.wav").exists()


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not a sound file", "audio.unreadable"),
        (b"", "audio.unreadable"),
        (None, "audio.unreadable"),
    ],
)
def test_a_question_that_is_no_recording_is_refused_before_a_model_is_loaded(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "question.wav").write_bytes(content)
    failed = demo("--input", "question.wav", cwd=tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: {code}: question.wav")


@pytest.mark.program("demo", "--offline", "--input", recording("noise_silence_room"))
def test_a_recording_without_speech_is_reported(ran: Ran) -> None:
    assert ran.returncode == 1
    assert "audio.no_speech" in ran.stderr
