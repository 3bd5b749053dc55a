"""The log contains what happened but not what was said."""

import json
import logging
from collections.abc import Iterator

import pytest

from assistant.config.schema import Log
from assistant.events import Error, FinalTranscript, Listening
from assistant.telemetry import log


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root, package = logging.getLogger(), logging.getLogger("assistant")
    before = root.handlers[:], root.level, package.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    package.setLevel(before[2])


def test_words_are_left_out_above_debug(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(level="info", format="text"))
    log.log_event(FinalTranscript(turn=1, text="my secret", language="en"))
    line = capsys.readouterr().err
    assert "final_transcript" in line
    assert "language" in line
    assert "secret" not in line


def test_words_are_there_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(level="debug", format="text"))
    log.log_event(FinalTranscript(turn=1, text="my secret", language="en"))
    assert "my secret" in capsys.readouterr().err


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(format="json"))
    log.log_event(Listening())
    log.log_event(Error(turn=2, code="llm.failed", message="it\nbroke"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["listening", "error"]
    assert lines[1]["level"] == "error"
    assert lines[1]["message"] == "it\nbroke"


def test_an_event_says_in_which_room_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(format="text"))
    log.log_event(Listening(room="kitchen"))
    log.log_event(Listening())
    first, second = capsys.readouterr().err.splitlines()
    assert 'room="kitchen"' in first
    assert "room" not in second
