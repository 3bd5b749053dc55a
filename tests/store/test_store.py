"""Where the store lies, and what a sequence of changes leaves in it."""

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.store.exchanges import MAX_EXCHANGES, Exchange
from assistant.store.store import Store, default_path
from tests.store.opened import SetClock, open_at, running

HOURS = 12.0
ROOMS = ("local", "kitchen")
NAMES = ("volume", "muted")


def test_it_lies_where_the_service_manager_says_else_with_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"/var/lib/assistant{os.pathsep}/elsewhere")
    assert default_path() == Path("/var/lib/assistant/state.db")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/me/.local/state")
    assert default_path() == Path("/home/me/.local/state/assistant/state.db")


@dataclass
class Model:
    """What a store is to hold, in plain Python."""

    exchanges: dict[str, list[tuple[float, Exchange]]] = field(default_factory=lambda: defaultdict(list))
    settings: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, room: str, exchange: Exchange, now: float) -> None:
        self.exchanges[room] = [*self.exchanges[room], (now, exchange)][-MAX_EXCHANGES:]

    def recent(self, room: str, now: float) -> list[Exchange]:
        return [exchange for at, exchange in self.exchanges[room] if at >= now - HOURS * 3600]


@dataclass(frozen=True)
class Add:
    room: str
    said: str
    times: int

    def do(self, store: Store, model: Model, clock: SetClock) -> None:
        for number in range(self.times):
            exchange = Exchange(f"{self.said} {number}", "yes")
            store.exchanges.add(self.room, exchange)
            model.add(self.room, exchange, clock.now)


@dataclass(frozen=True)
class Clear:
    room: str | None

    def do(self, store: Store, model: Model, clock: SetClock) -> None:
        store.exchanges.clear(self.room)
        for room in ROOMS if self.room is None else (self.room,):
            model.exchanges[room] = []


@dataclass(frozen=True)
class Set:
    room: str
    name: str
    value: int

    def do(self, store: Store, model: Model, clock: SetClock) -> None:
        store.settings.set(self.room, self.name, self.value)
        model.settings[self.room, self.name] = self.value


@dataclass(frozen=True)
class Wait:
    hours: float

    def do(self, store: Store, model: Model, clock: SetClock) -> None:
        clock.now += self.hours * 3600


Action = Add | Clear | Set | Wait

rooms = st.sampled_from(ROOMS)
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(Add, rooms, st.text(st.characters(codec="utf-8"), max_size=8), st.sampled_from((1, 2, 600))),
    st.builds(Clear, st.sampled_from((*ROOMS, None))),
    st.builds(Set, rooms, st.sampled_from(NAMES), st.integers(-(2**63), 2**63 - 1)),
    st.builds(Wait, st.sampled_from((0.5, 5.0, 13.0))),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.lists(actions, max_size=6), st.booleans()), max_size=5))
def test_any_sequence_of_changes_and_ends_leaves_what_a_model_of_it_says(
    lives: Sequence[tuple[Sequence[Action], bool]],
) -> None:
    """Each life of the process ends in order, or by a kill after its changes were acknowledged."""
    model, clock = Model(), SetClock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0" / "state.db"
        for number, (todo, killed) in enumerate(lives, 1):
            after = Path(folder) / str(number)
            anyio.run(_live, path, after if killed else None, todo, model, clock)
            path = after / path.name if killed else path
            with closing(open_at(path, hours=HOURS, clock=clock)) as store:
                check(store, model, clock)


async def _live(path: Path, left: Path | None, todo: Sequence[Action], model: Model, clock: SetClock) -> None:
    """Do all of `todo`; the files as a kill at the end leaves them go to `left`, if that is given."""
    async with running(path, hours=HOURS, clock=clock) as store:
        for action in todo:
            action.do(store, model, clock)
        if left is not None:
            await store.written()
            check(store, model, clock)
            shutil.copytree(path.parent, left)


def check(store: Store, model: Model, clock: SetClock) -> None:
    for room in ROOMS:
        assert store.exchanges.recent(room) == model.recent(room, clock.now)
        for name in NAMES:
            assert store.settings.get(room, name, int) == model.settings.get((room, name))
