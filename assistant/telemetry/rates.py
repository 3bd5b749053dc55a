"""Rates of the log: a line that comes again and again is counted instead, so that nobody can fill a disk with it."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from assistant.telemetry.journal import fields_of

MAX_A_MINUTE = 120
"""Lines of one kind in a minute that are written; ten rooms in which people talk without a pause write half as many."""

MINUTE_S = 60.0

MAX_KINDS = 1000
"""Kinds that are counted at a time; of more the oldest is told of and forgotten."""

Kind = tuple[str, int, str, str, str]
"""Name of the logger, level, the message before its arguments are put in (for an event its name), and of an event its
code and its room."""


@dataclass
class _Minute:
    """What came of one kind since `began`."""

    began: float
    written: int = 0
    left_out: int = 0


class Rates(logging.Handler):
    """Hands the first `MAX_A_MINUTE` lines of each kind and minute to `handler`.

    Of the rest it says how many there were, with the first line of any kind after that minute, and when it is flushed.
    What is below INFO is for whoever looks for a fault, and all of it is written.
    """

    def __init__(self, handler: logging.Handler, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.handler = handler
        self._now = now
        self._minutes: dict[Kind, _Minute] = {}
        self._next_end = 0.0
        """The earliest moment at which a minute ends."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.INFO or self._is_written(record, self._now()):
            self.handler.handle(record)

    def flush(self) -> None:
        """Say what was left out so far."""
        with self.lock or nullcontext():
            self._end(list(self._minutes))
        self.handler.flush()

    def close(self) -> None:
        self.flush()
        self.handler.close()
        super().close()

    def _is_written(self, record: logging.LogRecord, now: float) -> bool:
        if now >= self._next_end:
            self._end([kind for kind, minute in self._minutes.items() if now - minute.began >= MINUTE_S])
        minute = self._minutes.setdefault(_kind(record), _Minute(now))
        if len(self._minutes) > MAX_KINDS:
            self._end([next(iter(self._minutes))])
        if minute.written < MAX_A_MINUTE:
            minute.written += 1
            return True
        minute.left_out += 1
        return False

    def _end(self, over: Sequence[Kind]) -> None:
        """Say what was left out of the kinds that are `over`, and forget them."""
        ended = {kind: self._minutes.pop(kind) for kind in over}
        self._next_end = min((minute.began for minute in self._minutes.values()), default=self._now()) + MINUTE_S
        for (name, level, message, *_), minute in ended.items():
            if minute.left_out:
                said = "%d more like this were left out: %s"
                self.handler.handle(logging.LogRecord(name, level, "", 0, said, (minute.left_out, message), None))


def _kind(record: logging.LogRecord) -> Kind:
    fields = fields_of(record)
    code, room = (str(fields.get(key, "")) for key in ("code", "room"))
    return record.name, record.levelno, str(record.msg), code, room
