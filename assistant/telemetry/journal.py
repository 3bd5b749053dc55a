"""Log to systemd's journal in its native protocol, with priorities and fields for `journalctl` to match.

    journalctl -u assistant TURN_ID=12
    journalctl -u assistant ROOM=kitchen
    journalctl -u assistant -p err -o verbose

The protocol is described in systemd's "Native Journal Protocol": a datagram of NAME=value lines; a value that contains
a line feed follows its name and its length. A record too long for a datagram is sent as a sealed memory file.
"""

import array
import errno
import fcntl
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.telemetry.printable import printable

SOCKET = "/run/systemd/journal/socket"

PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Priorities of syslog(3) for each level."""

TOO_LONG_ERRORS = {errno.EMSGSIZE, errno.ENOBUFS}

FIELD_OF = {"turn": "TURN_ID", "room": "ROOM", "code": "ASSISTANT_CODE"}
"""Journal names of event fields; a field not listed here is called ASSISTANT_ plus its own name."""


BELONGING = ("turn", "room")
"""Fields that only some events have a value for; the others come without them."""


class JournalHandler(logging.Handler):
    """Sends each record to the journal socket at `address`."""

    def __init__(self, address: str = SOCKET) -> None:
        super().__init__()
        self._address = address

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(encode_datagram(dict(self._lines(record))))
        except OSError:
            self.handleError(record)  # standard error goes to the journal, too

    def _lines(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        fields = fields_of(record)
        message = record.getMessage()
        shown = "".join(f" {key}={plain(value)}" for key, value in fields.items())
        traceback = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
        yield "MESSAGE", printable(f"{message}{shown}{traceback}", keep="\n\t")
        yield "PRIORITY", str(PRIORITY.get(record.levelno, 6))
        yield "SYSLOG_IDENTIFIER", "assistant"
        yield "LOGGER", record.name
        yield "CODE_FILE", record.pathname
        yield "CODE_LINE", str(record.lineno)
        yield "CODE_FUNC", record.funcName or ""
        if fields:
            yield "ASSISTANT_EVENT", message
        for key, value in fields.items():
            if key not in BELONGING or value:
                yield FIELD_OF.get(key, f"ASSISTANT_{key.upper()}"), value if isinstance(value, str) else plain(value)

    def _send(self, datagram: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            try:
                connection.sendto(datagram, self._address)
            except OSError as error:
                if error.errno not in TOO_LONG_ERRORS:
                    raise
                self._send_file(datagram, connection)

    def _send_file(self, datagram: bytes, connection: socket.socket) -> None:
        """Send a record too long for a datagram as a descriptor of sealed memory."""
        file = os.memfd_create("log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.write(file, datagram)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
            connection.sendmsg([b""], rights, 0, self._address)
        finally:
            os.close(file)


def encode_datagram(fields: dict[str, str]) -> bytes:
    """Encode `fields` as a datagram of the protocol."""
    return b"".join(_line(name.encode(), value.encode("utf-8", "replace")) for name, value in fields.items())


def is_connected(descriptor: int) -> bool:
    """Return whether `descriptor` is connected to the journal: `$JOURNAL_STREAM` names it (systemd.exec(5))."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}" and Path(SOCKET).exists()


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of the event in `record`; empty if it holds none."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def plain(value: object) -> str:
    """Format the value of a field on one line."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, dict, list)) else str(value)


def _line(name: bytes, value: bytes) -> bytes:
    if b"\n" not in value:
        return name + b"=" + value + b"\n"
    return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
