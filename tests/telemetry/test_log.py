"""The log contains what happened but not what was said."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

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


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_logged_cannot_forge_a_line_nor_control_a_terminal(
    form: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(Log(level="debug", format=form))
    hostile = "x\n12:00:00 error assistant: forged \x1b[2J\x9b31m\u202e\u2028\udcff"
    logging.getLogger("assistant.test").warning("said %s", hostile)
    log.log_event(FinalTranscript(turn=1, text=hostile, language="en"))
    log.log_event(Error(room=hostile, code="llm.failed", message=hostile))
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 3
    assert not set("\x1b\x9b\u202e\u2028\udcff") & set(written)


def test_a_traceback_keeps_its_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(format="text"))
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        logging.getLogger("assistant.test").exception("a defect")
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == r"ValueError: \u001b[2J"
    assert len(lines) > 3
