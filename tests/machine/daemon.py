"""The assistant as a service of a machine: what systemd, its journal, its socket and the room know of it."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.client import Client
from tests.conftest import SPEECH
from tests.machine.image import Image
from tests.machine.journal import Journal
from tests.machine.machine import PATIENCE_S, Machine, booted, wait_until
from tests.machine.sound import MachineRoom
from tests.room import Sides, listen, sounds

UNIT = "assistant.service"
PROGRAM = "/opt/assistant/bin/assistant"
SOCKET = "/run/assistant/assistant.sock"
CONFIG = "/etc/assistant/config.yaml"
STATE = "/var/lib/assistant/state.db"
MODELS = "/var/lib/assistant/models"

DROP_IN = f"/run/systemd/system/{UNIT}.d/fault.conf"

NAMED = """\
audio: {input: mic, output: speaker}
wake: none
llm: {max_reply_tokens: 16}
"""
"""A configuration that names its devices, as whoever has more than one does, and answers everything that is said, in
few words, so that the tests are not long."""

_IN_SANDBOX = """
[Service]
Type=oneshot
WatchdogSec=0
ExecStart=
ExecStart=/opt/assistant/bin/python /run/in-sandbox.py
"""

QUESTION = SPEECH / "clips" / "q_what_time_is_it_r3.wav"
LONG_ANSWER = SPEECH / "clips" / "q_grapefruit_in_french.wav"


@dataclass(frozen=True)
class Memory:
    """What outlives the process."""

    exchanges: tuple[tuple[str, str], ...]
    """What was said and answered."""
    volume: float
    muted: bool


@dataclass(frozen=True)
class Facts:
    """What systemd knows of the service."""

    active: str
    sub: str
    result: str
    status: str
    """What the daemon says of itself."""
    pid: int
    """Of its process, in the machine; 0 when there is none."""
    restarts: int
    exit_status: int


class Daemon:
    """The assistant on `machine`, in `room`."""

    def __init__(self, machine: Machine, room: MachineRoom, journal: Journal) -> None:
        self.machine = machine
        self.room = room
        self.journal = journal

    @property
    def facts(self) -> Facts:
        names = ("ActiveState", "SubState", "Result", "StatusText", "MainPID", "NRestarts", "ExecMainStatus")
        shown = self.machine.run("systemctl", "show", f"--property={','.join(names)}", UNIT)
        found = dict(line.split("=", 1) for line in shown.splitlines())
        active, sub, result, status, pid, restarts, exit_status = (found[name] for name in names)
        return Facts(active, sub, result, status, int(pid), int(restarts), int(exit_status))

    @property
    def pid(self) -> int:
        """Of its process, as the host sees it."""
        inside = str(self.facts.pid)
        return next(pid for pid in self.machine.processes() if _number_inside(pid) == inside)

    @property
    def memory(self) -> Memory:
        status = self.call("status")
        exchanges = self.call("history.get")["exchanges"]
        return Memory(tuple((one["said"], one["heard"]) for one in exchanges), status["volume"], status["muted"])

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """A method of its socket. Raises `AssistantError` as the daemon says."""
        with Client(self.machine.path(SOCKET)) as client:
            found: dict[str, Any] = client.call(method, **params)
            return found

    def command(self, *arguments: str, user: str = "root") -> str:
        """What a command of the program prints."""
        return self.machine.run(PROGRAM, *arguments, user=user)

    def systemctl(self, verb: str, *options: str) -> None:
        try:
            self.machine.run("systemctl", verb, *options, UNIT)
        except subprocess.TimeoutExpired as error:
            said = self.machine.run("journalctl", f"--unit={UNIT}", "--lines=30", "--no-pager")
            raise AssertionError(f"systemctl {verb} does not come back; the journal: {said}") from error

    def configure(self, text: str) -> None:
        """Write its configuration, which it reads at the next start or reload."""
        self.machine.write(CONFIG, text)

    @contextmanager
    def drop_in(self, text: str) -> Iterator[None]:
        """Change its unit from the next start on, as long as the context lasts."""
        self.machine.write(DROP_IN, text)
        self.machine.run("systemctl", "daemon-reload")
        try:
            yield
        finally:
            self.machine.path(DROP_IN).unlink()
            self.machine.run("systemctl", "daemon-reload")

    def be_ready(self) -> None:
        """Start it anew unless it is well."""
        facts = self.facts
        if (facts.active, facts.status) != ("active", "listening"):
            self.start_anew()

    def start_anew(self) -> float:
        """Restart it on purpose, forgetting earlier failures; the instant from which on it listens."""
        began = time.monotonic()
        self.machine.run("systemctl", "reset-failed", UNIT)
        self.systemctl("restart")
        return self.until_listening(after=began)

    def until_listening(self, *, after: float, within_s: float = PATIENCE_S) -> float:
        """The instant, after `after`, at which it was ready for somebody to speak."""
        return self.journal.event("listening", after=after, within_s=within_s).at_s

    def until_status(self, part: str, *, within_s: float = PATIENCE_S) -> str:
        """The status text once `part` is in it."""
        seen: list[str] = []

        def says_so() -> bool:
            seen.append(self.facts.status)
            return part in seen[-1]

        wait_until(says_so, f"its status does not say {part!r}", within_s=within_s)
        return seen[-1]

    def until_active(self, state: str, *, within_s: float = PATIENCE_S) -> Facts:
        """The facts once it is in `state`."""
        wait_until(lambda: self.facts.active == state, f"it does not become {state}", within_s=within_s)
        return self.facts

    def in_sandbox(self, program: str) -> str:
        """What a Python program prints that runs in place of the assistant, in its sandbox."""
        self.machine.write("/run/in-sandbox.py", program)
        with self.drop_in(_IN_SANDBOX):
            began = time.monotonic()
            self.systemctl("restart")
            self.journal.until(lambda entry: entry.message.startswith("Finished"), "end of the program", after=began)
            printed = [
                entry.message for entry in self.journal.since(began) if entry.fields.get("_TRANSPORT") == "stdout"
            ]
        return "\n".join(printed)

    def answers_aloud(self) -> float:
        """Ask it a question by voice. The seconds from the end of the question to the answer in the room.

        Raises `AssertionError` when no answer is heard, or before the question has ended.
        """
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "room.wav"
            with self.room.recording(recording):
                asked = time.monotonic()
                self.room.speak(QUESTION)
                turn = self.journal.event("turn_finished", after=asked)
            sides = listen(recording)
        assert turn.fields["ASSISTANT_ERROR"] == "None", turn.message
        return gap_s(sides)


def gap_s(sides: Sides) -> float:
    """Seconds between the question and its answer. Raises `AssertionError` when one of them is not there."""
    questions, answers = sounds(sides.user, pause_s=1.0), sounds(sides.answer)
    assert questions, "nothing was said to the microphone"
    began, ended = questions[0][0], questions[-1][1]
    assert not any(began < start < ended for start, _ in answers), "the answer began before the question had ended"
    after = [start for start, _ in answers if start > ended]
    assert after, "nothing came out of the loudspeaker after the question"
    return after[0] - ended


@contextmanager
def installed(image: Image, config: str | None = NAMED) -> Iterator[Daemon]:
    """A machine with the assistant installed by its own command, and listening.

    `config` is there before it; None: the one that the command writes.
    """
    with booted(image) as machine:
        room = MachineRoom(machine)
        room.start()
        with Journal(machine, UNIT) as journal:
            daemon = Daemon(machine, room, journal)
            if config is not None:
                daemon.configure(config)
            done = machine.attempt(PROGRAM, "service", "install", "--offline")
            assert done.returncode == 0, f"not installed: {done.stdout}{done.stderr}\n{journal.text()}"
            yield daemon


def _number_inside(pid: int) -> str | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next(line.split()[-1] for line in lines if line.startswith("NSpid:"))
