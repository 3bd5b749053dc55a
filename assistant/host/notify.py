"""Notifying the service manager of the daemon's state (sd_notify(3)), which `systemctl status` shows."""

import os
import socket
import time
from typing import Protocol

MAX_STATUS = 400
"""Characters of a status; `systemctl status` shows one line."""


class Notifier(Protocol):
    """A service manager that supervises the daemon."""

    def status(self, text: str) -> None:
        """Report what the daemon is doing, in words."""

    def ready(self) -> None:
        """Report that it listens and answers, for the first time or again after `reloading`."""

    def reloading(self) -> None:
        """Report that it reads its configuration; `ready` follows."""

    def stopping(self) -> None:
        """Report that it is ending."""

    def alive(self) -> None:
        """Report that it works; if this is missing for too long, the daemon is restarted."""


class Systemd:
    """systemd, which listens on the datagram socket named by `$NOTIFY_SOCKET`."""

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._last_status = ""

    def status(self, text: str) -> None:
        line = " ".join(text.split())[:MAX_STATUS]
        if line != self._last_status:
            self._last_status = line
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
            self._last_status = ""  # the manager is being restarted; the next status is sent even if it is the same


class NullNotifier:
    """No service manager: the daemon was started by hand."""

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
    """Find the service manager named by `$NOTIFY_SOCKET`, and unset that: child processes must not notify it."""
    address = os.environ.pop("NOTIFY_SOCKET", "")
    return Systemd(address) if address else NullNotifier()


def watchdog_s() -> float | None:
    """Return the longest interval of `Notifier.alive` in seconds (sd_watchdog_enabled(3)); None if it is not needed."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1e6 or None
