"""Requests and what is expected of their answers, as a YAML file has them."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from assistant.errors import AssistantError, Code


class TimerCheck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A timer, alarm or reminder that there has to be."""

    seconds: float
    """Until it is due."""
    tolerance: float = 2.0
    name: str | None = None
    """In its name, or in what it reminds of; in any case."""


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to hold after an answer; all of it."""

    reply_matches: str | None = None
    """A regular expression, found in the reply, in any case."""
    reply_not: str | None = None
    timer: TimerCheck | None = None
    timers: int | None = None
    """Timers, alarms and reminders together."""
    volume: float | None = None
    """0 to 100."""
    list_has: tuple[str, str] | None = None
    """A list, and an item on it."""
    home: Mapping[str, str] | None = None
    """`entity` and its `state`."""
    none: bool = False
    """Nothing changed, and no skill answered."""


class Turn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request."""

    say: str
    expect: Expect = Expect()


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request, or several in one conversation. Each begins with an empty store and the volume at 50."""

    id: str
    category: str = ""
    say: str | None = None
    expect: Expect = Expect()
    turns: tuple[Turn, ...] = ()
    lang: str | None = None
    """ISO 639-1 code; else the name of the file."""
    at: str | None = None
    """Local time of the request."""
    city: str | None = None
    needs: str | None = None
    """What there has to be for it: home."""

    @property
    def all_turns(self) -> tuple[Turn, ...]:
        """Its requests in order."""
        return self.turns or (Turn(say=self.say or "", expect=self.expect),)

    @property
    def moment(self) -> datetime | None:
        """`at`, without a time zone."""
        return datetime.fromisoformat(self.at) if self.at else None


def read_requests(folder: Path) -> Iterator[tuple[str, Entry]]:
    """Yield each entry of the YAML files in `folder`, with its language.

    Raises `AssistantError` (`requests.invalid`).
    """
    paths = sorted(folder.rglob("*.yaml")) if folder.is_dir() else [folder]
    if not paths:
        raise AssistantError(Code.REQUESTS_INVALID, f"{folder}: no YAML file of requests in it")
    for path in paths:
        try:
            entries = msgspec.yaml.decode(path.read_bytes(), type=list[Entry], strict=False)
            for entry in entries:
                _check(entry)
                yield entry.lang or path.stem, entry
        except (OSError, msgspec.MsgspecError, ValueError, re.error) as error:
            raise AssistantError(Code.REQUESTS_INVALID, f"{path}: {error}") from error


def _check(entry: Entry) -> None:
    """Raises `ValueError` or `re.error` for what could only fail later."""
    if not entry.say and not entry.turns:
        raise ValueError(f"{entry.id}: neither `say` nor `turns`")
    for turn in entry.all_turns:
        for pattern in (turn.expect.reply_matches, turn.expect.reply_not):
            re.compile(pattern or "")
    _ = entry.moment
