import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.devices import loudspeaker as module
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.portaudio import Device, OutputCallback
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.playback import FADE_S
from assistant.audio.resample import Resampler
from assistant.audio.wav import write_wav
from assistant.bench.clips import Clip
from assistant.bench.soak.virtual_room import RATE
from tests.room import Room, listen, open_room, sounds

PATIENCE_S = 60
ATTEMPTS = 5


Check = Callable[[dict[str, Any], Samples], None]
"""Looks at what a program of `in_room` reported and at what was heard in the room."""


def assert_in_room(check: Check, room: Room, recording: Path, *command: str) -> None:
    """`check` passes once: a sound server on a busy machine leaves gaps of its own now and then, unreported."""
    for attempt in range(1, ATTEMPTS + 1):
        recording.unlink(missing_ok=True)
        with room.recording(recording):
            done = subprocess.run(
                [sys.executable, "-m", "tests.audio.in_room", *command],
                env=room.environment,
                capture_output=True,
                text=True,
                check=True,
                timeout=PATIENCE_S,
            )
        try:
            return check(json.loads(done.stdout), listen(recording).answer)
        except AssertionError:
            if attempt == ATTEMPTS:
                raise


def test_a_clip_arrives_in_the_room_sample_by_sample(room: Room, clips: dict[str, Clip], tmp_path: Path) -> None:
    clip = read_audio(clips["q_megabytes_in_a_bit"].path, max_s=60)
    resampler = Resampler(LISTENING_RATE, RATE)
    expected = np.concatenate([resampler.push(clip), resampler.finish()])

    def check(report: dict[str, Any], heard: Samples) -> None:
        assert report["played"] == len(clip)
        size = len(heard) + len(expected)
        match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size)), size)
        offset = int(match[: len(heard)].argmax())
        np.testing.assert_allclose(heard[offset : offset + len(expected)], expected, atol=0.001)
        assert not heard[:offset].any()
        assert not heard[offset + len(expected) :].any()

    assert_in_room(check, room, tmp_path / "room.wav", "say", str(clips["q_megabytes_in_a_bit"].path))


def test_a_stopped_playback_is_silent_soon_and_without_a_click(room: Room, tmp_path: Path) -> None:
    frequency, level = 400, 0.5
    tone = level * np.sin(2 * np.pi * frequency * np.arange(10 * LISTENING_RATE) / LISTENING_RATE)
    write_wav(tmp_path / "tone.wav", tone.astype(np.float32), LISTENING_RATE)
    steepest = 2 * np.pi * frequency / RATE * level

    def check(report: dict[str, Any], heard: Samples) -> None:
        [(start, end)] = sounds(heard)
        assert end - start == pytest.approx(report["played"] / LISTENING_RATE, abs=0.02)
        after_stop_s = (report["played"] - report["at_stop"]) / LISTENING_RATE
        assert 0 < after_stop_s <= FADE_S + 0.001
        assert np.abs(np.diff(heard)).max() < steepest * 1.25

    assert_in_room(check, room, tmp_path / "room.wav", "interrupt", str(tmp_path / "tone.wav"), "1.0")


def test_half_the_volume_is_12_db_less_and_comes_without_a_click(room: Room, tmp_path: Path) -> None:
    frequency, level = 400, 0.5
    tone = level * np.sin(2 * np.pi * frequency * np.arange(3 * LISTENING_RATE) / LISTENING_RATE)
    write_wav(tmp_path / "tone.wav", tone.astype(np.float32), LISTENING_RATE)
    steepest = 2 * np.pi * frequency / RATE * level

    def check(report: dict[str, Any], heard: Samples) -> None:
        [(start, end)] = sounds(heard)
        assert end - start == pytest.approx(3.0, abs=0.02)
        assert report == {"played": len(tone), "volume": 0.5}
        before, after = (heard[round(at * RATE) :][: RATE // 2] for at in (start + 0.1, end - 0.6))
        assert np.abs(before).max() == pytest.approx(level, rel=0.01)
        assert np.abs(after).max() == pytest.approx(level / 4, rel=0.01)
        assert np.abs(np.diff(heard[: round((end - 0.1) * RATE)])).max() < steepest * 1.25

    assert_in_room(check, room, tmp_path / "room.wav", "turn_down", str(tmp_path / "tone.wav"), "1.0", "0.5")


@pytest.mark.realtime
def test_a_loudspeaker_that_takes_nothing_any_more_is_an_error(tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", np.full(30 * LISTENING_RATE, 0.1, np.float32), LISTENING_RATE)
    with (
        open_room() as room,
        room.recording(tmp_path / "room.wav"),
        subprocess.Popen(
            [sys.executable, "-m", "tests.audio.in_room", "say", str(tmp_path / "long.wav")],
            env=room.environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        room.until_heard(tmp_path / "room.wav")
        room.unplug("speaker")
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "error: device.failed: loudspeaker 'default' takes nothing" in errors


class ScriptedDevice:
    """Requests samples when `ask` is called, and reports underruns."""

    runs = True

    def __init__(self, device: Device, rate: int, fill: OutputCallback) -> None:
        self._fill = fill
        self._out = np.zeros(rate // 100, np.float32)

    def ask(self, *, underrun: bool) -> None:
        self._fill(self._out, 0.0, underrun)

    def close(self) -> None:
        pass


@pytest.mark.anyio
async def test_an_underrun_counts_in_the_middle_of_a_sound_only(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[ScriptedDevice] = []

    def open_output(device: Device, rate: int, fill: OutputCallback) -> ScriptedDevice:
        opened.append(ScriptedDevice(device, rate, fill))
        return opened[-1]

    speaker = Device(0, "speaker", "ALSA", 0, 2, RATE, is_default_input=False, is_default_output=True)
    monkeypatch.setattr(module, "find_device", lambda name, direction: speaker)
    monkeypatch.setattr(module, "best_rate", lambda device, direction: RATE)
    monkeypatch.setattr(module, "open_output", open_output)
    with Loudspeaker("speaker") as loudspeaker:
        [device] = opened
        device.ask(underrun=True)
        playback = loudspeaker.play(RATE)
        await playback.write(np.full(RATE // 50, 0.1, np.float32))
        device.ask(underrun=True)
        assert loudspeaker.underruns == 0
        device.ask(underrun=True)
        assert loudspeaker.underruns == 1
        device.ask(underrun=False)
        device.ask(underrun=True)
        assert loudspeaker.underruns == 1
        await playback.write(np.full(RATE // 50, 0.1, np.float32))
        device.ask(underrun=False)
        loudspeaker.close()
        loudspeaker.open()
        opened[-1].ask(underrun=True)
        assert loudspeaker.underruns == 1
