"""What the assistant says although nobody spoke to it: announcements and answers to typed questions."""

from functools import partial

import anyio
import msgspec
import pytest

from assistant.audio.earcons import Tone, melody
from assistant.config.schema import Asr, Config, Sound, Turns, Wake
from assistant.dialogue.speaking.announcement import Priority
from assistant.dialogue.speaking.queue import MAX_WAITING
from assistant.engines.engines import Fresh
from assistant.errors import AssistantError, Code
from assistant.events import (
    Announced,
    FellAsleep,
    FinalTranscript,
    PlaybackFinished,
    PlaybackStarted,
    SpeechStarted,
    TurnFinished,
)
from assistant.rooms.room import Room
from assistant.testing.scripted import (
    VOICE_RATE,
    Script,
    ScriptedEars,
    ScriptedLoudspeaker,
    ScriptedModel,
    ScriptedPlayback,
    ScriptedRecognizer,
    ScriptedVoice,
    ScriptedWakeWordDetector,
)
from assistant.testing.stage import QUIET, Stage, conversation

pytestmark = pytest.mark.anyio

ASLEEP = Config(asr=Asr(partials=False), turns=Turns(mode="silence", reopen_ms=0), wake=Wake(listen_s=2, follow_up_s=1))


def heard(stage: Stage) -> list[str]:
    """What was played, in the order in which it ended."""
    return [event.heard for event in stage.events if isinstance(event, PlaybackFinished)]


def ignore(text: str) -> None:
    pass


async def test_an_announcement_is_spoken_and_reported() -> None:
    async with conversation() as stage:
        announced = await stage.room.say("The **washing** is done.")
        assert announced.heard == "The washing is done."
        assert announced.end == "answered"
        assert stage.seen(Announced) == [announced]
        assert not stage.history.exchanges


async def test_an_announcement_without_anything_to_say_is_an_error() -> None:
    async with conversation() as stage:
        with pytest.raises(AssistantError) as error:
            await stage.room.say("***")
        assert error.value.code is Code.TEXT_EMPTY
        announced = await stage.until(Announced)
        assert isinstance(announced, Announced)
        assert announced.error == Code.TEXT_EMPTY


async def test_announcements_wait_for_the_answer_and_the_most_important_is_first() -> None:
    loudspeaker = ScriptedLoudspeaker(room=500)
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        await stage.until(PlaybackStarted)
        for text, priority in (("Later.", Priority.LOW), ("First.", Priority.HIGH), ("Then.", Priority.HIGH)):
            stage.tasks.start_soon(partial(stage.room.say, text, priority=priority))
        await anyio.wait_all_tasks_blocked()
        assert len(stage.seen(PlaybackStarted)) == 1
        loudspeaker.finish()
        await stage.until(Announced, 3)
        assert heard(stage)[1:] == ["First.", "Then.", "Later."]


async def test_an_alarm_cuts_in_and_the_answer_goes_on_after_it() -> None:
    loudspeaker = ScriptedLoudspeaker(room=500)
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        await loudspeaker.full.wait()
        answer = loudspeaker.playbacks[0]
        loudspeaker.room = 10**9
        await stage.room.say("Smoke in the kitchen.", interrupt=True)
        assert heard(stage) == ["Smoke in the kitchen."]
        assert not answer.stopped
        assert not answer.paused
        loudspeaker.finish()
        assert (await stage.turn_finished()).end == "answered"


async def test_what_is_said_while_an_alarm_sounds_does_not_end_it_if_it_was_begun_before() -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with conversation(loudspeaker=loudspeaker, echo_free=True) as stage:
        await stage.ears.hear(0.9, 640)
        stage.tasks.start_soon(partial(stage.room.say, "Smoke in the kitchen.", interrupt=True))
        await loudspeaker.full.wait()
        await stage.ears.hear(0.9, 1600)
        await stage.ears.hear(0.0, 640)
        assert not stage.seen(Announced)
        assert not stage.seen(TurnFinished)
        loudspeaker.finish()
        assert (await stage.turn_finished()).heard == "It is noon, I think. Or later."
        announced = stage.seen(Announced)[0]
        assert isinstance(announced, Announced)
        assert announced.end == "answered"


async def test_stop_ends_the_alarm_and_what_would_go_on_after_it() -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        await loudspeaker.full.wait()
        loudspeaker.full = anyio.Event()
        stage.tasks.start_soon(partial(stage.room.say, "Smoke.", interrupt=True))
        await loudspeaker.full.wait()
        assert stage.room.stop()
        assert (await stage.turn_finished()).end == "interrupted"
        announced = await stage.until(Announced)
        assert isinstance(announced, Announced)
        assert announced.end == "interrupted"
        assert not stage.room.stop()


async def test_stop_may_also_forget_what_waits() -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with conversation(loudspeaker=loudspeaker) as stage, anyio.create_task_group() as speakers:
        for text in ("One.", "Two.", "Three."):
            speakers.start_soon(stage.room.say, text)
        await loudspeaker.full.wait()
        assert stage.room.stop(waiting=True)
        await stage.until(Announced)
    assert len(stage.seen(PlaybackStarted)) == 1


