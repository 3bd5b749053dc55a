"""The soak on a real daemon in a real room, ended before its time."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.bench.clips import Clip
from assistant.bench.soak import run as soak
from assistant.bench.soak.report import Report
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code

RESTING = "nobody speaks"


@pytest.fixture(autouse=True)
def _begins_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured of a daemon that has not settled is of no interest here."""
    monkeypatch.setattr(soak, "SETTLED_S", 0.5)


def run(clips: dict[str, Clip], tell: Callable[[str], None], minutes: float = 30.0) -> Report:
    return soak.run(Config(), list(clips.values()), minutes, tell)


def daemon() -> int:
    """The daemon among the processes that this one has started."""
    for task in Path("/proc/self/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"\0run\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    raise AssertionError("there is no daemon")


@pytest.mark.usefixtures("models")
def test_an_interrupted_run_tells_what_it_has_measured(clips: dict[str, Clip]) -> None:
    report = run(clips, lambda doing: os.kill(os.getpid(), signal.SIGINT) if RESTING in doing else None)
    assert report.ended is None
    assert report.turns == 0
    assert list(report.idle) == ["start"]
    assert report.models["asr"] == "whisper-base"
    assert report.samples[0].reading.memory_mb > 300
    assert not any(target.reached for target in report.targets if target.name == "no missed turn")


@pytest.mark.usefixtures("models")
def test_a_daemon_that_ends_in_the_middle_is_part_of_what_was_found(clips: dict[str, Clip]) -> None:
    report = run(clips, lambda doing: os.kill(daemon(), signal.SIGKILL) if RESTING in doing else None)
    assert report.ended is not None
    assert [target.found for target in report.targets if target.name == "it ran to the end"] == [report.ended]


def test_a_daemon_that_cannot_start_says_why(
    clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS", str(tmp_path))
    with pytest.raises(AssistantError) as error:
        run(clips, lambda doing: None)
    assert error.value.code is Code.DAEMON_ENDED
    assert "assistant models pull" in error.value.message
