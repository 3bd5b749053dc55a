"""Speech over the answer, with scripted engines: what is lowered, held, restored, given up and answered."""

import pytest

from assistant.config.schema import Asr, Config, Turns
from assistant.errors import AssistantError
from assistant.events import (
    Disturbed,
    FinalTranscript,
    Listening,
    PlaybackFinished,
    PlaybackStarted,
    SpeechStarted,
    TurnFinished,
)
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedRecognizer
from assistant.testing.stage import Stage, conversation

pytestmark = pytest.mark.anyio

LATER = Config(asr=Asr(partials=False), turns=Turns(mode="silence", reopen_ms=0), wake="none")
"""Speech over the answer is never taken for the rest of the question."""

SOON = Config(asr=Asr(partials=False), turns=Turns(mode="silence", reopen_ms=10_000), wake="none")


def hears(*texts: str) -> Script:
    return Script(recognizer=ScriptedRecognizer(list(texts)))


async def begin_answer(stage: Stage) -> None:
    """Ask, and wait until the answer plays, which never ends by itself."""
    await stage.ask()
    await stage.until(PlaybackStarted)
    await stage.loudspeaker.full.wait()


def actions(stage: Stage) -> list[str]:
    return [event.action for event in stage.seen(Disturbed) if isinstance(event, Disturbed)]


def transcripts(stage: Stage) -> list[str]:
    return [event.text for event in stage.seen(FinalTranscript) if isinstance(event, FinalTranscript)]


