"""Whether an answer is what was expected. Pure."""

import re
from collections.abc import Iterator

from assistant.bench.answers.report import State
from assistant.bench.answers.requests import Expect, TimerCheck

SKILL = "skill"


def failures(expect: Expect, reply: str, kind: str, before: State, after: State) -> Iterator[str]:
    """Yield what of `expect` does not hold. `kind` is that of the provenance."""
    if expect.reply_matches is not None and not re.search(expect.reply_matches, reply, re.IGNORECASE):
        yield f"the reply does not match {expect.reply_matches!r}"
    if expect.reply_not is not None and re.search(expect.reply_not, reply, re.IGNORECASE):
        yield f"the reply matches {expect.reply_not!r}"
    if expect.timer is not None and not any(
        _is(expect.timer, timer.seconds_left, timer.name) for timer in after.timers
    ):
        yield f"no timer of {expect.timer.seconds:g} s" + (f" for {expect.timer.name}" if expect.timer.name else "")
    if expect.timers is not None and len(after.timers) != expect.timers:
        yield f"{len(after.timers)} timers instead of {expect.timers}"
    if expect.volume is not None and abs(after.volume - expect.volume) > 0.5:
        yield f"the volume is {after.volume:g} instead of {expect.volume:g}"
    if expect.list_has is not None and not _has(after, *expect.list_has):
        yield f"{expect.list_has[1]!r} is not on the list {expect.list_has[0]!r}"
    if expect.home is not None and after.home.get(expect.home["entity"]) != expect.home["state"]:
        yield f"{expect.home['entity']} is {after.home.get(expect.home['entity'])}"
    if expect.none and changed(before, after):
        yield "something changed"
    if expect.none and kind == SKILL:
        yield "a skill answered"


def changed(before: State, after: State) -> bool:
    """Whether anything was done; time goes on anyway."""

    def kept(state: State) -> tuple[object, ...]:
        timers = [(timer.kind, timer.name, timer.due) for timer in state.timers]
        return timers, state.lists, state.notes, state.memory, state.volume, state.home

    return kept(before) != kept(after)


def _is(wanted: TimerCheck, seconds_left: float, name: str) -> bool:
    is_named = wanted.name is None or wanted.name.casefold() in name.casefold()
    return is_named and abs(seconds_left - wanted.seconds) <= wanted.tolerance


def _has(state: State, name: str, item: str) -> bool:
    items = [item for key, items in state.lists.items() if name.casefold() in key.casefold() for item in items]
    return any(item.casefold() in each.casefold() for each in items)
