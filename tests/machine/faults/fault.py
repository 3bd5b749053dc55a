"""A fault, and what is demanded of the assistant after each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.machine.daemon import UNIT, Daemon, Memory

VOLUME = 0.8
"""Not the default, so that losing it is noticed."""

SOMETHING_SAID = "What is the capital of France?"


@dataclass(frozen=True)
class Outcome:
    """What a fault came to."""

    happened: str
    recovered_s: float | None
    """Seconds until it listened again: from the fault on, or from when its cause was removed; None where it never
    ceased to, or was meant to end."""
    lost: str = "nothing"


@dataclass(frozen=True)
class Fault:
    """`do` makes it happen and removes its cause. It raises `AssertionError` when the assistant does anything else than
    it should, `TimeoutError` or `AssertionError` when it does nothing.
    """

    name: str
    do: Callable[[Daemon], Outcome]
    forgets: bool = False
    """What was said before is lost with it, as it was kept in what has been destroyed."""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    fault: str
    happened: str
    recovered_s: float | None
    lost: str
    answered_after_s: float
    """Voice-to-voice of the question that was asked afterwards."""


def carry_out(fault: Fault, daemon: Daemon) -> Row:
    """Have `fault` happen to a healthy assistant, which has to be healthy afterwards: it answers aloud, and everything
    that it had acknowledged before is still so. Raises as `Fault.do`.
    """
    before = _prepare(daemon)
    outcome = fault.do(daemon)
    answered_after_s = daemon.answers_aloud()
    if not fault.forgets:
        _check_memory(before, daemon.memory)
    return Row(fault.name, outcome.happened, outcome.recovered_s, outcome.lost, answered_after_s)


def _prepare(daemon: Daemon) -> Memory:
    """A conversation, and a volume that somebody has set."""
    daemon.machine.run("systemctl", "reset-failed", UNIT)
    daemon.call("volume", level=VOLUME)
    daemon.call("history.clear")
    daemon.call("ask", text=SOMETHING_SAID)
    return daemon.memory


def _check_memory(before: Memory, after: Memory) -> None:
    assert (after.volume, after.muted) == (before.volume, before.muted), f"{before} became {after}"
    assert set(before.exchanges) <= set(after.exchanges), f"forgotten: {set(before.exchanges) - set(after.exchanges)}"


def since(instant: float) -> float:
    return time.monotonic() - instant