async def test_cancelling_takes_the_announcement_back() -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with conversation(loudspeaker=loudspeaker) as stage:
        async with anyio.create_task_group() as speakers:
            speakers.start_soon(stage.room.say, "Being said.")
            speakers.start_soon(stage.room.say, "Waiting.")
            await loudspeaker.full.wait()
            speakers.cancel_scope.cancel()
        announced = await stage.until(Announced)
        assert isinstance(announced, Announced)
        assert announced.end == "interrupted"
        loudspeaker.finish()
        assert (await stage.room.say("Next.")).heard == "Next."
        assert len(stage.seen(PlaybackStarted)) == 2


async def test_more_announcements_than_anyone_would_listen_to_are_refused() -> None:
    loudspeaker = ScriptedLoudspeaker(room=1)
    async with conversation(loudspeaker=loudspeaker) as stage, anyio.create_task_group() as speakers:
        for _ in range(MAX_WAITING + 1):
            speakers.start_soon(stage.room.say, "Word.")
        await loudspeaker.full.wait()
        with pytest.raises(AssistantError) as refused:
            await stage.room.say("One too many.")
        assert refused.value.code is Code.QUEUE_FULL
        speakers.cancel_scope.cancel()


async def test_an_announcement_waits_for_who_has_just_said_the_wake_word() -> None:
    async with conversation(Script(detector=ScriptedWakeWordDetector()), ASLEEP) as stage:
        assert stage.script.detector is not None
        stage.script.detector.said = True
        await stage.ears.hear(0.0, 320)
        stage.tasks.start_soon(stage.room.say, "The washing is done.")
        await anyio.wait_all_tasks_blocked()
        assert not stage.seen(PlaybackStarted)
        await stage.ears.hear(0.0, 2000)
        await stage.until(FellAsleep)
        await stage.until(Announced)


async def test_after_an_announcement_a_wake_word_is_still_needed() -> None:
    async with conversation(Script(detector=ScriptedWakeWordDetector()), ASLEEP) as stage:
        await stage.room.say("The washing is done.")
        await stage.ask()
        assert not stage.seen(SpeechStarted)


async def test_what_rings_is_heard_over_an_answer_which_goes_on_after_it() -> None:
    loudspeaker = ScriptedLoudspeaker(room=500)
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        await loudspeaker.full.wait()
        loudspeaker.room = 10**9
        announced = await stage.room.ring(Tone.TIMER, 0.2, "Time is up.")
        assert announced.heard == "Time is up."
        assert loudspeaker.playbacks[1].played > len(melody(Tone.TIMER, VOICE_RATE, 0.2))
        loudspeaker.finish()
        assert (await stage.turn_finished()).end == "answered"


async def test_no_wake_word_is_needed_to_stop_what_rings() -> None:
    script = Script(detector=ScriptedWakeWordDetector(), recognizer=ScriptedRecognizer(["stop"]))
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with conversation(script, ASLEEP, loudspeaker, echo_free=True) as stage:
        ended: list[Announced] = []

        async def ring() -> None:
            ended.append(await stage.room.ring(Tone.ALARM, 0.2, "It is seven."))

        stage.tasks.start_soon(ring)
        await loudspeaker.full.wait()
        await stage.ask()
        await stage.until(Announced)
        await anyio.wait_all_tasks_blocked()
        assert ended[0].end == "interrupted"
        assert not stage.seen(TurnFinished)


async def test_after_what_rings_no_wake_word_is_needed_for_a_while() -> None:
    async with conversation(Script(detector=ScriptedWakeWordDetector()), ASLEEP) as stage:
        await stage.room.ring(Tone.REMINDER, 0.2, "Call Ann.")
        await stage.ask()
        assert stage.seen(SpeechStarted)


async def test_it_rings_although_the_microphone_is_off() -> None:
    async with conversation() as stage:
        await stage.room.mute()
        assert (await stage.room.ring(Tone.TIMER, 0.2, "Time is up.")).heard == "Time is up."


async def test_a_typed_question_is_answered_aloud_and_remembered() -> None:
    async with conversation() as stage:
        pieces: list[str] = []
        done = await stage.room.ask("What time is it?", aloud=True, written=pieces.append)
        assert done.source == "text"
        assert done.heard == "It is noon, I think. Or later."
        assert "".join(pieces) == done.reply
        assert stage.seen(TurnFinished) == [done]
        assert stage.seen(FinalTranscript) == [
            FinalTranscript(turn=done.turn, room="local", text="What time is it?", language=done.language)
        ]
        assert [(one.said, one.heard) for one in stage.history.exchanges] == [("What time is it?", done.heard)]
        assert done.marks_ms.playback is not None


async def test_a_typed_question_is_answered_in_text() -> None:
    async with conversation() as stage:
        pieces: list[str] = []
        done = await stage.room.ask("What time is it?", aloud=False, written=pieces.append)
        assert done.reply == "It is noon, I think. Or later."
        assert "".join(pieces) == done.reply
        assert not stage.loudspeaker.playbacks
        assert [one.heard for one in stage.history.exchanges] == [done.reply]


