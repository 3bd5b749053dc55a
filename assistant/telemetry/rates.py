"""Rates of the log: a line that comes again and again is counted instead, so that nobody can fill a disk with it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_A_MINUTE = 120
"""Lines of one kind in a minute that are written; ten rooms in which people talk without a pause write half as many."""

MINUTE_S = 60.0

MAX_KINDS = 1000
"""Kinds that are counted at a time; of more the oldest is forgotten."""

Kind = tuple[str, int, str]
"""Name of the logger, level, and the message before its arguments are put in: for an event its name."""


@dataclass
class _Minute:
    """What came of one kind since `began`."""

    began: float
    written: int = 0
    left_out: int = 0


class Rates(logging.Filter):
    """Lets the first `MAX_A_MINUTE` lines of each kind and minute through to `handler`.

    Of the rest it says how many there were, with the first line of any kind after that minute, and at `finish`. What is
    below INFO is for whoever looks for a fault, and all of it is written.
    """

    def __init__(self, handler: logging.Handler, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._handler = handler
        self._now = now
        self._minutes: dict[Kind, _Minute] = {}
        self._next_end = 0.0
        """The earliest moment at which a minute ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO or getattr(record, "left_out", False):
            return True
        now = self._now()
        if now >= self._next_end:
            self._end(lambda minute: now - minute.began >= MINUTE_S)
        kind = (record.name, record.levelno, str(record.msg))
        minute = self._minutes.setdefault(kind, _Minute(now))
        if len(self._minutes) > MAX_KINDS:
            del self._minutes[next(iter(self._minutes))]
        if minute.written < MAX_A_MINUTE:
            minute.written += 1
            return True
        minute.left_out += 1
        return False

    def finish(self) -> None:
        """Say what was left out so far."""
        self._end(lambda minute: True)

    def _end(self, is_over: Callable[[_Minute], bool]) -> None:
        """Say what was left out in the minutes that are over, and forget them."""
        over = [kind for kind, minute in self._minutes.items() if is_over(minute)]
        ended = {kind: self._minutes.pop(kind) for kind in over}
        self._next_end = min((minute.began for minute in self._minutes.values()), default=self._now()) + MINUTE_S
        for (name, level, message), minute in ended.items():
            if minute.left_out:
                said = "%d more like this were left out: %s"
                line = logging.LogRecord(name, level, "", 0, said, (minute.left_out, message), None)
                line.left_out = True
                self._handler.handle(line)
