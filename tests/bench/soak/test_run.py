"""Soaks of a real daemon in a virtual room that end early."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.bench.clips import Clip
from assistant.bench.soak import run as soak
from assistant.bench.soak.report import SoakReport
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code

IDLE = "idle, listening"


@pytest.fixture(autouse=True)
def _begins_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured of a daemon that has not settled is of no interest here."""
    monkeypatch.setattr(soak, "SETTLING_S", 0.5)


def run(clips: dict[str, Clip], progress: Callable[[str], None], minutes: float = 30.0) -> SoakReport:
    return soak.run_soak(Config(), list(clips.values()), minutes, progress)


def daemon() -> int:
    """Return the process id of the daemon among the children of this process."""
    for task in Path("/proc/self/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"\0run\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    raise AssertionError("there is no daemon")


@pytest.mark.usefixtures("models")
def test_an_interrupted_run_reports_what_was_measured(clips: dict[str, Clip]) -> None:
    report = run(clips, lambda status: os.kill(os.getpid(), signal.SIGINT) if IDLE in status else None)
    assert report.ended is None
    assert report.turns == 0
    assert list(report.idle) == ["start"]
    assert report.models["asr"] == "whisper-base"
    assert report.samples[0].reading.memory_mb > 300
    assert not any(target.reached for target in report.targets if target.name == "no missed turn")


@pytest.mark.usefixtures("models")
def test_a_daemon_that_ends_during_the_run_is_reported(clips: dict[str, Clip]) -> None:
    report = run(clips, lambda status: os.kill(daemon(), signal.SIGKILL) if IDLE in status else None)
    assert report.ended is not None
    assert [target.found for target in report.targets if target.name == "it ran to the end"] == [report.ended]


def test_a_daemon_that_cannot_start_says_why(
    clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS", str(tmp_path))
    with pytest.raises(AssistantError) as error:
        run(clips, lambda status: None)
    assert error.value.code is Code.DAEMON_ENDED
    assert "assistant models pull" in error.value.message
