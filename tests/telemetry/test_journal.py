"""The journal's protocol, over a real socket."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.config.schema import Log
from assistant.events import DeviceLost, Error, Event, FinalTranscript, SpeechEnded
from assistant.telemetry import log
from assistant.telemetry.journal import JournalHandler, encode_datagram, is_connected
from assistant.telemetry.rates import Rates


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "journal"))
        listening.settimeout(10)
        yield listening


@pytest.fixture
def journal(listener: socket.socket, tmp_path: Path) -> Iterator[logging.Logger]:
    root = logging.getLogger("assistant")
    handler = JournalHandler(str(tmp_path / "journal"))
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield root
    root.removeHandler(handler)
    root.setLevel(before)


def received(listener: socket.socket) -> dict[str, str]:
    lines = listener.recv(65_536).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            SpeechEnded(turn=12, room="kitchen", at_s=1.5),
            {"PRIORITY": "6", "TURN_ID": "12", "ROOM": "kitchen", "ASSISTANT_EVENT": "speech_ended"},
        ),
        (
            Error(turn=3, code="llm.failed", message="broken"),
            {"PRIORITY": "3", "TURN_ID": "3", "ASSISTANT_CODE": "llm.failed", "ASSISTANT_MESSAGE": "broken"},
        ),
        (
            DeviceLost(kind="microphone", name="USB", reason="unplugged"),
            {"PRIORITY": "4", "ASSISTANT_KIND": "microphone", "ASSISTANT_NAME": "USB"},
        ),
    ],
)
def test_events_have_a_priority_and_fields(
    event: Event, expected: dict[str, str], journal: logging.Logger, listener: socket.socket
) -> None:
    log.log_event(event)
    found = received(listener)
    assert expected.items() <= found.items()
    assert found["SYSLOG_IDENTIFIER"] == "assistant"
    assert found["MESSAGE"].startswith(found["ASSISTANT_EVENT"])
    assert ("TURN_ID" in found) == bool(event.turn)
    assert ("ROOM" in found) == ("room=" in found["MESSAGE"]) == bool(event.room)


def test_spoken_words_are_not_in_the_fields(journal: logging.Logger, listener: socket.socket) -> None:
    log.log_event(FinalTranscript(turn=1, text="what time is it", language="en"))
    assert "time is it" not in str(received(listener))


def test_other_records_say_where_they_come_from(journal: logging.Logger, listener: socket.socket) -> None:
    logging.getLogger("assistant.test").warning("watch %s", "out")
    found = received(listener)
    assert (found["MESSAGE"], found["PRIORITY"], found["LOGGER"]) == ("watch out", "4", "assistant.test")
    assert found["CODE_FILE"] == __file__


def test_a_value_of_several_lines_comes_with_its_length() -> None:
    assert encode_datagram({"A": "b", "C": "d\ne"}) == b"A=b\nC\n" + (3).to_bytes(8, "little") + b"d\ne\n"


def test_a_record_too_long_for_a_datagram_is_sent_as_a_file(journal: logging.Logger, listener: socket.socket) -> None:
    logging.getLogger("assistant.test").warning("x" * 2_000_000)
    _, files, _, _ = socket.recv_fds(listener, 10, 1)
    with os.fdopen(files[0], "rb") as file:
        file.seek(0)
        assert file.read().startswith(b"MESSAGE=xxxx")


def test_a_lost_journal_does_not_end_the_program(
    journal: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal").unlink()
    logging.getLogger("assistant.test").warning("hello")
    assert "hello" in capsys.readouterr().err


def test_it_is_used_where_systemd_reads_standard_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "socket").touch()
    monkeypatch.setattr("assistant.telemetry.journal.SOCKET", str(tmp_path / "socket"))
    with (tmp_path / "stream").open("w") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert is_connected(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        before = logging.getLogger().handlers[:]
        try:
            log.configure(Log())
            (rates,) = logging.getLogger().handlers
            assert isinstance(rates, Rates)
            assert isinstance(rates.handler, JournalHandler)
            log.configure(Log(format="text"))
            (rates,) = logging.getLogger().handlers
            assert isinstance(rates, Rates)
            assert not isinstance(rates.handler, JournalHandler)
        finally:
            logging.getLogger().handlers[:] = before
        monkeypatch.setenv("JOURNAL_STREAM", "1:1")
        assert not is_connected(stream.fileno())
