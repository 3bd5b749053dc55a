"""The result of one check."""

from enum import StrEnum

from msgspec import Struct


class FindingState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or as reliably as it could."""
    FAILED = "failed"
    """The assistant cannot work until this is fixed."""


class Finding(Struct, frozen=True):
    """One line of the report."""

    check: str
    """Stable name of the check, for programs to match on; `found` and `advice` may change."""
    state: FindingState
    found: str
    advice: str = ""
    """What to do; empty if there is nothing to do."""


def ok(check: str, found: str) -> Finding:
    return Finding(check, FindingState.OK, found)


def warning(check: str, found: str, advice: str) -> Finding:
    return Finding(check, FindingState.WARNING, found, advice)


def failed(check: str, found: str, advice: str) -> Finding:
    return Finding(check, FindingState.FAILED, found, advice)
