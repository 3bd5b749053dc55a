"""Devices that fail and come back, scripted; the real ones are in `tests/test_daemon.py`."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from assistant.audio.devices import supervisor as module
from assistant.audio.devices.portaudio import Direction
from assistant.audio.devices.supervisor import Absence, Keeper
from assistant.errors import AssistantError, Code

pytestmark = pytest.mark.anyio

LOST = AssistantError(Code.DEVICE_FAILED, "unplugged")
UNKNOWN = AssistantError(Code.DEVICE_MISSING, "there is none of this name")


@dataclass
class Scripted:
    """A device that can be opened unless there is a `refusal`."""

    name: str
    is_open: bool = True
    works: bool = True
    busy: bool = False
    failed: bool = False
    refusal: AssistantError | None = None
    then_fails: bool = False
    """It fails as soon as it is open."""
    opened: int = 0

    @property
    def failure(self) -> AssistantError | None:
        return LOST if self.failed else None

    def open(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.is_open, self.failed = True, self.then_fails
        self.opened += 1

    def close(self) -> None:
        self.is_open = False

    def follow(self, name: str) -> None:
        self.name = name


@dataclass
class Kept:
    """A keeper at work, and what it tells."""

    microphone: Scripted = field(default_factory=lambda: Scripted("mic"))
    loudspeaker: Scripted = field(default_factory=lambda: Scripted("speaker"))
    told: list[tuple[str, str, bool]] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def tell(self, direction: Direction, name: str, absence: Absence | None) -> None:
        self.told.append((direction.value, name, absence is None))
        self._changed.set()
        self._changed = anyio.Event()

    async def until_told(self, count: int) -> None:
        while len(self.told) < count:
            await self._changed.wait()


@pytest.fixture
def anyio_backend() -> str:
    """Without the clock that jumps: devices are opened in threads, which take real time."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(module, "FIRST_S", 0.01)


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """A number for each time PortAudio looks for devices anew; the kernel's list of cards is a file."""
    found: list[int] = []
    monkeypatch.setattr("assistant.audio.devices.portaudio.look_again", lambda: found.append(len(found)))
    monkeypatch.setattr(module, "SOUND_CARDS", tmp_path / "cards")
    return found


@asynccontextmanager
async def keeping() -> AsyncIterator[Kept]:
    kept = Kept()
    keeper = Keeper(kept.microphone, kept.loudspeaker, kept.tell)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.run)
            yield kept
            tasks.cancel_scope.cancel()


async def test_a_device_that_fails_is_opened_again_and_both_are_told() -> None:
    async with keeping() as kept:
        kept.microphone.failed = True
        await kept.until_told(2)
        assert kept.told == [("input", "mic", False), ("input", "mic", True)]
        assert kept.microphone.is_open
        assert kept.loudspeaker.opened == 0


async def test_attempts_go_on_until_the_device_is_back() -> None:
    async with keeping() as kept:
        kept.loudspeaker.refusal = LOST
        kept.loudspeaker.failed = True
        await kept.until_told(4)
        assert not any(back for _, _, back in kept.told)
        kept.loudspeaker.refusal = None
        await kept.until_told(5)
        assert kept.told[-1] == ("output", "speaker", True)


async def test_a_device_that_opens_and_does_nothing_is_not_back() -> None:
    async with keeping() as kept:
        kept.microphone.works = False
        kept.microphone.failed = True
        await kept.until_told(1)
        kept.microphone.then_fails = True
        await kept.until_told(3)
        assert kept.told[-1] == ("input", "mic", False)
        kept.microphone.then_fails = False
        kept.microphone.works = True
        while not kept.told[-1][2]:
            await kept.until_told(len(kept.told) + 1)
        assert kept.told[-1] == ("input", "mic", True)


async def test_a_device_that_was_plugged_in_is_looked_for_and_the_other_one_is_open_again(
    looks: list[int], tmp_path: Path
) -> None:
    async with keeping() as kept:
        kept.microphone.refusal = LOST
        kept.microphone.failed = True
        await kept.until_told(2)
        assert looks == []  # there is nothing new to be found
        (tmp_path / "cards").write_text("0 [Headset]: USB-Audio")
        kept.microphone.refusal = None
        while not kept.told[-1][2]:
            await kept.until_told(len(kept.told) + 1)
        assert looks == [0]
        assert kept.loudspeaker.is_open
        assert kept.loudspeaker.opened == 1


async def test_nobody_looks_for_a_microphone_while_something_is_played(looks: list[int]) -> None:
    async with keeping() as kept:
        kept.loudspeaker.busy = True
        kept.microphone.refusal = UNKNOWN
        kept.microphone.failed = True
        await kept.until_told(3)
        assert looks == []
        kept.loudspeaker.busy = False
        await kept.until_told(4)
        assert looks != []


async def test_a_device_that_works_is_seldom_closed_to_look_for_the_other(looks: list[int]) -> None:
    async with keeping() as kept:
        kept.loudspeaker.refusal = UNKNOWN
        kept.loudspeaker.failed = True
        await kept.until_told(6)
        assert looks == [0]
        assert kept.microphone.is_open


async def test_nothing_is_spared_while_neither_works(looks: list[int]) -> None:
    async with keeping() as kept:
        for device in (kept.microphone, kept.loudspeaker):
            device.refusal, device.failed = UNKNOWN, True
        await kept.until_told(8)
        assert len(looks) > 3


async def test_it_gives_up_without_a_microphone_but_not_without_a_loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEAF_S", 0.0)
    kept = Kept()
    kept.loudspeaker.refusal = kept.microphone.refusal = LOST
    kept.loudspeaker.failed = True
    keeper = Keeper(kept.microphone, kept.loudspeaker, kept.tell)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.run)
            await kept.until_told(4)
            tasks.cancel_scope.cancel()
        kept.microphone.failed = True
        with pytest.raises(AssistantError) as error:
            await keeper.run()
    assert error.value.code is Code.DEVICE_GONE


async def test_a_sound_system_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NATIVE_S", 0.05)
    never = threading.Event()
    kept = Kept()
    kept.microphone.failed = True
    monkeypatch.setattr(kept.microphone, "close", lambda: never.wait(20))
    with anyio.fail_after(20), pytest.raises(AssistantError) as error:
        await Keeper(kept.microphone, kept.loudspeaker, kept.tell).run()
    never.set()
    assert error.value.code is Code.DEVICE_GONE
    assert "restart the sound server" in error.value.message


async def test_other_devices_are_opened_where_the_configuration_has_changed() -> None:
    kept = Kept()
    await Keeper(kept.microphone, kept.loudspeaker, kept.tell).reopen("headset", "hdmi")
    assert kept.told == [("input", "headset", True), ("output", "hdmi", True)]
    assert kept.microphone.is_open
    assert kept.loudspeaker.is_open


def test_attempts_come_ever_later_but_not_too_late() -> None:
    absence = Absence(LOST, now=0.0)
    pauses = []
    for _ in range(12):
        absence.failed_again(100.0, LOST)
        pauses.append(absence.next_at - 100.0)
    assert pauses == sorted(pauses)
    assert pauses[1] == pytest.approx(2 * pauses[0])
    assert pauses[-1] == module.LONGEST_S
