"""A line that comes again and again is counted, and nothing else is lost."""

import logging
import threading
from dataclasses import dataclass, field

import pytest

from assistant.telemetry.rates import MAX_A_MINUTE, MAX_KINDS, MINUTE_S, Rates


class Lines(logging.Handler):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(record.getMessage())


@dataclass
class Log:
    """A logger with rates, on a clock of its own."""

    now: float = 0.0
    handler: Lines = field(default_factory=Lines)

    def __post_init__(self) -> None:
        self.rates = Rates(self.handler, lambda: self.now)

    def write(
        self,
        message: str,
        *arguments: object,
        level: int = logging.INFO,
        name: str = "assistant",
        fields: dict[str, str] | None = None,
    ) -> None:
        record = logging.LogRecord(name, level, "", 0, message, arguments, None)
        if fields is not None:
            record.fields = fields
        self.rates.handle(record)

    def taken(self) -> list[str]:
        taken, self.handler.written = self.handler.written, []
        return taken


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_flood_is_counted_and_said_with_the_first_line_after_its_minute(log: Log) -> None:
    for number in range(1000):
        log.write("refused %d", number)
    assert log.taken() == [f"refused {number}" for number in range(MAX_A_MINUTE)]
    log.now = MINUTE_S
    log.write("something else")
    assert log.taken() == ["880 more like this were left out: refused %d", "something else"]
    log.write("refused %d", 1000)
    assert log.taken() == ["refused 1000"]


def test_other_lines_go_on_meanwhile(log: Log) -> None:
    for _ in range(1000):
        log.write("refused")
    log.taken()
    log.write("ready")
    log.write("refused", level=logging.ERROR)
    log.write("refused", name="assistant.other")
    assert log.taken() == ["ready", "refused", "refused"]


def test_errors_of_other_codes_and_rooms_are_other_lines(log: Log) -> None:
    for code in ["asr.failed", "llm.failed"]:
        for room in ["kitchen", "hall"]:
            for _ in range(MAX_A_MINUTE + 1):
                log.write("error", fields={"code": code, "room": room})
    assert len(log.taken()) == 4 * MAX_A_MINUTE


def test_threads_may_write_at_once(log: Log) -> None:
    def write() -> None:
        for number in range(500):
            log.write(f"{threading.get_ident()} {number % 100}")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.taken()) == 4000


def test_what_is_for_debugging_is_all_written(log: Log) -> None:
    for _ in range(1000):
        log.write("partial", level=logging.DEBUG)
    assert len(log.taken()) == 1000


def test_at_the_end_it_says_what_was_left_out_so_far(log: Log) -> None:
    for _ in range(MAX_A_MINUTE + 3):
        log.write("refused")
    log.taken()
    log.rates.flush()
    assert log.taken() == ["3 more like this were left out: refused"]
    log.rates.flush()
    assert log.taken() == []


def test_a_slow_trickle_loses_nothing(log: Log) -> None:
    for number in range(1000):
        log.now = number * MINUTE_S / MAX_A_MINUTE
        log.write("turn %d", number)
    assert log.taken() == [f"turn {number}" for number in range(1000)]


def test_many_kinds_take_no_memory_without_end(log: Log) -> None:
    for _ in range(MAX_A_MINUTE + 5):
        log.write("flood")
    log.taken()
    for number in range(3 * MAX_KINDS):
        log.write(f"{number}")
    assert len(log.rates._minutes) == MAX_KINDS
    lines = log.taken()
    assert len(lines) == 3 * MAX_KINDS + 1
    assert "5 more like this were left out: flood" in lines
