"""What the answers suite reports."""

from collections.abc import Mapping

import msgspec

from assistant.bench.spread import Spread


class TimerState(msgspec.Struct, frozen=True, kw_only=True):
    """A timer, alarm or reminder after a turn."""

    kind: str
    name: str
    due: str
    """Local time, ISO 8601."""
    seconds_left: float


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the assistant keeps after a turn."""

    timers: tuple[TimerState, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
    memory: Mapping[str, str] = {}
    volume: float = 50
    home: Mapping[str, str] = {}


class TurnResult(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, and whether it was right."""

    id: str
    file: str
    lang: str
    category: str
    say: str
    reply: str
    answered_by: str
    """The responder or skill."""
    ms: float
    """From the question to the whole answer in text."""
    passed: bool
    wrong: str
    """What did not hold; empty where it passed."""
    wrong_effect: bool
    """Something was done that nobody asked for."""
    state: State


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many of some turns passed."""

    passed: int
    of: int


class AnswersReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench answers --json` prints."""

    turns: tuple[TurnResult, ...]
    by_file: Mapping[str, Share]
    by_category: Mapping[str, Share]
    entries: Share
    """Conversations count as one, right if all of their turns are."""
    wrong_effects: int
    skill_ms: Spread
    """Of answers of a skill."""
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]
