"""What the room and listeners to events learn when a device fails, on a scripted conversation."""

import anyio
import pytest

from assistant.audio.devices.portaudio import Direction
from assistant.audio.devices.supervisor import Absence
from assistant.errors import AssistantError, Code
from assistant.events import Announced, DeviceBack, DeviceLost, Event, PlaybackStarted
from assistant.language.tables import tables_of
from assistant.rooms import outages as module
from assistant.rooms.outages import OFFERED_S, SPOKEN_S, Outages
from assistant.testing.scripted import ScriptedLoudspeaker
from assistant.testing.stage import Stage, conversation

pytestmark = pytest.mark.anyio

PHRASES = tables_of("en").phrases
UNPLUGGED = AssistantError(Code.DEVICE_FAILED, "unplugged")


class Clock:
    """Stands until it is moved."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def outages_of(stage: Stage) -> Outages:
    return Outages(stage.room, stage.bus.emit, stage.tasks)


async def test_a_microphone_that_is_gone_for_long_is_spoken_of_once_and_when_it_is_back(clock: Clock) -> None:
    async with conversation() as stage:
        outages = outages_of(stage)
        absence = Absence(UNPLUGGED, clock.now)
        outages.observe(Direction.INPUT, "USB", absence)
        assert stage.room.state == "deaf"
        assert outages.reasons == ["no microphone: unplugged"]
        for _ in range(3):
            clock.now += SPOKEN_S
            outages.observe(Direction.INPUT, "USB", absence)
        await stage.until(Announced)
        outages.observe(Direction.INPUT, "USB", None)
        await stage.until(Announced, 2)
        assert stage.seen(DeviceLost) == [DeviceLost(room="local", kind="microphone", name="USB", reason="unplugged")]
        assert stage.seen(DeviceBack) == [DeviceBack(room="local", kind="microphone", name="USB", away_s=15.0)]
        said = " ".join(stage.script.voice.spoken)
        assert said == f"{PHRASES.input_lost} {PHRASES.input_back}"
        assert outages.reasons == []
        assert stage.room.state == "listening"


async def test_a_subscriber_finds_the_conversation_in_the_state_that_the_event_reports(clock: Clock) -> None:
    async with conversation() as stage:
        states: dict[type[Event], str] = {}
        with stage.bus.subscribe(lambda event: states.update({type(event): stage.room.state})):
            outages = outages_of(stage)
            outages.observe(Direction.INPUT, "USB", Absence(UNPLUGGED, clock.now))
            outages.observe(Direction.INPUT, "USB", None)
        assert states[DeviceLost] == "deaf"
        assert states[DeviceBack] == "listening"


async def test_a_sound_server_that_is_restarted_is_not_worth_a_word(clock: Clock) -> None:
    async with conversation() as stage:
        outages = outages_of(stage)
        absence = Absence(UNPLUGGED, clock.now)
        outages.observe(Direction.INPUT, "USB", absence)
        clock.now += SPOKEN_S / 2
        outages.observe(Direction.INPUT, "USB", absence)
        outages.observe(Direction.INPUT, "USB", None)
        await anyio.wait_all_tasks_blocked()
        assert stage.script.voice.spoken == []
        assert stage.seen(DeviceBack) != []


@pytest.mark.parametrize(("away_s", "offered"), [(2.0, True), (OFFERED_S + 1, False)])
async def test_an_answer_that_was_cut_off_is_offered_again_while_it_may_still_be_wanted(
    clock: Clock, away_s: float, offered: bool
) -> None:
    loudspeaker = ScriptedLoudspeaker()
    loudspeaker.broken = True
    async with conversation(loudspeaker=loudspeaker) as stage:
        outages = outages_of(stage)
        await stage.ask()
        outages.observe(Direction.OUTPUT, "HDMI", Absence(UNPLUGGED, clock.now))
        assert (await stage.turn_finished()).error == Code.DEVICE_FAILED
        stage.script.voice.spoken.clear()
        loudspeaker.broken = False
        clock.now += away_s
        outages.observe(Direction.OUTPUT, "HDMI", None)
        if offered:
            await stage.until(PlaybackStarted)
            await stage.until(Announced)
            assert " ".join(stage.script.voice.spoken).startswith(f"{PHRASES.cut_off} It is noon,")
        else:
            await anyio.wait_all_tasks_blocked()
            assert stage.script.voice.spoken == []


async def test_a_loudspeaker_that_was_idle_comes_back_without_a_word(clock: Clock) -> None:
    async with conversation() as stage:
        outages = outages_of(stage)
        outages.observe(Direction.OUTPUT, "HDMI", Absence(UNPLUGGED, clock.now))
        assert outages.reasons == ["no loudspeaker: unplugged"]
        outages.observe(Direction.OUTPUT, "HDMI", None)
        await anyio.wait_all_tasks_blocked()
        assert stage.script.voice.spoken == []
