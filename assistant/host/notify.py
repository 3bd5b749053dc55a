"""Telling the service manager how the daemon is (sd_notify(3)), which says it to whoever asks `systemctl status`."""

import os
import socket
import time
from typing import Protocol

MOST_STATUS = 400
"""Characters of a status; `systemctl status` shows one line."""


class Notifier(Protocol):
    """Somebody who wants to know how the daemon is."""

    def status(self, text: str) -> None:
        """What it is doing, in words."""

    def ready(self) -> None:
        """It hears and answers, for the first time or again after `reloading`."""

    def reloading(self) -> None:
        """It reads its configuration; `ready` follows."""

    def stopping(self) -> None:
        """It ends."""

    def alive(self) -> None:
        """It does its work; not saying so for too long has it restarted."""


class Systemd:
    """systemd, which listens on the datagram socket that `$NOTIFY_SOCKET` names."""

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._told = ""

    def status(self, text: str) -> None:
        line = " ".join(text.split())[:MOST_STATUS]
        if line != self._told:
            self._told = line
            self._send(f"STATUS={line}")

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.setblocking(False)
                connection.sendto(message.encode(), self._address)
        except OSError:
            self._told = ""  # a manager that is being restarted; the next status is sent in any case


class Nobody:
    """Started by hand: nobody wants to know."""

    def status(self, text: str) -> None:
        pass

    def ready(self) -> None:
        pass

    def reloading(self) -> None:
        pass

    def stopping(self) -> None:
        pass

    def alive(self) -> None:
        pass


def notifier() -> Notifier:
    """Whoever `$NOTIFY_SOCKET` names. The variable is taken away: programs that this one starts have nothing to say."""
    address = os.environ.pop("NOTIFY_SOCKET", "")
    return Systemd(address) if address else Nobody()


def watchdog_s() -> float | None:
    """Seconds within which `Notifier.alive` must come again and again (sd_watchdog_enabled(3)); None if it need not."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1e6 or None
