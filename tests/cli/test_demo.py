"""`assistant demo` with the real models."""

import json
import subprocess
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from assistant.bench.clips import Clip

pytestmark = pytest.mark.usefixtures("models")


@dataclass(frozen=True)
class Demo:
    """One that is over, and the folder that it ran in."""

    done: subprocess.CompletedProcess[str]
    folder: Path


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "demo", "--offline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def demos(models: None, clips: dict[str, Clip], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Demo]:
    """Those that load the models, side by side, since each mostly waits until the question has been asked."""
    wanted = {
        "recorded": ("--json", "--input", str(clips["q_what_time_is_it_r3"].path), "--output", "answer.wav"),
        "packaged": (),
        "silent": ("--input", str(clips["noise_silence_room"].path)),
    }
    folders = {name: tmp_path_factory.mktemp(name) for name in wanted}
    with ThreadPoolExecutor() as side_by_side:
        over = side_by_side.map(lambda name: demo(*wanted[name], cwd=folders[name]), wanted)
        return {name: Demo(done, folders[name]) for name, done in zip(wanted, over, strict=True)}


def test_a_recorded_question_is_answered_and_reported_as_one_json_object(demos: dict[str, Demo]) -> None:
    done = demos["recorded"].done
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["transcript"].lower().strip("?. ") == "what time is it"
    assert report["language"] == "en"
    assert report["reply"]
    assert report["heard"] == report["spoken"]
    marks = report["marks_ms"]
    assert marks["soft_end"] < marks["transcript"]
    assert marks["revision"] < marks["first_token"] <= marks["first_audio"]
    assert max(marks["commit"], marks["first_audio"]) <= marks["playback"] == report["voice_to_voice_ms"]
    assert set(report["models"]) == set(report["devices"]) == {"asr", "llm", "tts", "turn"}
    with wave.open(str(demos["recorded"].folder / "answer.wav")) as answer:
        seconds = answer.getnframes() / answer.getframerate()
        sound = np.frombuffer(answer.readframes(answer.getnframes()), np.int16)
    assert seconds == pytest.approx(report["audio_s"], rel=0.25, abs=0.2)
    assert np.abs(sound).max() > 3000


def test_without_arguments_the_packaged_question_is_answered_for_people(demos: dict[str, Demo]) -> None:
    done = demos["packaged"].done
    assert done.returncode == 0, done.stderr
    assert "grapefruit in French" in done.stdout
    assert "Voice-to-voice" in done.stdout
    assert "silence until commit" in done.stdout
    assert (demos["packaged"].folder / "reply.wav").exists()


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


def test_a_recording_without_speech_is_told_as_such(demos: dict[str, Demo]) -> None:
    failed = demos["silent"].done
    assert failed.returncode == 1
    assert "audio.no_speech" in failed.stderr
