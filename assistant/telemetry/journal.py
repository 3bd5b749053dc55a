"""The log in systemd's journal, through its native protocol: priorities, and fields that `journalctl` can be asked for.

    journalctl -u assistant TURN_ID=12
    journalctl -u assistant -p err -o verbose

The protocol is systemd's documentation "Native Journal Protocol": a datagram of NAME=value lines; a value that holds a
line end follows its name and its length. What is too long for a datagram goes through a sealed file of memory.
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

SOCKET = "/run/systemd/journal/socket"

PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Levels as syslog(3) counts them."""

TOO_LONG = {errno.EMSGSIZE, errno.ENOBUFS}

FIELD_OF = {"turn": "TURN_ID", "code": "ASSISTANT_CODE"}
"""Fields of events that have another name in the journal; the others are called ASSISTANT_ and their own name."""


class Journal(logging.Handler):
    """Sends each record to the journal that listens at `address`."""

    def __init__(self, address: str = SOCKET) -> None:
        super().__init__()
        self._address = address

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(encoded(dict(self._lines(record))))
        except OSError:
            self.handleError(record)  # standard error is the journal's as well

    def _lines(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        fields = fields_of(record)
        message = record.getMessage()
        shown = "".join(f" {key}={plain(value)}" for key, value in fields.items())
        traceback = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
        yield "MESSAGE", f"{message}{shown}{traceback}"
        yield "PRIORITY", str(PRIORITY.get(record.levelno, 6))
        yield "SYSLOG_IDENTIFIER", "assistant"
        yield "LOGGER", record.name
        yield "CODE_FILE", record.pathname
        yield "CODE_LINE", str(record.lineno)
        yield "CODE_FUNC", record.funcName or ""
        if fields:
            yield "ASSISTANT_EVENT", message
        for key, value in fields.items():
            if key != "turn" or value:
                yield FIELD_OF.get(key, f"ASSISTANT_{key.upper()}"), value if isinstance(value, str) else plain(value)

    def _send(self, datagram: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            try:
                connection.sendto(datagram, self._address)
            except OSError as error:
                if error.errno not in TOO_LONG:
                    raise
                self._send_file(datagram, connection)

    def _send_file(self, datagram: bytes, connection: socket.socket) -> None:
        """As a descriptor of sealed memory, the way the journal takes what no datagram holds."""
        file = os.memfd_create("log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.write(file, datagram)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
            connection.sendmsg([b""], rights, 0, self._address)
        finally:
            os.close(file)


def encoded(fields: dict[str, str]) -> bytes:
    """A datagram of the protocol."""
    return b"".join(_line(name.encode(), value.encode("utf-8", "replace")) for name, value in fields.items())


def is_connected(descriptor: int) -> bool:
    """Whether what is written to `descriptor` goes to the journal: `$JOURNAL_STREAM` names it (systemd.exec(5))."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}" and Path(SOCKET).exists()


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of the event that `record` is about; empty for others."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def plain(value: object) -> str:
    """A value of a field, on one line."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, dict, list)) else str(value)


def _line(name: bytes, value: bytes) -> bytes:
    if b"\n" not in value:
        return name + b"=" + value + b"\n"
    return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
