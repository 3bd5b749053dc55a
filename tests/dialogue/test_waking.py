"""Wake words, the windows after them and after answers, with scripted engines."""

import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.config.schema import Asr, Config, Turns, Wake
from assistant.events import (
    FellAsleep,
    FinalTranscript,
    FollowUp,
    Listening,
    Muted,
    PlaybackStarted,
    SpeechStarted,
    TurnFinished,
    Woken,
)
from assistant.testing.scripted import (
    Script,
    ScriptedLoudspeaker,
    ScriptedModel,
    ScriptedRecognizer,
    ScriptedWakeWordDetector,
)
from assistant.testing.stage import Stage, conversation

pytestmark = pytest.mark.anyio

ASLEEP = Config(
    asr=Asr(partials=False),
    turns=Turns(mode="silence", reopen_ms=0),
    wake=Wake(listen_s=2, follow_up_s=1, follow_up_question_s=3),
)


def sleeper(*texts: str, late: int = 0, reply: str = "It is noon. ") -> Script:
    return Script(
        recognizer=ScriptedRecognizer(list(texts or ("what time is it",))),
        model=ScriptedModel(pieces=(reply,)),
        detector=ScriptedWakeWordDetector(late=late),
    )


async def say_wake_word(stage: Stage, amplitude: float = 0.0) -> None:
    """The wake word is noticed in the next block, or in the one that is being listened to."""
    assert stage.script.detector is not None
    stage.script.detector.said = True
    await stage.ears.hear(amplitude, 32)


async def test_what_is_said_before_the_wake_word_is_ignored() -> None:
    async with conversation(sleeper(), ASLEEP) as stage:
        await stage.ask()
        await stage.ears.hear(0.0, 320)
        assert [type(event) for event in stage.events] == [Listening]


async def test_nothing_is_urgent_while_it_sleeps_in_a_quiet_room_and_everything_once_there_is_speech() -> None:
    async with conversation(sleeper(), ASLEEP) as stage:
        await stage.ears.hear(0.001, 640)
        assert not stage.ears.batched
        await stage.ears.hear(0.001, 1280)
        assert stage.ears.batched
        await stage.ears.hear(0.9, 96)
        assert not stage.ears.batched
        await stage.ears.hear(0.001, 2560)
        assert stage.ears.batched
        await say_wake_word(stage, amplitude=0.001)
        await stage.ears.hear(0.001, 32)
        assert not stage.ears.batched


async def test_a_candidate_wakes_if_a_second_look_confirms_it_and_both_scores_are_told() -> None:
    script = sleeper()
    script.detector = ScriptedWakeWordDetector(second_look=0.75)
    async with conversation(script, ASLEEP) as stage:
        await stage.ears.hear(0.0, 320)
        await say_wake_word(stage)
        await stage.ears.hear(0.0, 320)
        [woken] = stage.seen(Woken)
        assert isinstance(woken, Woken)
        assert (woken.score, woken.second_look) == (0.9, 0.75)
        await stage.ask()
        assert (await stage.turn_finished()).heard == "It is noon."


