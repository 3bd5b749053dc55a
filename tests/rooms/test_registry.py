"""Several rooms on the same engines, and the registry that knows them."""

from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import anyio
import msgspec
import pytest

from assistant.audio.pcm import AudioBlock
from assistant.config.schema import Config, Llm, Wake
from assistant.engines.detectors import Detectors, Words
from assistant.engines.priority import Urgency
from assistant.engines.queue import EngineQueue
from assistant.errors import AssistantError, Code, single_error
from assistant.events import (
    Event,
    Listening,
    RoomClosed,
    RoomOpened,
    TurnFinished,
)
from assistant.rooms.registry import Rooms
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import Script, ScriptedEars, ScriptedLoudspeaker
from assistant.testing.stage import QUIET, Stage, conversation
from tests.rooms.places import RepeatingModel, another_room, told_in
from tests.store.opened import exchanges_at, running

pytestmark = pytest.mark.anyio


async def until_waiting(queue: EngineQueue, count: int) -> None:
    while queue.waiting < count:
        await anyio.wait_all_tasks_blocked()


def finished(events: list[Event]) -> list[TurnFinished]:
    return [event for event in events if isinstance(event, TurnFinished)]


async def test_what_is_said_in_one_room_is_neither_heard_nor_remembered_in_another() -> None:
    async with conversation() as stage, another_room(stage) as kitchen:
        await stage.ask()
        await stage.turn_finished()
        assert {type(event) for event in told_in(stage, "kitchen")} == {Listening}
        assert kitchen.room.state == "listening"
        assert not kitchen.loudspeaker.playbacks
        assert not kitchen.room.memory.history.exchanges
        assert len(stage.history.exchanges) == 1
        await kitchen.ask()
        await stage.turn_finished(2)
        assert len(stage.loudspeaker.playbacks) == len(kitchen.loudspeaker.playbacks) == 1
        prompt = stage.script.model.prompts[-1]
        assert [message.role for message in prompt] == ["system", "user"], "no exchange of the other room"


async def test_an_answer_that_is_being_played_delays_nobody_in_another_room() -> None:
    async with conversation(loudspeaker=ScriptedLoudspeaker(room=100)) as stage, another_room(stage) as kitchen:
        await stage.ask()
        await stage.loudspeaker.full.wait()
        await kitchen.ask()
        turn = await stage.turn_finished()
        assert (turn.room, turn.end, turn.error) == ("kitchen", "answered", None)
        assert stage.room.state == "speaking"
        stage.loudspeaker.finish()
        assert (await stage.turn_finished(2)).room == "local"


async def test_every_event_carries_its_room_and_no_two_turns_have_the_same_number() -> None:
    async with conversation() as stage, another_room(stage) as kitchen:
        for count, ask in enumerate((stage.ask, kitchen.ask, stage.ask), start=1):
            await ask()
            await stage.turn_finished(count)
        await kitchen.room.ask("What time is it?", aloud=False)
    assert {event.room for event in stage.events} == {"local", "kitchen"}
    turns = finished(stage.events)
    assert sorted(turn.turn for turn in turns) == [1, 2, 3, 4]
    assert {event.turn for event in told_in(stage, "kitchen")} == {0, 2, 4}


async def test_two_who_speak_at_the_same_time_are_both_answered() -> None:
    script = Script(model=RepeatingModel())
    script.recognizer.texts = ["cats", "dogs"]
    async with conversation(script) as stage, another_room(stage) as kitchen:
        async with anyio.create_task_group() as speakers:
            speakers.start_soon(stage.ask)
            speakers.start_soon(kitchen.ask)
        await stage.turn_finished(2)
    for room in ("local", "kitchen"):
        [turn] = finished(told_in(stage, room))
        assert turn.heard == f"You have asked about {turn.transcript}. That was all about {turn.transcript}."
        assert not turn.error


async def test_who_has_waited_longer_gets_the_first_words_first_and_nobody_a_second_sentence_before_all_a_first() -> (
    None
):
    model = RepeatingModel()
    script = Script(model=model)
    script.recognizer.texts = ["cats", "dogs"]
    script.voice.hold.holding = True
    async with conversation(script) as stage, another_room(stage) as kitchen:
        with await stage.engines.generation.queue.acquire(Urgency.SPOKEN):
            await kitchen.ask()
            await until_waiting(stage.engines.generation.queue, 1)
            stage.ears.delay_s = 1.0  # the sound of this room comes late: who speaks there has waited longer
            await stage.ask()
            await until_waiting(stage.engines.generation.queue, 2)
        await script.voice.hold.wait_until_reached()
        await until_waiting(stage.engines.synthesis.queue, 1)
        script.voice.hold.released.set()
        await stage.turn_finished(2)
    assert model.asked == ["dogs", "cats"]
    assert script.voice.spoken[:2] == ["You have asked about dogs.", "You have asked about cats."]


