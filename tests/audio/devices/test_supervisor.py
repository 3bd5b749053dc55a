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
from assistant.audio.devices.supervisor import Absence, DeviceSupervisor
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
class Supervised:
    """Two devices, and the calls of their supervisor."""

    microphone: Scripted = field(default_factory=lambda: Scripted("mic"))
    loudspeaker: Scripted = field(default_factory=lambda: Scripted("speaker"))
    calls: list[tuple[str, str, bool]] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def on_change(self, direction: Direction, name: str, absence: Absence | None) -> None:
        self.calls.append((direction.value, name, absence is None))
        self._changed.set()
        self._changed = anyio.Event()

    async def until_called(self, count: int) -> None:
        while len(self.calls) < count:
            await self._changed.wait()


@pytest.fixture
def anyio_backend() -> str:
    """Without the clock that jumps: devices are opened in threads, which take real time."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_S", 0.01)
    monkeypatch.setattr(module, "MIN_RETRY_S", 0.01)


@pytest.fixture(autouse=True)
def rescans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """A number for each rescan; the kernel's list of cards is a file."""
    found: list[int] = []
    monkeypatch.setattr("assistant.audio.devices.portaudio.rescan", lambda: found.append(len(found)))
    monkeypatch.setattr(module, "SOUND_CARDS", tmp_path / "cards")
    return found


@asynccontextmanager
async def supervising() -> AsyncIterator[Supervised]:
    devices = Supervised()
    supervisor = DeviceSupervisor(devices.microphone, devices.loudspeaker, devices.on_change)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(supervisor.run)
            yield devices
            tasks.cancel_scope.cancel()


async def test_a_device_that_fails_is_reopened_and_both_are_reported() -> None:
    async with supervising() as devices:
        devices.microphone.failed = True
        await devices.until_called(2)
        assert devices.calls == [("input", "mic", False), ("input", "mic", True)]
        assert devices.microphone.is_open
        assert devices.loudspeaker.opened == 0


async def test_attempts_go_on_until_the_device_is_back() -> None:
    async with supervising() as devices:
        devices.loudspeaker.refusal = LOST
        devices.loudspeaker.failed = True
        await devices.until_called(4)
        assert not any(back for _, _, back in devices.calls)
        devices.loudspeaker.refusal = None
        await devices.until_called(5)
        assert devices.calls[-1] == ("output", "speaker", True)


async def test_a_device_that_opens_and_does_nothing_is_not_back() -> None:
    async with supervising() as devices:
        devices.microphone.works = False
        devices.microphone.failed = True
        await devices.until_called(1)
        devices.microphone.then_fails = True
        await devices.until_called(3)
        assert devices.calls[-1] == ("input", "mic", False)
        devices.microphone.then_fails = False
        devices.microphone.works = True
        while not devices.calls[-1][2]:
            await devices.until_called(len(devices.calls) + 1)
        assert devices.calls[-1] == ("input", "mic", True)


async def test_a_device_that_was_plugged_in_is_looked_for_and_the_other_one_is_open_again(
    rescans: list[int], tmp_path: Path
) -> None:
    async with supervising() as devices:
        devices.microphone.refusal = LOST
        devices.microphone.failed = True
        await devices.until_called(2)
        assert rescans == []  # there is nothing new to be found
        (tmp_path / "cards").write_text("0 [Headset]: USB-Audio")
        devices.microphone.refusal = None
        while not devices.calls[-1][2]:
            await devices.until_called(len(devices.calls) + 1)
        assert rescans == [0]
        assert devices.loudspeaker.is_open
        assert devices.loudspeaker.opened == 1


async def test_devices_are_not_rescanned_for_a_microphone_while_something_is_played(rescans: list[int]) -> None:
    async with supervising() as devices:
        devices.loudspeaker.busy = True
        devices.microphone.refusal = UNKNOWN
        devices.microphone.failed = True
        await devices.until_called(3)
        assert rescans == []
        devices.loudspeaker.busy = False
        await devices.until_called(4)
        assert rescans != []


async def test_a_device_that_works_is_seldom_closed_to_look_for_the_other(rescans: list[int]) -> None:
    async with supervising() as devices:
        devices.loudspeaker.refusal = UNKNOWN
        devices.loudspeaker.failed = True
        await devices.until_called(6)
        assert rescans == [0]
        assert devices.microphone.is_open


async def test_rescans_are_not_limited_while_neither_works(rescans: list[int]) -> None:
    async with supervising() as devices:
        for device in (devices.microphone, devices.loudspeaker):
            device.refusal, device.failed = UNKNOWN, True
        await devices.until_called(8)
        assert len(rescans) > 3


async def test_it_gives_up_without_a_microphone_but_not_without_a_loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_INPUT_LOST_S", 0.0)
    devices = Supervised()
    devices.loudspeaker.refusal = devices.microphone.refusal = LOST
    devices.loudspeaker.failed = True
    supervisor = DeviceSupervisor(devices.microphone, devices.loudspeaker, devices.on_change)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(supervisor.run)
            await devices.until_called(4)
            tasks.cancel_scope.cancel()
        devices.microphone.failed = True
        with pytest.raises(AssistantError) as error:
            await supervisor.run()
    assert error.value.code is Code.DEVICE_GONE


async def test_a_sound_system_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_NATIVE_S", 0.05)
    never = threading.Event()
    devices = Supervised()
    devices.microphone.failed = True
    monkeypatch.setattr(devices.microphone, "close", lambda: never.wait(20))
    with anyio.fail_after(20), pytest.raises(AssistantError) as error:
        await DeviceSupervisor(devices.microphone, devices.loudspeaker, devices.on_change).run()
    never.set()
    assert error.value.code is Code.DEVICE_GONE
    assert "restart the sound server" in error.value.message


async def test_other_devices_are_opened_where_the_configuration_has_changed() -> None:
    devices = Supervised()
    await DeviceSupervisor(devices.microphone, devices.loudspeaker, devices.on_change).reopen("headset", "hdmi")
    assert devices.calls == [("input", "headset", True), ("output", "hdmi", True)]
    assert devices.microphone.is_open
    assert devices.loudspeaker.is_open


def test_attempts_come_ever_later_but_not_too_late() -> None:
    absence = Absence(LOST, now=0.0)
    pauses = []
    for _ in range(12):
        absence.failed_again(100.0, LOST)
        pauses.append(absence.next_at - 100.0)
    assert pauses == sorted(pauses)
    assert pauses[1] == pytest.approx(2 * pauses[0])
    assert pauses[-1] == module.MAX_RETRY_S
