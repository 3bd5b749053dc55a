"""Log to standard error as text or JSON, or to the journal. Transcripts appear at level debug only."""

import json
import logging
import sys
import time
from typing import Any

import msgspec

from assistant.config.schema import Log
from assistant.events import DeviceLost, Error, Event, Level, PartialTranscript
from assistant.telemetry.journal import JournalHandler, fields_of, is_connected, plain
from assistant.telemetry.printable import printable
from assistant.telemetry.rates import Rates

SPOKEN_FIELDS = frozenset({"text", "stable", "tentative", "transcript", "reply", "spoken", "heard"})
"""Event fields that contain words of the user or of the answer."""

LINE_END = "\n"

events = logging.getLogger("assistant.events")


class TextFormat(logging.Formatter):
    """Formats records as `12:00:00 info assistant.daemon: message key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {key}={plain(value)}" for key, value in fields_of(record).items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = printable(f"{clock} {record.levelname.lower()} {record.name}: {record.getMessage()}{fields}")
        if not record.exc_info:
            return line
        return f"{line}\n{printable(self.formatException(record.exc_info), keep=LINE_END)}"


class JsonFormat(logging.Formatter):
    """Formats records as one JSON object a line.

    It has `time` (ISO 8601, UTC) and `level`, then `logger` and `message`, or `event` and its fields.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line: dict[str, Any] = {"time": moment, "level": record.levelname.lower()}
        if fields := fields_of(record):
            line |= {"event": record.getMessage(), **fields}
        else:
            line |= {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return printable(json.dumps(line, ensure_ascii=False))


def configure(settings: Log) -> None:
    """Configure the log of the whole process as `settings` say."""
    root = logging.getLogger()
    for before in root.handlers:
        before.flush()
    root.handlers[:] = [Rates(_handler(settings.format))]
    root.setLevel(logging.WARNING)
    logging.getLogger("assistant").setLevel(settings.level.upper())


def _handler(form: str) -> logging.Handler:
    if form == "journal" or (form == "auto" and is_connected(sys.stderr.fileno())):
        return JournalHandler()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormat() if form == "json" else TextFormat())
    return handler


def log_event(event: Event) -> None:
    """Log `event`: errors as errors, lost devices as warnings, partial transcripts at debug, the rest at info.

    Audio levels are not logged.
    """
    if isinstance(event, Level):
        return
    level = logging.INFO
    if isinstance(event, Error):
        level = logging.ERROR
    elif isinstance(event, DeviceLost):
        level = logging.WARNING
    elif isinstance(event, PartialTranscript):
        level = logging.DEBUG
    if not events.isEnabledFor(level):
        return
    fields = msgspec.to_builtins(event)
    name = fields.pop("event")
    if not event.room:
        del fields["room"]
    if not events.isEnabledFor(logging.DEBUG):
        fields = {key: value for key, value in fields.items() if key not in SPOKEN_FIELDS}
    events.log(level, name, extra={"fields": fields})
