"""The process is killed, or told to end, at all moments."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from assistant.audio.pcm import Samples
from assistant.bench.soak.virtual_room import RATE
from tests.machine.daemon import Daemon
from tests.machine.faults.fault import Fault, Outcome
from tests.machine.faults.moments import MOMENTS, SPEAKING, Moment
from tests.machine.machine import wait_until
from tests.room import listen, sounds

ENDING_S = 2.0
"""It may take so long from SIGTERM until it is gone."""

LOUD_S = 0.05
LOUD = 0.08
"""Root mean square of so much sound in the middle of a vowel."""

LAST_S = 0.005
FADED = 0.02
"""Peak of the last moment (`LAST_S`) of an answer that was ended. The voice's peaks are 0.3 to 0.9."""


def killed(daemon: Daemon, moment: Moment) -> Outcome:
    with moment.reach(daemon):
        pid = daemon.pid  # finding it takes time, in which the process may still say that it listens
        at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
    listening = daemon.until_listening(after=at)
    facts = daemon.until_active("active")
    assert facts.restarts == 1, f"{facts}\n{daemon.journal.text(at)}"
    return Outcome("systemd started it again", listening - at, moment.lost)


def told_to_end(daemon: Daemon, moment: Moment) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "room.wav"
        with daemon.room.recording(recording), moment.reach(daemon):
            if moment is SPEAKING:
                wait_until(lambda: _is_loud(recording), "the answer is never loud")
            at = time.monotonic()
            daemon.systemctl("stop")
            took_s = time.monotonic() - at
        answer = listen(recording).answer
    assert (daemon.facts.active, daemon.facts.result) == ("inactive", "success")
    assert took_s < ENDING_S, f"it took {took_s:.2f} s"
    if moment is SPEAKING:
        _check_faded(answer)
    daemon.start_anew()
    return Outcome(f"ended after {took_s:.1f} s" + (", fading" if moment is SPEAKING else ""), None, moment.lost)


def _is_loud(recording: Path) -> bool:
    """In the middle of a word, as far as `recording`, whose header is not finished yet, has come."""
    frames = recording.read_bytes()[1024:]
    answer = np.frombuffer(frames[: len(frames) // 4 * 4], np.int16)[1::2]
    latest = answer[-round(LOUD_S * RATE) :].astype(np.float64) / 2**15
    return bool(len(latest) and np.sqrt(np.mean(latest**2)) > LOUD)


def _check_faded(answer: Samples) -> None:
    """The end of what was said is no click."""
    ((_, end), *_) = reversed(sounds(answer))
    heard = answer[: round((end + 0.1) * RATE)]
    last = int(np.flatnonzero(heard)[-1])
    peak = float(np.abs(heard[last - round(LAST_S * RATE) : last + 1]).max())
    assert peak < FADED, f"it was cut off at {peak:.2f} of full scale"


def _faults() -> Iterator[Fault]:
    for moment in MOMENTS:
        yield Fault(f"kill -9 when {moment.name}", partial(killed, moment=moment))
    for moment in MOMENTS:
        yield Fault(f"SIGTERM (systemctl stop) when {moment.name}", partial(told_to_end, moment=moment))


FAULTS = tuple(_faults())