async def test_what_is_written_waits_for_what_is_spoken() -> None:
    model = ScriptedModel(pieces=["word "] * 20)
    async with conversation(Script(model=model)) as stage:
        pieces: list[str] = []
        async with anyio.create_task_group() as writers:

            async def write() -> None:
                done = await stage.room.ask("Tell me a story.", aloud=False, written=pieces.append)
                assert done.reply == "word " * 20

            def interrupt(piece: str) -> None:
                pieces.append(piece)

            model.hold.holding = True
            writers.start_soon(write)
            await model.hold.wait_until_reached()
            await stage.ears.hear(0.9, 640)
            await model.hold.wait_until_stopped()
            model.hold.holding = False
            await anyio.wait_all_tasks_blocked()
            assert pieces == []
            await stage.ears.hear(0.9, 320)
            await stage.ears.hear(0.0, 640)
            first = await stage.turn_finished()
            assert first.source == "speech"
            assert pieces == []
        assert "".join(pieces) == "word " * 20


@pytest.mark.parametrize("aloud", [True, False])
async def test_a_question_that_is_given_up_is_reported(aloud: bool) -> None:
    model = ScriptedModel()
    model.hold.holding = True
    async with conversation(Script(model=model)) as stage:
        async with anyio.create_task_group() as askers:
            askers.start_soon(partial(stage.room.ask, "What time is it?", aloud=aloud, written=ignore))
            await model.hold.wait_until_reached()
            askers.cancel_scope.cancel()
        done = await stage.turn_finished()
        assert (done.end, done.heard) == ("interrupted", "")
        assert not stage.history.exchanges


async def test_a_model_that_fails_is_reported_in_the_answer() -> None:
    broken = ScriptedModel(error=AssistantError(Code.LLM_FAILED, "broken"))
    async with conversation(Script(model=broken), QUIET) as stage:
        for aloud in (True, False):
            with pytest.raises(AssistantError) as error:
                await stage.room.ask("What time is it?", aloud=aloud, written=ignore)
            assert error.value.code is Code.LLM_FAILED
        assert [event.error for event in stage.seen(TurnFinished) if isinstance(event, TurnFinished)] == [
            Code.LLM_FAILED
        ] * 2
        assert not stage.history.exchanges


async def test_listening_is_refused_while_the_microphone_is_off() -> None:
    async with conversation() as stage:
        await stage.room.mute()
        with pytest.raises(AssistantError) as refused:
            stage.room.listen()
        assert refused.value.code is Code.MICROPHONE_MUTED
        assert (await stage.room.say("It still speaks.")).heard == "It still speaks."


async def test_a_room_whose_microphone_is_off_is_asleep() -> None:
    async with conversation(config=ASLEEP) as stage:
        await stage.room.mute()
        assert stage.room.state == "muted"
        assert stage.room.is_asleep


async def test_a_room_that_closes_ends_what_is_being_said_in_it_and_what_waits() -> None:
    announced: list[Announced] = []

    async def say(room: Room, text: str) -> None:
        announced.append(await room.say(text))

    async with conversation() as stage, anyio.create_task_group() as sayers:
        loudspeaker, ears = ScriptedLoudspeaker(room=200), ScriptedEars()
        async with stage.rooms.open("kitchen", ears, loudspeaker) as kitchen:
            sayers.start_soon(say, kitchen, "The washing is done.")
            await loudspeaker.full.wait()
            sayers.start_soon(say, kitchen, "So is the soup.")
            await anyio.wait_all_tasks_blocked()
            assert kitchen.waiting == 1
        ears.close()
    assert sorted(said.heard for said in announced) == ["", "The"]
    assert {said.end for said in announced} == {"interrupted"}
    with pytest.raises(AssistantError) as refused:
        await kitchen.say("Is anybody there?")
    assert refused.value.code is Code.ROOM_UNKNOWN


async def test_an_announcement_that_waited_is_played_at_the_rate_of_the_voice_that_speaks_it() -> None:
    class AnyRate(ScriptedLoudspeaker):
        def play(self, rate: int, *, cut_in: bool = False) -> ScriptedPlayback:
            rates.append(rate)
            return ScriptedPlayback(self)

    class Higher(ScriptedVoice):
        sample_rate = 2 * VOICE_RATE

    rates: list[int] = []
    script = Script(detector=ScriptedWakeWordDetector(said=True))
    quiet = msgspec.structs.replace(ASLEEP, sound=Sound(wake=False, done=False))
    async with conversation(script, quiet, AnyRate()) as stage:
        await stage.ears.hear(0.0, 32)
        stage.tasks.start_soon(stage.room.say, "The washing is done.")
        await anyio.wait_all_tasks_blocked()
        assert stage.room.waiting == 1
        await stage.engines.exchange(Fresh(voice=Higher()))
        await stage.ears.hear(0.0, 3_200)
        await stage.until(Announced)
    assert rates == [2 * VOICE_RATE]
