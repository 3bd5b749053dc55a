"""A real daemon in a virtual room, what attackers can reach of it, and what is to be seen of it from outside."""

import ctypes
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from assistant.models import directory
from tests.attacks.line import PATIENCE_S, Line, code
from tests.programs import recording
from tests.room import Room, open_room

START_S = 60.0
"""Time for the models to be loaded on a busy machine."""

QUESTION = "q_what_time_is_it_r3"

NOBODY = 65534

SET_IDS = {"x86_64": (119, 117), "aarch64": (149, 147)}
"""Numbers of the system calls setresgid and setresuid."""

COMMAND = [sys.executable, "-m", "assistant", "run", "--log-format", "json", "--config"]


@dataclass(frozen=True)
class Seen:
    """What an attack did to the daemon."""

    stall_ms: float
    memory_mb: float
    late_blocks: int
    files_before: int


class Arena:
    """A daemon that can be started anew, with other files or limits."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.home = room.home
        self.wyoming_port, self.metrics_port = _free_port(), _free_port()
        self.state = self.home / "state"
        self.state.mkdir()
        self.config = self.home / "config.yaml"
        self.socket = self.home / "assistant" / "assistant.sock"
        self.log = self.home / "daemon.log"
        self.settings: dict[str, Any] = {
            "wake": "none",
            "llm": {"max_reply_tokens": 16},
            "ipc": {"read": ["nobody"]},
            "wyoming": {"listen": f"tcp://127.0.0.1:{self.wyoming_port}"},
            "metrics": {"http_port": self.metrics_port},
            "log": {"level": "warning"},
        }
        self.home.chmod(0o755)  # other users reach the socket

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Open a room with a daemon in it until the context ends."""
        with open_room() as room:
            arena = cls(room)
            arena.configure()
            arena.start()
            try:
                yield arena
            finally:
                arena.kill()

    def configure(self, **sections: Any) -> None:
        """Write the configuration; `sections` are for this once."""
        self.config.write_text(yaml.safe_dump(self.settings | sections))

    def start(self, *prefix: str) -> None:
        """Start the daemon, by the program `prefix` if any, and wait until it can be asked."""
        self.begin(*prefix)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self.daemon.poll() is None, f"the daemon ended with {self.daemon.returncode}: {self.log_text()}"
            assert time.monotonic() < deadline, f"the daemon does not answer: {self.log_text()}"
            time.sleep(0.05)
        self.socket.parent.chmod(0o755)
        self.socket.chmod(0o666)  # other users reach it, as a service manager may have it
        self._prober = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.prober", str(self.socket)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.begin_watch()

    def begin(self, *prefix: str) -> None:
        """Start the daemon, and do not wait."""
        environment = self.room.environment | {
            "ASSISTANT_MODELS": str(directory.root()),
            "STATE_DIRECTORY": str(self.state),
        }
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "RUNTIME_DIRECTORY", "ASSISTANT_SOCKET"):
            environment.pop(name, None)
        with self.log.open("wb") as log:
            self.daemon = subprocess.Popen([*prefix, *COMMAND, str(self.config)], stderr=log, env=environment)

    def kill(self) -> None:
        """End the daemon at once."""
        if prober := getattr(self, "_prober", None):
            prober.kill()
            prober.communicate()
        self.daemon.kill()
        self.daemon.wait()
        self.socket.unlink(missing_ok=True)

    def stop(self) -> int:
        """End the daemon as a service manager does, and return its exit status."""
        self._prober.kill()
        self._prober.communicate()
        self.daemon.send_signal(signal.SIGTERM)
        return self.daemon.wait(10)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have the daemon stopped for the time of the context, and started again after it."""
        self.stop()
        try:
            yield
        finally:
            if self.daemon.poll() is None:
                self.kill()
            self.configure()
            self.start()

    def log_text(self) -> str:
        """What the daemon has logged since it was started."""
        return self.log.read_text(errors="replace")

    # What attackers can reach

    def line(self, timeout_s: float = PATIENCE_S) -> Line:
        """Connect to the daemon's socket."""
        return Line(self.socket, timeout_s)

    def wyoming(self, timeout_s: float = PATIENCE_S) -> socket.socket:
        """Connect to the Wyoming services."""
        return socket.create_connection(("127.0.0.1", self.wyoming_port), timeout_s)

    def web(self, timeout_s: float = PATIENCE_S) -> socket.socket:
        """Connect to the port of the metrics."""
        return socket.create_connection(("127.0.0.1", self.metrics_port), timeout_s)

    def is_well(self) -> bool:
        """Whether the daemon is there and answers."""
        return self.daemon.poll() is None and self._answers()

    @contextmanager
    def as_nobody(self) -> Iterator[None]:
        """Let this thread be another user until the context ends. Needs root; without, it stays the owner."""
        if os.getuid() != 0:
            yield
            return
        _become(NOBODY)
        try:
            yield
        finally:
            _become(0)

    def call(self, method: str, **params: Any) -> Any:
        """Carry out `method` on a connection of its own, and return its result."""
        with self.line() as line:
            answer = line.call(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def code(self, method: str, **params: Any) -> str:
        """Carry out `method` on a connection of its own, and return the code of its error, or "ok"."""
        with self.line() as line:
            return code(line.call(method, **params))

    # What is to be seen

    def ask_aloud(self) -> float:
        """Ask a question aloud, wait for the end of the answer, and return the voice-to-voice time in milliseconds."""
        while self.call("status")["state"] != "listening":
            time.sleep(0.05)
        with self.line() as line:
            line.call("subscribe", events=["turn_finished"])
            self.room.speak(Path(recording(QUESTION)))
            while (turn := line.event("turn_finished"))["source"] != "speech":
                pass
        assert turn["error"] is None, turn["error"]
        assert turn["heard"], "the question was not answered"
        return float(turn["marks_ms"]["playback"])

    def begin_watch(self) -> None:
        """Watch the daemon from now on."""
        Path(f"/proc/{self.daemon.pid}/clear_refs").write_text("5")  # begins the peak of its memory anew, see proc(5)
        self._peak_before = self._peak_mb()
        self._late_before = self._late_blocks()
        self._files_before = self.open_files()
        self._longest_ms()

    def end_watch(self) -> Seen:
        """Return what was seen since `begin_watch`."""
        return Seen(
            stall_ms=self._longest_ms(),
            memory_mb=max(0.0, self._peak_mb() - self._peak_before),
            late_blocks=self._late_blocks() - self._late_before,
            files_before=self._files_before,
        )

    def open_files(self) -> int:
        """How many files the daemon has open."""
        return sum(1 for _ in Path(f"/proc/{self.daemon.pid}/fd").iterdir())

    def _longest_ms(self) -> float:
        assert self.daemon.poll() is None, f"the daemon ended with {self.daemon.returncode}: {self.log_text()[-2000:]}"
        assert self._prober.stdin is not None
        assert self._prober.stdout is not None
        self._prober.stdin.write("\n")
        self._prober.stdin.flush()
        return float(self._prober.stdout.readline())

    def _peak_mb(self) -> float:
        status = Path(f"/proc/{self.daemon.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024

    def _late_blocks(self) -> int:
        text = self.call("metrics")["text"]
        found = re.search(r"^assistant_late_blocks_total (\S+)$", text, re.MULTILINE)
        return int(float(found[1])) if found else 0

    def _answers(self) -> bool:
        try:
            self.call("status")
        except (OSError, EOFError):
            return False
        return True


def _become(user: int) -> None:
    """Change the effective user and group of this thread alone, as only the bare system calls do (see nptl(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = SET_IDS[platform.machine()]
    for number in numbers if user else reversed(numbers):
        if libc.syscall(number, -1, user, -1) != 0:
            raise OSError(ctypes.get_errno(), "the user cannot be changed")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
