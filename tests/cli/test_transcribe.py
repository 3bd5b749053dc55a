"""`assistant transcribe` with the real models."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.bench.clips import Clip
from assistant.bench.speed.wer import word_error_rate

pytestmark = pytest.mark.usefixtures("models")


def transcribe(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "transcribe", "--offline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_each_file_is_an_object_on_a_line_of_its_own(clips: dict[str, Clip]) -> None:
    files = [clips["q_grapefruit_in_french"], clips["dict_leichenhalle_de"]]
    done = transcribe("--json", *(str(clip.path) for clip in files))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["file"] for item in found] == [str(clip.path) for clip in files]
    assert [item["language"] for item in found] == ["en", "de"]
    for item, clip in zip(found, files, strict=True):
        assert clip.transcript is not None
        assert clip.language is not None
        assert word_error_rate(clip.transcript, item["text"], clip.language) < 0.5
        assert item["seconds"] > 0
    assert found[0]["audio_s"] == pytest.approx(2.8, abs=0.01)


def test_one_bad_file_does_not_keep_the_others_from_being_transcribed(clips: dict[str, Clip], tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF....")
    done = transcribe("--json", str(bad), str(clips["q_what_time_is_it_r3"].path))
    assert done.returncode == 1
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["error"]["code"] == "audio.unreadable"
    assert "time is it" in second["text"].lower()
    assert done.stderr.startswith("error: audio.unreadable: ")


def test_streaming_shows_growing_text_on_standard_error_and_the_result_on_standard_output(
    clips: dict[str, Clip],
) -> None:
    done = transcribe("--stream", str(clips["cmd_coffee_s2i00"].path))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "coffee" in done.stdout


def test_a_language_that_does_not_exist_is_a_usage_error(clips: dict[str, Clip]) -> None:
    failed = transcribe("--language", "klingon", str(clips["cmd_yes"].path))
    assert failed.returncode == 2
    assert "asr.language" in failed.stderr