async def test_mute_volume_and_stop_concern_one_room() -> None:
    async with (
        conversation(loudspeaker=ScriptedLoudspeaker(room=100)) as stage,
        another_room(stage, loudspeaker=ScriptedLoudspeaker(room=100)) as kitchen,
    ):
        await kitchen.room.mute()
        await kitchen.room.set_volume(0.3)
        assert (stage.room.is_muted, stage.room.volume.level) == (False, 1.0)
        assert (kitchen.room.state, kitchen.room.volume.level) == ("muted", 0.3)
        await kitchen.room.unmute()
        await stage.ask()
        await kitchen.ask()
        await stage.loudspeaker.full.wait()
        await kitchen.loudspeaker.full.wait()
        assert kitchen.room.stop()
        turn = await stage.turn_finished()
        assert (turn.room, turn.end) == ("kitchen", "interrupted")
        assert stage.room.state == "speaking"
        stage.loudspeaker.finish()
        assert (await stage.turn_finished(2)).end == "answered"


async def test_an_announcement_is_heard_in_its_room_alone_and_waits_for_nobody_in_another() -> None:
    async with conversation() as stage, another_room(stage) as kitchen:
        await stage.ears.hear(0.9, 640)
        assert (await kitchen.room.say("The washing is done.")).heard == "The washing is done."
        assert not stage.loudspeaker.playbacks
        await stage.ears.hear(0.0, 640)
        await stage.turn_finished()


async def test_forgetting_what_was_said_concerns_one_room() -> None:
    async with conversation() as stage, another_room(stage) as kitchen:
        for place in (stage, kitchen):
            await place.room.ask("What time is it?", aloud=False)
        assert await kitchen.room.memory.forget() == 1
        assert not kitchen.room.memory.history.exchanges
        assert len(stage.history.exchanges) == 1


