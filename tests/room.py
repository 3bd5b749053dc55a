"""A virtual room: a microphone and a loudspeaker without hardware, and an ear for both.

A private PulseAudio has one stereo sink. Its left channel is what the user says (and the microphone hears), its right
channel what the program under test plays on the default output, so one recording of the sink holds both sides on one
clock, and the time from the end of a question to its answer is read off the recording and not off anybody's log.
"""

import os
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.audio.pcm import Samples, from_int16

RATE = 48_000

STARTING_S = 20.0
"""Patience with a sound server or recorder that is starting on a busy machine."""

AUDIBLE = 10 ** (-45 / 20)
"""Level from which a 10 ms block of a recording counts as sound: no noise comes into this room by itself."""


@dataclass(frozen=True)
class Sides:
    """A recording of the room, at `RATE`."""

    user: Samples
    """What was spoken into the microphone."""
    answer: Samples
    """What came out of the loudspeaker."""


class Room:
    """A room whose sound server runs in `home`, a folder with a short path (sockets have short names)."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that lives in the room. It matters when PortAudio is initialised."""
        return os.environ | {
            "XDG_RUNTIME_DIR": str(self._home),
            "PULSE_RUNTIME_PATH": str(self._home / "pulse"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }

    @property
    def _socket(self) -> Path:
        return self._home / "pulse" / "native"

    def start(self) -> None:
        (self._home / "pulse").mkdir()
        script = self._home / "room.pa"
        script.write_text("\n".join(self._layout()))
        self._server = subprocess.Popen(
            ["pulseaudio", "-n", "--exit-idle-time=-1", "--log-level=error", "-F", str(script)], env=self.environment
        )
        _wait_until(self._answers, "the sound server does not answer")

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait()

    def speak(self, clip: Path) -> None:
        """Say `clip` (a WAV file) to the microphone; returns when it has been said."""
        self._run("paplay", "--device=voice", "--latency-msec=100", str(clip))

    def unplug(self, device: Literal["mic", "speaker"]) -> None:
        """Make the device stand still. If it went away the sound server would move its streams to another."""
        kind = "source" if device == "mic" else "sink"
        self._run("pactl", f"suspend-{kind}", device, "1")

    @contextmanager
    def recording(self, path: Path) -> Iterator[None]:
        """Record both sides into `path`, a WAV file to be read with `listen`."""
        recorder = subprocess.Popen([*_RECORD, *_TO_FILE, str(path)], env=self.environment)
        try:
            _wait_until(lambda: path.exists() and path.stat().st_size > 10_000, f"nothing is recorded into {path}")
            yield
        finally:
            recorder.terminate()
            recorder.wait()

    def until_heard(self, path: Path) -> None:
        """Return once `recording` has an answer from the loudspeaker in it."""
        _wait_until(lambda: _has_answer(path), "nothing came out of the loudspeaker")

    def _answers(self) -> bool:
        asked = subprocess.run(["pactl", "info"], env=self.environment, check=False, capture_output=True)
        return asked.returncode == 0

    def _layout(self) -> Sequence[str]:
        return [
            f"load-module module-native-protocol-unix socket={self._socket} auth-anonymous=1",
            f"load-module module-null-sink sink_name=room rate={RATE} channels=2 channel_map=front-left,front-right",
            *(f"load-module {_one_side('sink', name, 'room', side)}" for name, side in _SINKS.items()),
            f"load-module {_one_side('source', 'mic', 'room.monitor', 'left')}",
            "set-default-sink speaker",
            "set-default-source mic",
        ]

    def _run(self, *command: str) -> str:
        return subprocess.run(command, env=self.environment, check=True, text=True, stdout=subprocess.PIPE).stdout


_RECORD = ["parec", "--device=room.monitor", "--channels=2", f"--rate={RATE}", "--format=s16le"]
_TO_FILE = ["--latency-msec=20", "--file-format=wav"]
_SINKS = {"voice": "left", "speaker": "right"}


def _one_side(kind: str, name: str, master: str, side: str) -> str:
    return (
        f"module-remap-{kind} {kind}_name={name} master={master} channels=1 channel_map=mono "
        f"master_channel_map=front-{side} remix=no"
    )


@contextmanager
def open_room() -> Iterator[Room]:
    """A room for as long as the context lasts. Needs Debian's pulseaudio, pulseaudio-utils, libasound2-plugins."""
    with tempfile.TemporaryDirectory(prefix="room") as home:
        room = Room(Path(home))
        try:
            room.start()
            yield room
        finally:
            room.stop()


def listen(path: Path) -> Sides:
    """What `Room.recording` recorded."""
    with wave.open(str(path)) as recording:
        frames = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    sides = from_int16(frames.reshape(-1, 2))
    return Sides(user=sides[:, 0], answer=sides[:, 1])


def sounds(side: Samples, *, pause_s: float = 0.3) -> list[tuple[float, float]]:
    """Start and end, in seconds, of everything audible, to 10 ms; shorter pauses than `pause_s` do not divide it."""
    block = RATE // 100
    levels = np.sqrt((side[: len(side) // block * block].reshape(-1, block) ** 2).mean(axis=1))
    spans: list[tuple[float, float]] = []
    for number in np.flatnonzero(levels > AUDIBLE).tolist():
        start, end = number / 100, (number + 1) / 100
        if spans and start - spans[-1][1] <= pause_s:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _has_answer(path: Path) -> bool:
    """For a recording in progress, whose header is not finished yet."""
    frames = path.read_bytes()[1024:]
    return bool(np.frombuffer(frames[: len(frames) // 4 * 4], np.int16)[1::2].any())


def _wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + STARTING_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {STARTING_S:.0f} s")
        time.sleep(0.02)
