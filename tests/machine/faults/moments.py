"""Moments at which something can happen to the assistant."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.machine.daemon import LONG_ANSWER, Daemon
from tests.machine.faults.fault import VOLUME

ANNOUNCEMENT = "This is an announcement that goes on and on, so that there is something to interrupt."


@dataclass(frozen=True)
class Moment:
    """`reach` is entered when it has come."""

    name: str
    reach: Callable[[Daemon], AbstractContextManager[None]]
    lost: str
    """What is lost if everything ends then."""


@contextmanager
def _acknowledged(daemon: Daemon) -> Iterator[None]:
    daemon.call("volume", level=VOLUME / 2)
    daemon.call("volume", level=VOLUME)
    yield


@contextmanager
def _asking(daemon: Daemon, until: str) -> Iterator[None]:
    """Somebody asks a question by voice, until the event `until`."""
    asked = time.monotonic()
    with _started(["paplay", "--device=voice", str(LONG_ANSWER)], daemon.room.environment):
        daemon.journal.event(until, after=asked)
        yield


@contextmanager
def _hearing(daemon: Daemon) -> Iterator[None]:
    with _asking(daemon, "speech_started"):
        yield


@contextmanager
def _answering(daemon: Daemon) -> Iterator[None]:
    with _asking(daemon, "speech_ended"):
        yield


@contextmanager
def _speaking(daemon: Daemon) -> Iterator[None]:
    with _asking(daemon, "playback_started"):
        yield


@contextmanager
def _loading(daemon: Daemon) -> Iterator[None]:
    daemon.systemctl("restart", "--no-block")
    daemon.until_status("loading")
    yield


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


IDLE = Moment("something was acknowledged", _acknowledged, "nothing")
HEARING = Moment("somebody is speaking", _hearing, "what was being said")
ANSWERING = Moment("the question has ended", _answering, "the question")
SPEAKING = Moment("the answer is being said", _speaking, "the rest of the answer")
LOADING = Moment("models are being loaded", _loading, "nothing")

MOMENTS = (IDLE, HEARING, ANSWERING, SPEAKING, LOADING)