async def test_a_question_over_the_answer_ends_it_and_is_answered() -> None:
    script = hears("what time is it", "and in Berlin")
    async with conversation(script, LATER, ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        await stage.ask()
        first = await stage.turn_finished()
        assert first.end == "interrupted"
        assert first.heard == "It"
        assert stage.loudspeaker.playbacks[0].stopped
        await stage.until(PlaybackStarted, 2)
        assert actions(stage) == ["duck", "hold", "stop"]
        assert transcripts(stage) == ["what time is it", "and in Berlin"]
        assert [message.content for message in script.model.prompts[-1]][1:4] == [
            "what time is it",
            "It",
            "and in Berlin",
        ]


async def test_what_the_canceller_lets_through_needs_less_evidence() -> None:
    async with conversation(config=LATER, loudspeaker=ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        stage.ears.reduction_db = 20.0
        await stage.ears.hear(0.2, 320)
        stage.ears.reduction_db = 3.0
        assert actions(stage) == []
        await stage.ears.hear(0.2, 96)
        await stage.until(Disturbed, 2)
        assert actions(stage) == ["duck", "hold"]


async def test_the_answer_is_lowered_and_held_before_anything_is_understood() -> None:
    script = hears("what time is it", "and in Berlin")
    async with conversation(script, LATER, ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        playback = stage.loudspeaker.playbacks[0]
        await stage.ears.hear(0.9, 32)
        await stage.until(Disturbed)
        assert playback.gain == pytest.approx(0.251, abs=0.001)
        assert not playback.paused
        await stage.ears.hear(0.9, 96)
        await stage.until(Disturbed, 2)
        assert playback.paused
        assert not playback.stopped


@pytest.mark.parametrize("hum", ["Mm-hmm.", "", "Yeah."])
async def test_the_answer_goes_on_after_a_hum_which_is_not_reported(hum: str) -> None:
    async with conversation(
        hears("what time is it", hum), LATER, ScriptedLoudspeaker(room=150), echo_free=True
    ) as stage:
        await begin_answer(stage)
        playback = stage.loudspeaker.playbacks[0]
        await stage.ears.hear(0.9, 320)
        await stage.ears.hear(0.0, 640)
        await stage.until(Disturbed, 3)
        assert actions(stage) == ["duck", "hold", "restore"]
        assert (playback.gain, playback.paused, playback.stopped) == (1.0, False, False)
        assert len(stage.seen(SpeechStarted)) == 1
        assert not stage.seen(TurnFinished)


async def test_after_a_hum_the_next_words_are_heard() -> None:
    script = hears("what time is it", "Mm-hmm.", "and in Berlin")
    async with conversation(script, LATER, ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        await stage.ears.hear(0.9, 320)
        await stage.ears.hear(0.0, 640)
        await stage.until(Disturbed, 3)
        await stage.ears.hear(0.0, 320)
        await stage.ask()
        assert (await stage.turn_finished()).end == "interrupted"
        await stage.until(FinalTranscript, 2)
        assert transcripts(stage)[-1] == "and in Berlin"


async def test_stop_ends_the_answer_and_asks_for_no_other() -> None:
    script = hears("what time is it", "Stop.")
    async with conversation(script, LATER, ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        await stage.ask()
        assert (await stage.turn_finished()).end == "interrupted"
        await stage.until(Listening, 2)
        assert len(stage.seen(FinalTranscript)) == 1
        assert len(script.model.prompts) == stage_prompts(script, "what time is it")


def stage_prompts(script: Script, question: str) -> int:
    return sum(question in [message.content for message in prompt] for prompt in script.model.prompts)


async def test_its_own_words_do_not_interrupt_it() -> None:
    script = hears("what time is it", "It is noon")
    async with conversation(script, LATER, ScriptedLoudspeaker(room=150), echo_free=False) as stage:
        await begin_answer(stage)
        await stage.ears.hear(0.9, 640)
        await stage.ears.hear(0.0, 640)
        await stage.until(Disturbed, 3)
        assert actions(stage) == ["duck", "hold", "restore"]
        assert not stage.seen(TurnFinished)


async def test_what_the_echo_canceller_has_lowered_much_is_its_own_voice() -> None:
    async with conversation(config=LATER, loudspeaker=ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        stage.ears.reduction_db = 12.0
        await stage.ears.hear(0.9, 1600)
        assert not stage.seen(Disturbed)
        stage.ears.reduction_db = 3.0
        await stage.ears.hear(0.9, 320)
        await stage.until(Disturbed, 2)
        assert actions(stage) == ["duck", "hold"]


async def test_speech_that_goes_on_before_the_answer_is_heard_reopens_the_question() -> None:
    script = hears("what is the weather", "what is the weather in Berlin")
    script.voice.hold.holding = True
    async with conversation(script, SOON, echo_free=None) as stage:
        await stage.ask()
        await script.voice.hold.wait_until_reached()
        await stage.ask()
        await script.voice.hold.wait_until_stopped()
        script.voice.hold.released.set()
        assert (await stage.turn_finished()).end == "reopened"
        assert (await stage.turn_finished(2)).transcript == "what is the weather in Berlin"
        assert [event.reopens for event in stage.seen(SpeechStarted) if isinstance(event, SpeechStarted)] == [0, 1]
        seconds = script.recognizer.lengths_s
        assert seconds[-1] > seconds[0] + 0.6
        assert [message.content for message in script.model.prompts[-1]][1:2] == ["what is the weather in Berlin"]


async def test_speech_in_the_first_moments_of_the_answer_reopens_the_question_and_forgets_the_answer() -> None:
    script = hears("what is the weather", "what is the weather in Berlin")
    async with conversation(script, SOON, ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        await stage.ask()
        assert (await stage.turn_finished()).end == "reopened"
        await stage.until(PlaybackStarted, 2)
        assert [message.content for message in script.model.prompts[-1]][1:2] == ["what is the weather in Berlin"]


async def test_a_cough_after_the_question_delays_the_answer_and_no_more() -> None:
    script = hears("what is the weather", "what is the weather")
    script.voice.hold.holding = True
    async with conversation(script, SOON, echo_free=None) as stage:
        await stage.ask()
        await script.voice.hold.wait_until_reached()
        await stage.ears.hear(0.9, 160)
        await stage.until(Disturbed)
        script.voice.hold.released.set()
        await stage.ears.hear(0.0, 640)
        finished = await stage.turn_finished()
        assert (finished.end, finished.turn) == ("answered", 1)
        assert actions(stage) == ["hold", "restore"]
        assert len(stage.loudspeaker.playbacks) == 1


async def test_a_question_that_is_asked_while_the_answer_ends_is_answered() -> None:
    script = hears("what time is it", "and in Berlin")
    loudspeaker = ScriptedLoudspeaker(room=150)
    async with conversation(script, LATER, loudspeaker, echo_free=True) as stage:
        await begin_answer(stage)
        await stage.ears.hear(0.9, 128)
        loudspeaker.finish()
        assert (await stage.turn_finished()).end == "answered"
        await stage.ears.hear(0.9, 480)
        await stage.ears.hear(0.0, 640)
        await stage.until(FinalTranscript, 2)
        assert transcripts(stage)[-1] == "and in Berlin"


async def test_without_echo_cancellation_it_does_not_listen_while_it_speaks() -> None:
    async with conversation(config=LATER, loudspeaker=ScriptedLoudspeaker(room=150), echo_free=None) as stage:
        await begin_answer(stage)
        await stage.ask()
        assert not stage.seen(Disturbed)
        assert len(stage.seen(SpeechStarted)) == 1


async def test_the_conversation_can_be_silenced() -> None:
    async with conversation(config=LATER, loudspeaker=ScriptedLoudspeaker(room=150)) as stage:
        await begin_answer(stage)
        stage.room.stop()
        assert (await stage.turn_finished()).end == "interrupted"
        finished = stage.seen(PlaybackFinished)[0]
        assert isinstance(finished, PlaybackFinished)
        assert not finished.complete


async def test_speech_over_an_answer_that_an_empty_alarm_has_cut_into_holds_it_again() -> None:
    async with conversation(hears("and in Berlin"), LATER, ScriptedLoudspeaker(room=150), echo_free=True) as stage:
        await begin_answer(stage)
        await stage.ears.hear(0.9, 320)
        assert actions(stage)[-1] == "hold"
        with pytest.raises(AssistantError, match="nothing"):
            await stage.room.say("***", interrupt=True)
        assert not stage.loudspeaker.playbacks[0].paused
        await stage.ears.hear(0.9, 320)
        assert stage.loudspeaker.playbacks[0].paused
