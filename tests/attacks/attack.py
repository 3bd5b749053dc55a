"""What an attack is, how it is carried out, and the row of the table that comes of it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from tests.attacks.arena import Arena

MAX_STALL_MS = 1000.0
"""Longest wait for `status` during an attack, on two cores that recognise speech and carry out the attack meanwhile.

Without an attack it is 10 to 40 ms while a spoken question is answered.
"""

MAX_GROWTH_MB = 400.0
"""Most memory that an attack may take for a while, in the daemon and its children."""

SETTLING_S = 10.0
"""Time in which what an attack has opened is closed: a client that hangs up in the middle is let go once the recogniser
has finished with what it is at, a window of 28 s at most. On two busy cores 3 s were too short."""

CarryOut = Callable[[Arena], str]
"""Attacks, and returns what happened in a few words. Raises `AssertionError` if anything else did than should."""


@dataclass(frozen=True)
class Attack:
    """Something that a stranger, a program gone wrong or a bad disk does to the assistant."""

    name: str
    carry_out: CarryOut
    alone: bool
    """Whether a question can only be asked after it, because it makes sounds, cuts off answers or takes the daemon
    away."""
    slow: bool
    """Whether it takes more than a few seconds: for the desk, not for every check."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attack."""

    attack: str
    happened: str
    stall_ms: float
    """The longest that a client waited for the answer to `status`."""
    memory_mb: float
    """Growth of the daemon's peak memory, its children included."""
    late_blocks: int
    """Blocks of audio that voice activity got late, in the questions asked meanwhile."""
    answered_after_ms: float | None
    """Voice-to-voice of the question that was asked during the attack, or after it; None if none was asked."""


EVERY: list[Attack] = []
"""In the order in which they are carried out."""


def attack(name: str, *, alone: bool = False, slow: bool = False) -> Callable[[CarryOut], CarryOut]:
    """Add the decorated function to `EVERY`; the other parameters as in `Attack`."""

    def add(carry_out: CarryOut) -> CarryOut:
        EVERY.append(Attack(name, carry_out, alone, slow))
        return carry_out

    return add


def carry_out(attack: Attack, arena: Arena, *, asking: bool) -> Row:
    """Attack, and ask a spoken question meanwhile if `asking`.

    Raises `AssertionError` when the assistant ended, stood still, kept what it had opened, or did not answer.
    """
    arena.begin_watch()
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(arena.ask_aloud) if asking and not attack.alone else None
        happened = attack.carry_out(arena)
        answered_after_ms = asked.result() if asked is not None else None
    if asking and attack.alone:
        answered_after_ms = arena.ask_aloud()
    seen = arena.end_watch()
    row = Row(
        attack=attack.name,
        happened=happened,
        stall_ms=seen.stall_ms,
        memory_mb=seen.memory_mb,
        late_blocks=seen.late_blocks,
        answered_after_ms=answered_after_ms,
    )
    assert row.stall_ms <= MAX_STALL_MS, f"it stood still for {row.stall_ms:.0f} ms"
    assert row.memory_mb <= MAX_GROWTH_MB, f"it took {row.memory_mb:.0f} MB"
    deadline = time.monotonic() + SETTLING_S
    while arena.open_files() > seen.files_before:
        assert time.monotonic() < deadline, f"{arena.open_files() - seen.files_before} files were left open"
        time.sleep(0.05)
    return row
