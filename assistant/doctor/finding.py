"""What one check has found."""

from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or not for as long as it could."""
    FAILED = "failed"
    """The assistant cannot work like this."""


class Finding(Struct, frozen=True):
    """One line of the report."""

    check: str
    """Stable name of the check; programs match on it, `found` and `advice` may change."""
    state: State
    found: str
    advice: str = ""
    """What to do; empty when there is nothing to do."""


def ok(check: str, found: str) -> Finding:
    return Finding(check, State.OK, found)


def warning(check: str, found: str, advice: str) -> Finding:
    return Finding(check, State.WARNING, found, advice)


def failed(check: str, found: str, advice: str) -> Finding:
    return Finding(check, State.FAILED, found, advice)
