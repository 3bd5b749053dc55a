"""What the journal of a machine says about a service, as it is written."""

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from tests.machine.machine import PATIENCE_S, Machine

BLOCK = 65_536


@dataclass(frozen=True)
class Entry:
    """One entry."""

    at_s: float
    """When it was written, on the clock of `time.monotonic`, which host and machine share."""
    fields: dict[str, str]

    @property
    def message(self) -> str:
        return self.fields.get("MESSAGE", "")

    @property
    def event(self) -> str | None:
        """The daemon's event that it tells about; None for other messages."""
        return self.fields.get("ASSISTANT_EVENT")

    @property
    def code(self) -> str | None:
        """Of the error that it tells about."""
        return self.fields.get("ASSISTANT_CODE")


class Journal:
    """Follows what `unit` and the service manager say about it, from the beginning."""

    def __init__(self, machine: Machine, unit: str) -> None:
        self._follower = subprocess.Popen(
            machine.inside("journalctl", "--follow", "--lines=all", "--output=json", "--all", f"--unit={unit}"),
            stdout=subprocess.PIPE,
        )
        self._rest = b""
        self._entries: list[Entry] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._follower.kill()
        self._follower.communicate()

    def until(
        self, wanted: Callable[[Entry], bool], what: str, *, after: float = 0.0, within_s: float = PATIENCE_S
    ) -> Entry:
        """The first entry that is `wanted` and was written after the instant `after`, now or soon.

        Raises `AssertionError` with what was written instead.
        """
        deadline, seen = time.monotonic() + within_s, 0
        while True:
            for entry in self._entries[seen:]:
                if entry.at_s > after and wanted(entry):
                    return entry
            seen = len(self._entries)
            assert self._read(deadline), f"no {what} in the journal within {within_s:.0f} s:\n{self.text(after)}"

    def event(self, name: str, *, after: float = 0.0, within_s: float = PATIENCE_S) -> Entry:
        """`until` for the daemon's event `name`."""
        return self.until(lambda entry: entry.event == name, f"event {name}", after=after, within_s=within_s)

    def since(self, after: float) -> list[Entry]:
        """What has been written after the instant `after`, up to now."""
        while self._read(time.monotonic()):
            pass
        return [entry for entry in self._entries if entry.at_s > after]

    def text(self, after: float = 0.0) -> str:
        return "\n".join(f"{entry.at_s:.3f} {entry.message}" for entry in self.since(after))

    def _read(self, deadline: float) -> bool:
        """Take what has come, waiting for it until `deadline`; False if nothing has."""
        assert self._follower.stdout is not None
        source = self._follower.stdout.fileno()
        if not select.select([source], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        received = os.read(source, BLOCK)
        assert received, "the machine has gone"
        *lines, self._rest = (self._rest + received).split(b"\n")
        self._entries += map(_parsed, lines)
        return True


def _parsed(line: bytes) -> Entry:
    fields = json.loads(line)
    return Entry(int(fields["__MONOTONIC_TIMESTAMP"]) / 1e6, {key: _text(value) for key, value in fields.items()})


def _text(value: str | list[int] | list[str]) -> str:
    """Fields with control characters come as lists of bytes, those given several times as lists of values."""
    if isinstance(value, str):
        return value
    if value and isinstance(value[0], int):
        return bytes(int(byte) for byte in value).decode(errors="replace")
    return "\n".join(map(str, value))