async def test_what_only_resembles_a_wake_word_changes_nothing() -> None:
    script = sleeper()
    script.detector = ScriptedWakeWordDetector(second_look=0.25)
    async with conversation(script, ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ask()
        await stage.ears.hear(0.0, 320)
        assert [type(event) for event in stage.events] == [Listening]


async def test_what_is_said_after_it_is_answered() -> None:
    async with conversation(sleeper(), ASLEEP) as stage:
        await stage.ears.hear(0.0, 320)
        await say_wake_word(stage)
        await stage.ears.hear(0.0, 640)
        await stage.ask()
        assert (await stage.turn_finished()).heard == "It is noon."
        woken = stage.seen(Woken)[0]
        assert isinstance(woken, Woken)
        assert woken.word == "okay_nabu"
        assert woken.at_s == pytest.approx(0.352, abs=0.033)


async def test_a_question_in_the_same_breath_loses_nothing_and_the_wake_word_is_no_part_of_it() -> None:
    late = 4 * BLOCK
    async with conversation(sleeper(late=late), ASLEEP) as stage:
        await stage.ears.hear(0.9, 640)
        await say_wake_word(stage, amplitude=0.9)
        await stage.ask()
        await stage.turn_finished()
        assert stage.script.recognizer.lengths_s[-1] == pytest.approx(0.96 + late / LISTENING_RATE + 0.064, abs=0.064)


async def test_the_end_of_the_wake_word_is_no_turn() -> None:
    async with conversation(sleeper(late=5 * BLOCK), ASLEEP) as stage:
        await stage.ears.hear(0.9, 640)
        await say_wake_word(stage, amplitude=0.9)
        await stage.ears.hear(0.9, 32)
        await stage.ears.hear(0.0, 640)
        assert stage.seen(Woken)
        assert not stage.seen(SpeechStarted)
        await stage.ask()
        await stage.turn_finished()


async def test_without_speech_it_falls_asleep_again() -> None:
    async with conversation(sleeper(), ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ears.hear(0.0, 1920)
        assert not stage.seen(FellAsleep)
        await stage.ears.hear(0.0, 160)
        fell = await stage.until(FellAsleep)
        assert isinstance(fell, FellAsleep)
        assert fell.reason == "silence"
        await stage.ask()
        assert not stage.seen(SpeechStarted)


async def test_after_an_answer_the_next_question_needs_no_wake_word() -> None:
    async with conversation(sleeper("what time is it", "and in Berlin"), ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ask()
        await stage.until(FollowUp)
        await stage.ask()
        assert (await stage.turn_finished(2)).transcript == "and in Berlin"


@pytest.mark.parametrize(("reply", "seconds"), [("It is noon. ", 1.0), ("At noon or at night? ", 3.0)])
async def test_the_window_after_a_question_is_longer(reply: str, seconds: float) -> None:
    async with conversation(sleeper(reply=reply), ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ask()
        window = await stage.until(FollowUp)
        assert isinstance(window, FollowUp)
        assert window.seconds == seconds
        await stage.ears.hear(0.0, int(seconds * 1000) + 64)
        await stage.until(FellAsleep)


async def test_never_mind_ends_it_without_an_answer() -> None:
    async with conversation(sleeper("Never mind."), ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ask()
        finished = await stage.turn_finished()
        assert (finished.end, finished.reply) == ("dismissed", "")
        fell = await stage.until(FellAsleep)
        assert isinstance(fell, FellAsleep)
        assert fell.reason == "dismissed"


async def test_the_wake_word_ends_an_answer_even_where_speech_over_it_is_not_heard() -> None:
    script = sleeper("what time is it", "and in Berlin")
    async with conversation(script, ASLEEP, ScriptedLoudspeaker(room=150), echo_free=None) as stage:
        await say_wake_word(stage)
        await stage.ask()
        await stage.until(PlaybackStarted)
        await say_wake_word(stage)
        assert (await stage.turn_finished()).end == "interrupted"
        await stage.ask()
        await stage.until(FinalTranscript, 2)


async def test_the_wake_word_within_a_question_begins_it_anew() -> None:
    async with conversation(sleeper("what time is it", "and in Berlin"), ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ears.hear(0.9, 320)
        await say_wake_word(stage)
        await stage.ask()
        assert (await stage.turn_finished()).turn == 2
        assert len(stage.seen(TurnFinished)) == 1


async def test_it_can_be_woken_without_a_word() -> None:
    async with conversation(sleeper(), ASLEEP) as stage:
        await stage.ears.hear(0.0, 64)
        stage.room.listen()
        await stage.ask()
        assert (await stage.turn_finished()).transcript == "what time is it"


async def test_what_is_not_understood_twice_is_asked_for() -> None:
    async with conversation(sleeper("", "", ""), ASLEEP) as stage:
        await say_wake_word(stage)
        for turn, heard in ((1, ""), (2, "Sorry, what did you say?"), (3, "")):
            await stage.ask()
            finished = await stage.turn_finished(turn)
            assert (finished.end, finished.heard) == ("nothing", heard)
        assert stage.script.model.prompts == []


async def test_what_was_being_said_when_the_microphone_is_switched_off_is_forgotten() -> None:
    async with conversation(sleeper(), ASLEEP) as stage:
        await say_wake_word(stage)
        await stage.ears.hear(0.9, 640)
        await stage.room.mute()
        await stage.room.mute()
        assert stage.ears.muted
        await stage.room.unmute()
        assert not stage.ears.muted
        assert [event.muted for event in stage.seen(Muted) if isinstance(event, Muted)] == [True, False]
        await stage.ask()
        assert len(stage.seen(SpeechStarted)) == 1, "a wake word is needed again"
        await say_wake_word(stage)
        await stage.ask()
        assert (await stage.turn_finished()).turn == 2
