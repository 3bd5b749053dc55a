import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.bench.clips import Clip
from tests.room import Room, listen, open_room, sounds

RATE = 48_000
PATIENCE_S = 60


@contextmanager
def hearing(room: Room, seconds: float, path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process in the room that hears by now."""
    command = [sys.executable, "-m", "tests.audio.in_room", "hear", str(seconds), str(path)]
    process = subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hearing\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_microphone_hears_what_is_said_in_the_room(room: Room, clips: dict[str, Clip], tmp_path: Path) -> None:
    with room.recording(tmp_path / "room.wav"), hearing(room, 5.0, tmp_path / "heard.npz") as process:
        room.speak(clips["q_grapefruit_in_french"].path)
        assert process.wait(PATIENCE_S) == 0
    [(start, end)] = sounds(listen(tmp_path / "room.wav").user)
    said = listen(tmp_path / "room.wav").user[round(start * RATE) : round(end * RATE)]
    heard = np.load(tmp_path / "heard.npz")
    assert heard["dropped"] == 0
    np.testing.assert_array_equal(heard["start"], np.arange(len(heard["start"])) * BLOCK)
    assert likeness(heard["samples"], Resampler(RATE, LISTENING_RATE).push(said)) > 0.99
    assert (heard["captured_at"] <= heard["came_at"]).all()
    intervals = np.diff(heard["captured_at"])
    assert intervals.mean() == pytest.approx(BLOCK / LISTENING_RATE, rel=0.05)


@pytest.mark.realtime
def test_a_microphone_that_falls_silent_is_an_error(tmp_path: Path) -> None:
    with open_room() as room, hearing(room, 600, tmp_path / "heard.npz") as process:
        room.unplug("mic")
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "error: device.failed: microphone 'default' delivers nothing" in errors


def test_a_microphone_that_is_switched_off_is_closed_and_hears_again_later(room: Room) -> None:
    command = [sys.executable, "-m", "tests.audio.in_room", "mute", "1.5"]
    done = subprocess.run(command, env=room.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    found = json.loads(done.stdout)
    before, meanwhile, afterwards = found["blocks"]
    assert before > 0
    assert meanwhile <= 2  # what was on its way
    assert afterwards > 10
    opened, closed, reopened = found["listeners"]
    assert opened == reopened == closed + 1


def likeness(heard: Samples, said: Samples) -> float:
    """Correlation, 0 to 1, where the two match best."""
    size = len(heard) + len(said)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    offset = int(product[: len(heard)].argmax())
    found = heard[offset : offset + len(said)]
    said = said[: len(found)]
    return float(found @ said / np.sqrt((found @ found) * (said @ said)))
