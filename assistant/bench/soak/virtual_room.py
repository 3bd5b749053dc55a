"""A virtual room: a microphone and a loudspeaker without hardware, for a daemon in a process of its own.

A private PulseAudio server has one stereo sink. Its left channel is the user's speech, which the microphone picks up;
its right channel is what the program under test plays on the default output. One recording of the sink thus holds both
sides on one clock, and the time from the end of a question to its answer can be read off the recording, not off a log.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from assistant.errors import AssistantError, Code

RATE = 48_000
"""Sampling rate of the room in Hz."""

STARTUP_TIMEOUT_S = 20.0
"""Time for a sound server or recorder to start on a busy machine."""

TOOLS = ("pulseaudio", "pactl", "paplay", "pacat")


class VirtualRoom:
    """A room whose sound server runs in `home`, a folder with a short path (a socket's path has at most 107 bytes)."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Open a room until the context ends. Raises `AssistantError` (`room.tools_missing`)."""
        _check_tools()
        with tempfile.TemporaryDirectory(prefix="room") as home:
            room = cls(Path(home))
            try:
                room.start()
                yield room
            finally:
                room.stop()

    @property
    def home(self) -> Path:
        """Folder of the room, and runtime folder of the programs in it; removed with the room."""
        return self._home

    @property
    def environment(self) -> dict[str, str]:
        """Environment for a program in the room. PortAudio reads it when it is initialised."""
        return os.environ | {
            "XDG_RUNTIME_DIR": str(self._home),
            "XDG_STATE_HOME": str(self._home),
            "PULSE_RUNTIME_PATH": str(self._home / "pulse"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }

    @property
    def _socket(self) -> Path:
        return self._home / "pulse" / "native"

    def start(self) -> None:
        """Start the sound server. Raises `TimeoutError` when it does not answer."""
        (self._home / "pulse").mkdir(exist_ok=True)
        self._socket.unlink(missing_ok=True)  # left by a server that was killed
        script = self._home / "room.pa"
        script.write_text("\n".join(self._layout()))
        self._server = subprocess.Popen(
            ["pulseaudio", "-n", "--exit-idle-time=-1", "--log-level=error", "-F", str(script)],
            env=self.environment,
            start_new_session=True,  # Ctrl-C is for the program, which closes the room when it is done
        )
        wait_until(self._answers, "the sound server does not answer")

    def stop(self) -> None:
        """Stop the sound server."""
        self._server.terminate()
        self._server.wait()

    def speak(self, clip: Path) -> None:
        """Play `clip` (a WAV file) to the microphone; return at its end."""
        self._run(*self.saying(clip))

    def saying(self, clip: Path) -> Sequence[str]:
        """Return the command that plays `clip` to the microphone; run it in `environment`."""
        return ("paplay", "--device=voice", "--latency-msec=100", str(clip))

    def streaming(self, rate: int) -> Sequence[str]:
        """Return the command that plays its standard input (mono, 16 bit, `rate` Hz) to the microphone."""
        return ("pacat", "--device=voice", "--latency-msec=500", f"--rate={rate}", "--channels=1", "--format=s16le")

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


_SINKS = {"voice": "left", "speaker": "right"}


def _one_side(kind: str, name: str, master: str, side: str) -> str:
    return (
        f"module-remap-{kind} {kind}_name={name} master={master} channels=1 channel_map=mono "
        f"master_channel_map=front-{side} remix=no"
    )


def _check_tools() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise AssistantError(
            Code.ROOM_TOOLS_MISSING,
            f"the virtual room needs {', '.join(missing)}: `sudo apt install pulseaudio pulseaudio-utils "
            "libasound2-plugins libportaudio2`",
        )


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Return once `condition` holds. Raises `TimeoutError` with the message `otherwise` after `STARTUP_TIMEOUT_S`."""
    deadline = time.monotonic() + STARTUP_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {STARTUP_TIMEOUT_S:.0f} s")
        time.sleep(0.02)