class BrokenEars(ScriptedEars):
    """A microphone that fails once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.fail = anyio.Event()

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        await self.fail.wait()
        raise AssistantError(Code.DEVICE_FAILED, "unplugged")
        yield


async def live_until_unplugged(stage: Stage) -> None:
    with closing(BrokenEars()) as ears, single_error():
        async with stage.rooms.open("kitchen", ears, ScriptedLoudspeaker()):
            ears.fail.set()
            await anyio.sleep_forever()


async def test_a_room_whose_sound_has_failed_ends_and_the_others_go_on() -> None:
    async with conversation() as stage:
        with pytest.raises(AssistantError, match="unplugged"):
            await live_until_unplugged(stage)
        assert [room.name for room in stage.rooms] == ["local"]
        await stage.ask()
        assert (await stage.turn_finished()).heard


async def test_a_name_that_is_taken_gets_a_number_and_is_free_again_afterwards() -> None:
    async with conversation() as stage:
        async with another_room(stage) as first, another_room(stage) as second:
            assert (first.room.name, second.room.name) == ("kitchen", "kitchen-2")
        async with another_room(stage) as third:
            assert third.room.name == "kitchen"


async def test_rooms_that_open_and_close_are_reported() -> None:
    async with conversation() as stage:
        told: list[Event] = []
        with stage.bus.subscribe(told.append):
            async with another_room(stage):
                assert [room.name for room in stage.rooms] == ["local", "kitchen"]
        kinds = [type(event) for event in told if event.room == "kitchen"]
        assert (kinds[0], kinds[-1]) == (RoomOpened, RoomClosed)


async def test_a_room_is_found_by_its_name_and_one_that_is_not_there_is_an_error_that_names_the_others() -> None:
    async with conversation() as stage, another_room(stage) as kitchen:
        assert stage.rooms.get("kitchen") is kitchen.room
        assert stage.rooms.get() is stage.rooms.get("local") is stage.room
        with pytest.raises(AssistantError) as unknown:
            stage.rooms.get("attic")
        assert unknown.value.code is Code.ROOM_UNKNOWN
        assert unknown.value.message == "there is no room 'attic'; there are: local, kitchen"


async def test_without_a_name_one_speaks_to_the_room_of_the_machine_else_to_the_only_one_with_sound() -> None:
    async with conversation() as stage:
        rooms = Rooms(stage.rooms.shared, QUIET)
        async with rooms.open_silent("local"):
            with pytest.raises(AssistantError, match="no other room is connected"):
                rooms.with_sound()
            stage.rooms = rooms
            async with another_room(stage) as kitchen:
                assert rooms.with_sound() is kitchen.room
                assert rooms.with_sound("local").state == "silent"
                async with another_room(stage, "attic"):
                    with pytest.raises(AssistantError) as which:
                        rooms.with_sound()
                    assert which.value.code is Code.ROOM_SILENT
                    assert "kitchen, attic" in which.value.message
        async with another_room(stage, "local") as local, another_room(stage):
            assert rooms.with_sound() is local.room


async def test_a_room_without_sound_answers_in_text_and_says_that_it_has_none() -> None:
    async with conversation() as stage, stage.rooms.open_silent("web") as room:
        assert (await room.ask("What time is it?", aloud=False)).reply == "It is noon, I think. Or later."
        for speak in (room.say("Hello."), room.ask("Hello?", aloud=True), room.mute()):
            with pytest.raises(AssistantError) as silent:
                await speak
            assert silent.value.code is Code.ROOM_SILENT
        assert not room.stop()


def listening_for(*words: str) -> Config:
    return msgspec.structs.replace(QUIET, wake=Wake(words=dict.fromkeys(words, "auto")))


def own_word(config: Config) -> Config:
    return msgspec.structs.replace(config, wake=Wake(words={"alexa": "auto"}))


class Loader:
    """Loads scripted detectors and remembers for which words; those that are `missing` it cannot."""

    def __init__(self) -> None:
        self.loaded: list[list[str] | None] = []
        self.missing = ""
        self.script = Script(detector_loader=self.load)

    def load(self, words: Words | None) -> Detectors:
        names = list(words) if words is not None else None
        if self.missing in (names or ()):
            raise AssistantError(Code.MODEL_MISSING, f"there is no wake word {self.missing}")
        self.loaded.append(names)
        return self.script.detectors()


async def test_a_configuration_that_is_read_again_reaches_every_room_each_with_its_own_wake_words() -> None:
    loader = Loader()
    async with (
        conversation(loader.script, listening_for("okay_nabu")) as stage,
        another_room(stage) as kitchen,
        another_room(stage, "attic", adapt=own_word) as attic,
    ):
        assert loader.loaded == [["okay_nabu"], ["alexa"]]
        wanted = msgspec.structs.replace(listening_for("hey_jarvis"), llm=Llm(max_reply_tokens=2))
        await stage.rooms.follow(await stage.rooms.prepare(wanted))
        assert loader.loaded[2:] == [["hey_jarvis"], ["hey_jarvis"]], "the attic keeps its own word"
        for room in stage.rooms:
            assert room.config.llm.max_reply_tokens == 2
        assert wake_words(stage.room.config) == wake_words(kitchen.room.config) == ["hey_jarvis"]
        assert wake_words(attic.room.config) == ["alexa"]
        done = await attic.room.ask("What time is it?", aloud=False)
        assert done.reply == "It is noon, "


async def test_a_configuration_that_a_room_cannot_follow_changes_nothing_anywhere() -> None:
    loader = Loader()
    async with conversation(loader.script, listening_for("okay_nabu")) as stage, another_room(stage) as kitchen:
        loader.missing = "hey_jarvis"
        with pytest.raises(AssistantError, match="no wake word"):
            await stage.rooms.prepare(listening_for("hey_jarvis"))
        assert stage.rooms.config == stage.room.config == kitchen.room.config == listening_for("okay_nabu")


async def test_a_room_that_opens_while_a_configuration_is_followed_listens_for_its_words() -> None:
    loader = Loader()
    async with conversation(loader.script, listening_for("okay_nabu")) as stage:
        wanted = listening_for("hey_jarvis")
        prepared = await stage.rooms.prepare(wanted)
        async with another_room(stage) as kitchen:
            await stage.rooms.follow(prepared)
            assert loader.loaded == [["hey_jarvis"], ["okay_nabu"], ["hey_jarvis"]]
            assert wake_words(kitchen.room.config) == ["hey_jarvis"]


def wake_words(config: Config) -> list[str]:
    return [] if config.wake == "none" else list(config.wake.words)


async def test_settings_and_words_of_each_room_outlive_the_process(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store, conversation() as stage:
        stage.rooms.shared.store = store
        async with another_room(stage) as kitchen, another_room(stage, "attic") as attic:
            await kitchen.room.mute()
            await attic.room.set_volume(0.3)
            await attic.room.ask("What time is it?", aloud=False)
            await store.written()
    metrics = Metrics()
    async with running(tmp_path / "state.db") as store, conversation() as stage:
        stage.rooms.shared.store = store
        with stage.bus.subscribe(metrics.observe):
            async with another_room(stage) as kitchen, another_room(stage, "attic") as attic:
                assert (kitchen.room.state, kitchen.room.volume.level) == ("muted", 1.0)
                assert (attic.room.state, attic.room.volume.level) == ("listening", 0.3)
                assert not kitchen.room.memory.history.exchanges
                assert [exchange.said for exchange in attic.room.memory.history.exchanges] == ["What time is it?"]
                assert 'assistant_muted{room="kitchen"} 1.0' in metrics.text()
                assert 'assistant_muted{room="attic"} 0.0' in metrics.text()
                assert await attic.room.memory.forget() == 1
            assert "assistant_muted{" not in metrics.text()
    assert exchanges_at(tmp_path / "state.db", "attic") == []


async def test_a_room_that_may_not_remember_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store, conversation() as stage:
        stage.rooms.shared.store = store
        with closing(ScriptedEars()) as ears:
            async with stage.rooms.open("guest", ears, ScriptedLoudspeaker(), remembers=False) as guest:
                await guest.ask("What time is it?", aloud=False)
                await guest.set_volume(0.3)
                assert guest.memory.history.exchanges
        await store.written()
    assert exchanges_at(tmp_path / "state.db", "guest") == []
