"""Runs written requests through a silent room with an empty store, at the time that each of them says."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
from msgspec.structs import replace

from assistant.answers.order import build_responders
from assistant.answers.skills.house import House, house_of
from assistant.answers.skills.speech import speech_of
from assistant.bench.answers.checks import changed, failures
from assistant.bench.answers.report import AnswersReport, Share, State, TimerState, TurnResult
from assistant.bench.answers.requests import Entry, Expect, read_requests
from assistant.bench.spread import spread
from assistant.bus import Bus
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.host.hardware import describe_machine
from assistant.places.places import Place, find, of_zone
from assistant.rooms.registry import Rooms
from assistant.rooms.room import Room
from assistant.rooms.shared import Shared
from assistant.store.rooms import LOCAL_ROOM
from assistant.store.store import store_in_memory

ZONE = ZoneInfo("Europe/Berlin")
BETWEEN_TURNS = timedelta(seconds=5)
"""What a turn takes by the clock of a conversation."""

Progress = Callable[[str], None]


def measure_answers(config: Config, engines: Engines, folder: Path, progress: Progress) -> AnswersReport:
    """Answer every request in `folder`. Raises `AssistantError` (`requests.invalid`)."""
    entries = list(read_requests(folder))
    find("")  # reading the places takes a moment, in which the event loop would stand still
    return anyio.run(_measure, config, engines, entries, progress)


async def _measure(
    config: Config, engines: Engines, entries: list[tuple[str, Entry]], progress: Progress
) -> AnswersReport:
    turns: list[TurnResult] = []
    passed: list[bool] = []
    for number, (language, entry) in enumerate(entries):
        progress(f"{number} of {len(entries)}")
        results = await _converse(config, engines, language, entry)
        turns += results
        passed.append(all(result.passed for result in results))
    return AnswersReport(
        turns=tuple(turns),
        by_file=_shares((turn.lang, turn.passed) for turn in turns),
        by_category=_shares((turn.category, turn.passed) for turn in turns),
        entries=Share(passed=sum(passed), of=len(passed)),
        wrong_effects=sum(turn.wrong_effect for turn in turns),
        skill_ms=spread(turn.ms for turn in turns if turn.answered_by not in {"model", ""}),
        machine=describe_machine(),
        models=engines.names,
        devices=engines.devices,
    )


class _Clock:
    """Stands at the time of a request, and goes on with each turn."""

    def __init__(self, entry: Entry) -> None:
        moment = entry.moment
        self._now = moment.replace(tzinfo=ZONE) if moment is not None else datetime.now(ZONE)

    def now(self) -> datetime:
        return self._now

    def turn(self) -> None:
        self._now += BETWEEN_TURNS


async def _converse(config: Config, engines: Engines, language: str, entry: Entry) -> list[TurnResult]:
    clock, results = _Clock(entry), []
    async with _home(config, engines, clock, entry) as (room, house):
        for number, turn in enumerate(entry.all_turns):
            if number:
                clock.turn()
            before, began = _state(room, house), time.perf_counter()
            reply = kind = name = ""
            try:
                done = await room.ask(turn.say, aloud=False, language=language)
                reply = done.reply
                kind, name = (done.provenance.kind, done.provenance.name) if done.provenance else ("", "")
            except AssistantError as error:
                reply = f"{error.code}: {error.message}"
            ms, after = (time.perf_counter() - began) * 1000, _state(room, house)
            wrong = list(failures(_named(turn.expect, language), reply, kind, before, after))
            results.append(
                TurnResult(
                    id=entry.id,
                    file=language,
                    lang=language,
                    category=entry.category,
                    say=turn.say,
                    reply=reply,
                    answered_by=name if kind != "model" else "model",
                    ms=round(ms, 1),
                    passed=not wrong,
                    wrong="; ".join(wrong),
                    wrong_effect=turn.expect.none and changed(before, after),
                    state=after,
                )
            )
    return results


@asynccontextmanager
async def _home(config: Config, engines: Engines, clock: _Clock, entry: Entry) -> AsyncIterator[tuple[Room, House]]:
    """A silent room with a store of its own, which ends with the context."""
    store = store_in_memory(Path("none"), history_hours=0, trouble="")
    house = house_of(store, now=clock.now, place=_place(entry))
    bus = Bus()
    responders = build_responders(config, engines, house)
    rooms = Rooms(Shared(engines, responders, bus.emit, store, house), config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run, bus.emit)
        async with rooms.open_silent(LOCAL_ROOM) as room:
            await room.set_volume(0.5)
            yield room, house
        tasks.cancel_scope.cancel()
    store.close()


def _state(room: Room, house: House) -> State:
    now = house.now()
    timers = tuple(
        TimerState(
            kind=entry.kind.value,
            name=entry.name,
            due=entry.due.astimezone(now.tzinfo).isoformat(timespec="seconds"),
            seconds_left=entry.remaining(now).total_seconds(),
        )
        for entry in house.agenda.entries
    )
    assert house.lists is not None
    assert house.notes is not None
    assert house.facts is not None
    return State(
        timers=timers,
        lists={name: house.lists.on(name) for name in house.lists.names},
        notes=house.notes.texts,
        memory={key or str(number): text for number, (key, text) in enumerate(house.facts.facts)},
        volume=round(room.volume.level * 100, 1),
    )


def _named(expect: Expect, language: str) -> Expect:
    """`expect` with the list called as it is kept, if it is called as people of `language` do: Einkaufsliste."""
    speech = speech_of(language)
    if expect.list_has is None or speech is None:
        return expect
    name, item = expect.list_has
    lists = speech.words["lists"].lists.values()
    called = {_spelled(word): key for names in lists for key, words in names.items() for word in words}
    return replace(expect, list_has=(called.get(_spelled(name), name), item))


def _spelled(name: str) -> str:
    return name.casefold().replace("-", " ")


def _place(entry: Entry) -> Place:
    return find(entry.city or "Berlin") or of_zone(ZONE.key)


def _shares(results: Iterable[tuple[str, bool]]) -> dict[str, Share]:
    found: dict[str, list[bool]] = defaultdict(list)
    for name, passed in results:
        found[name].append(passed)
    return {name: Share(passed=sum(each), of=len(each)) for name, each in sorted(found.items())}
