"""An ear for the virtual room, and hands that break its devices."""

import signal
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.audio.pcm import Samples, from_int16
from assistant.bench.soak.virtual_room import RATE, VirtualRoom, wait_until

AUDIBLE = 10 ** (-45 / 20)
"""Level from which a 10 ms block of a recording counts as sound: no noise comes into this room by itself."""


@dataclass(frozen=True)
class Sides:
    """A recording of the room, at `RATE`."""

    user: Samples
    """What was spoken into the microphone."""
    answer: Samples
    """What came out of the loudspeaker."""


class Room(VirtualRoom):
    """The room, with an ear in it."""

    def unplug(self, device: Literal["mic", "speaker"]) -> None:
        """Make the device stand still. If it went away the sound server would move its streams to another."""
        self._suspend(device, "1")

    def plug_in(self, device: Literal["mic", "speaker"]) -> None:
        """Let it go on."""
        self._suspend(device, "0")

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """The sound server answers nobody meanwhile, and is not gone."""
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill the sound server, and start another one."""
        self._server.kill()
        self._server.wait()
        self.start()

    def _suspend(self, device: str, state: str) -> None:
        kind = "source" if device == "mic" else "sink"
        self._run("pactl", f"suspend-{kind}", device, state)

    @contextmanager
    def recording(self, path: Path) -> Iterator[None]:
        """Record both sides into `path`, a WAV file to be read with `listen`."""
        recorder = subprocess.Popen([*_RECORD, *_TO_FILE, str(path)], env=self.environment)
        try:
            wait_until(lambda: path.exists() and path.stat().st_size > 10_000, f"nothing is recorded into {path}")
            yield
        finally:
            recorder.terminate()
            recorder.wait()

    def until_heard(self, path: Path) -> None:
        """Return once `recording` has an answer from the loudspeaker in it."""
        wait_until(lambda: _has_answer(path), "nothing came out of the loudspeaker")


_RECORD = ["parec", "--device=room.monitor", "--channels=2", f"--rate={RATE}", "--format=s16le"]
_TO_FILE = ["--latency-msec=20", "--file-format=wav"]

open_room = Room.opened


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
