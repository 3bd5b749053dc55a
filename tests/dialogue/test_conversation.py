"""Turns of a conversation, with scripted engines that can be held at every point."""

import anyio
import msgspec
import numpy as np
import pytest

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, StopFlag
from assistant.config.schema import Asr, Config, Turns
from assistant.engines.priority import Urgency
from assistant.errors import AssistantError, Code
from assistant.events import (
    AudioDropped,
    Error,
    Event,
    FinalTranscript,
    Listening,
    LoadShed,
    Muted,
    PartialTranscript,
    PlaybackFinished,
    PlaybackStarted,
    ReplyText,
    SpeechEnded,
    SpeechStarted,
    TurnFinished,
)
from assistant.testing.scripted import (
    DOUBTFUL,
    VOICE_RATE,
    Script,
    ScriptedEndOfTurn,
    ScriptedLoudspeaker,
    ScriptedModel,
    ScriptedVoice,
)
from assistant.testing.stage import QUIET, SILENCE, conversation

pytestmark = pytest.mark.anyio


class SlowVoice(ScriptedVoice):
    """Makes the first half of a clause, and may be held before the second."""

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        emit(np.full(VOICE_RATE // 2, 0.5, np.float32))
        super().synthesize(text, emit=emit, stop=stop)


async def test_a_question_is_answered_and_every_step_is_reported_in_order() -> None:
    async with conversation() as stage:
        await stage.ask()
        finished = await stage.turn_finished()
        await stage.until(Listening, 2)
    kinds = [type(event) for event in stage.events if not isinstance(event, ReplyText)]
    assert kinds == [
        Listening,
        SpeechStarted,
        SpeechEnded,
        FinalTranscript,
        PlaybackStarted,
        PlaybackFinished,
        TurnFinished,
        Listening,
    ]
    assert finished.transcript == "what time is it"
    assert finished.reply == "It is noon, I think. Or later."
    assert finished.spoken == finished.heard == "It is noon, I think. Or later."
    assert finished.tokens_evaluated == 7
    assert finished.error is None


async def test_what_is_recognised_begins_before_the_onset_and_ends_at_the_soft_end() -> None:
    async with conversation() as stage:
        await stage.ears.hear(0.0, 960)
        await stage.ask()
        await stage.turn_finished()
    assert stage.script.recognizer.lengths_s == [pytest.approx(0.32 + 0.96 + 0.032, abs=0.04)]


async def test_nothing_is_played_or_reported_before_the_user_has_finished() -> None:
    script = Script()
    async with conversation(script) as stage:
        await stage.ears.hear(0.9, 960)
        await stage.ears.hear(0.0, 128)
        await anyio.to_thread.run_sync(script.voice.spoke_twice.wait)
        await anyio.wait_all_tasks_blocked()
        assert [type(event) for event in stage.events] == [Listening, SpeechStarted]
        assert stage.loudspeaker.playbacks == []
        await stage.ears.hear(0.0, 640)
        await stage.turn_finished()
        assert len(stage.loudspeaker.playbacks) == 1


@pytest.mark.parametrize("engine", ["model", "voice"])
async def test_speech_that_resumes_stops_the_engine_at_work_and_is_answered_as_a_whole(engine: str) -> None:
    script = Script()
    script.recognizer.texts = ["set a timer", "set a timer for ten minutes"]
    hold = getattr(script, engine).hold
    hold.holding = True
    async with conversation(script) as stage:
        await stage.ears.hear(0.9, 960)
        await stage.ears.hear(0.0, 128)
        await hold.wait_until_reached()
        await stage.ears.hear(0.9, 480)
        await hold.wait_until_stopped()
        hold.holding = False
        await stage.ears.hear(0.0, 640)
        finished = await stage.turn_finished()
    assert finished.transcript == "set a timer for ten minutes"
    assert finished.revisions == 2
    assert len(stage.seen(FinalTranscript)) == 1
    assert script.recognizer.lengths_s[-1] > script.recognizer.lengths_s[0] + 0.5
    assert len(stage.loudspeaker.playbacks) == 1


async def test_recognition_goes_on_when_speech_resumes_and_its_words_are_reported() -> None:
    script = Script()
    script.recognizer.texts = ["set a timer", "set a timer for ten minutes"]
    script.recognizer.hold.holding = True
    async with conversation(script) as stage:
        await stage.ears.hear(0.9, 960)
        await stage.ears.hear(0.0, 128)
        await script.recognizer.hold.wait_until_reached()
        await stage.ears.hear(0.9, 480)
        script.recognizer.hold.released.set()
        partial = await stage.until(PartialTranscript)
        await stage.ears.hear(0.0, 640)
        finished = await stage.turn_finished()
    assert isinstance(partial, PartialTranscript)
    assert partial.tentative == "set a timer"
    assert not script.recognizer.hold.stopped.is_set()
    assert finished.transcript == "set a timer for ten minutes"
    assert finished.revisions == 1


async def test_an_answer_begun_for_the_same_words_is_kept() -> None:
    script = Script()
    script.recognizer.texts = ["what time is it", "What time is it?"]
    async with conversation(script, Config(asr=Asr(partial_interval_ms=320), turns=SILENCE, wake="none")) as stage:
        await stage.ears.hear(0.9, 416)
        await stage.until(PartialTranscript)
        await stage.ask()
        finished = await stage.turn_finished()
    assert finished.transcript == "What time is it?"
    assert finished.heard == "It is noon, I think. Or later."


async def test_a_doubtful_draft_is_recognised_again_on_the_full_window() -> None:
    script = Script()
    script.recognizer.texts = [DOUBTFUL]
    script.recognizer.full_window_text = "what time is it"
    async with conversation(script) as stage:
        await stage.ask()
        finished = await stage.turn_finished()
    assert finished.transcript == "what time is it"
    assert len(script.recognizer.lengths_s) == 2


async def test_a_turn_that_sounds_finished_is_committed_long_before_one_that_does_not() -> None:
    async def silence_until_commit(*probabilities: float | AssistantError) -> int:
        script = Script(end_of_turn=ScriptedEndOfTurn(list(probabilities)))
        async with conversation(script, Config(asr=Asr(partials=False), wake="none")) as stage:
            await stage.ears.hear(0.9, 960)
            for block in range(1, 60):
                await stage.ears.hear(0.0, 32)
                await anyio.sleep(0.002)
                if stage.seen(SpeechEnded):
                    return block * 32
        raise AssertionError("never committed")

    assert await silence_until_commit(0.99) <= 288
    assert 400 <= await silence_until_commit(0.88) <= 1000
    assert await silence_until_commit(0.05) >= 1200
    assert await silence_until_commit(AssistantError(Code.TURN_FAILED, "broken")) >= 1200


async def test_a_machine_that_cannot_keep_up_says_so_and_still_answers() -> None:
    script = Script()
    script.recognizer.texts = ["what", "what time", "what time is", "what time is it"]
    script.recognizer.seconds = 0.5
    async with conversation(script, Config(asr=Asr(partial_interval_ms=320), turns=SILENCE, wake="none")) as stage:
        for count in (1, 2):
            await stage.ears.hear(0.9, 448)
            await stage.until(PartialTranscript, count)
        shed = await stage.until(LoadShed)
        await stage.ears.hear(0.9, 320)
        await stage.ears.hear(0.0, 640)
        finished = await stage.turn_finished()
    assert isinstance(shed, LoadShed)
    assert shed.effort == finished.effort == "fewer_passes"
    assert finished.heard


async def test_blocks_that_come_late_are_counted() -> None:
    async with conversation() as stage:
        await stage.ears.hear(0.9, 480)
        stage.ears.delay_s = 0.2
        await stage.ears.hear(0.9, 96)
        stage.ears.delay_s = 0.0
        await stage.ears.hear(0.0, 640)
        finished = await stage.turn_finished()
    assert finished.late_blocks == 3


@pytest.mark.parametrize("engine", ["recognizer", "model", "voice"])
async def test_ending_the_conversation_stops_the_engine_at_work(engine: str) -> None:
    script = Script()
    hold = getattr(script, engine).hold
    hold.holding = True
    async with conversation(script) as stage:
        await stage.ask()
        await hold.wait_until_reached()
    assert hold.stopped.is_set()
    assert stage.seen(TurnFinished) == []


async def test_ending_the_conversation_stops_the_loudspeaker_and_reports_what_was_heard() -> None:
    loudspeaker = ScriptedLoudspeaker(room=250)
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        await loudspeaker.full.wait()
    assert loudspeaker.playbacks[0].stopped
    cut = stage.seen(PlaybackFinished)[0]
    assert isinstance(cut, PlaybackFinished)
    assert not cut.complete
    assert "It is noon, I think. Or later.".startswith(cut.heard)
    assert cut.heard


async def test_a_sentence_without_words_ends_the_turn_without_an_answer() -> None:
    async with conversation(Script()) as stage:
        stage.script.recognizer.texts = [""]
        await stage.ask()
        finished = await stage.turn_finished()
    assert finished.transcript == ""
    assert finished.reply == ""
    assert stage.script.model.prompts == []
    assert stage.loudspeaker.playbacks == []


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (lambda: _failing_recognizer(), Code.ASR_FAILED),
        (lambda: _failing_model(), Code.LLM_FAILED),
        (lambda: _silent_model(), Code.REPLY_EMPTY),
    ],
)
async def test_a_turn_that_fails_is_an_event_and_the_next_turn_works(script: object, code: Code) -> None:
    broken: Script = script()  # type: ignore[operator]
    async with conversation(broken) as stage:
        await stage.ask()
        failed = await stage.turn_finished()
        await stage.until(Listening, 2)
        broken.recognizer.texts = ["hello"]
        broken.model.error = None
        broken.model.pieces = ["Hello."]
        await stage.ask()
        worked = await stage.turn_finished(2)
    assert failed.error == code
    assert [event.code for event in stage.seen(Error) if isinstance(event, Error)] == [code]
    assert failed.heard == ("" if code is Code.ASR_FAILED else "Sorry, something went wrong.")
    assert len(stage.history.exchanges) == 1
    assert worked.heard == "Hello."


def _failing_recognizer() -> Script:
    script = Script()
    script.recognizer.texts = [AssistantError(Code.ASR_FAILED, "broken"), AssistantError(Code.ASR_FAILED, "broken")]
    return script


def _failing_model() -> Script:
    script = Script()
    script.model.error = AssistantError(Code.LLM_FAILED, "broken")
    return script


def _silent_model() -> Script:
    script = Script()
    script.model.pieces = ["  "]
    return script


async def test_a_loudspeaker_that_fails_ends_the_turn_and_what_was_not_said_is_kept() -> None:
    loudspeaker = ScriptedLoudspeaker()
    loudspeaker.broken = True
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        assert (await stage.turn_finished()).error == Code.DEVICE_FAILED
        assert stage.room.take_unsaid().startswith("It is noon,")
        assert stage.room.take_unsaid() == ""
        loudspeaker.broken = False
        await stage.ask()
        assert (await stage.turn_finished(2)).error is None
        assert stage.room.take_unsaid() == ""


async def test_a_microphone_that_fails_takes_what_was_being_said_with_it() -> None:
    async with conversation() as stage:
        await stage.ears.hear(0.9, 960)
        assert stage.room.state == "hearing"
        stage.room.lose_input()
        assert stage.room.state == "deaf"
        with pytest.raises(AssistantError) as error:
            stage.room.listen()
        assert error.value.code is Code.DEVICE_FAILED
        stage.room.regain_input()
        await stage.ears.hear(0.0, 640)
        assert stage.seen(TurnFinished) == []
        await stage.ask()
        await stage.turn_finished()


async def test_a_changed_configuration_holds_from_the_next_turn_on() -> None:
    async with conversation(loudspeaker=ScriptedLoudspeaker(room=250)) as stage:
        await stage.ask()
        await stage.until(PlaybackStarted)
        stage.room.configure(msgspec.structs.replace(QUIET, turns=Turns(mode="silence", endpoint_ms=2000)))
        stage.loudspeaker.finish()
        await stage.turn_finished()
        await stage.ask()
        assert stage.room.state == "hearing"  # 640 ms of silence do not end a turn any more
        await stage.ears.hear(0.0, 1600)
        await stage.turn_finished(2)


async def test_a_language_model_on_the_same_cores_pauses_at_each_clause_and_goes_on_with_what_it_wrote() -> None:
    script = Script()
    script.voice.hold.holding = True
    async with conversation(script) as stage:
        await stage.ask()
        await script.voice.hold.wait_until_reached()
        (await stage.engines.generation.queue.acquire(Urgency.SPOKEN)).release()  # others may have it meanwhile
        assert len(script.model.prompts) == 1
        script.voice.hold.released.set()
        finished = await stage.turn_finished()
    begun = [prompt[-1].content for prompt in stage.script.model.prompts if prompt[-1].role == "assistant"]
    assert begun[0].startswith("It is noon,")
    assert all(finished.reply.startswith(reply) for reply in begun)
    assert finished.reply == "It is noon, I think. Or later."
    assert stage.script.voice.spoken == ["It is noon,", "I think.", "Or later."]
    assert (finished.tokens_reused, finished.tokens_evaluated) == (5, 7)


async def test_one_that_works_elsewhere_writes_on_while_the_voice_is_at_work() -> None:
    script = Script(model=ScriptedModel(shares_processor=False))
    async with conversation(script) as stage:
        await stage.ask()
        finished = await stage.turn_finished()
    assert len(script.model.prompts) == 1
    assert finished.heard == "It is noon, I think. Or later."


@pytest.mark.parametrize("shares_processor", [True, False])
async def test_a_reply_that_fails_half_way_is_reported_after_what_was_said_of_it(shares_processor: bool) -> None:
    script = Script(model=ScriptedModel(shares_processor=shares_processor))
    script.voice.error_at = 2
    async with conversation(script) as stage:
        await stage.ask()
        finished = await stage.turn_finished()
    assert finished.error == Code.TTS_FAILED
    assert "Sorry" not in finished.heard


async def test_the_next_prompt_holds_what_was_said_and_heard_before() -> None:
    async with conversation() as stage:
        await stage.ask()
        await stage.until(Listening, 2)
        await stage.ask()
        await stage.turn_finished(2)
    second = [prompt for prompt in stage.script.model.prompts if len(prompt) == 4][-1]
    contents = [message.content for message in second]
    assert contents[1:] == ["what time is it", "It is noon, I think. Or later.", "what time is it"]


async def test_partial_transcripts_are_reported_while_the_user_speaks() -> None:
    script = Script()
    script.recognizer.texts = ["what", "what time", "what time is", "what time is it"]
    async with conversation(script, Config(asr=Asr(partial_interval_ms=320), turns=SILENCE, wake="none")) as stage:
        for count, milliseconds in ((1, 416), (2, 320), (3, 320)):
            await stage.ears.hear(0.9, milliseconds)
            await stage.until(PartialTranscript, count)
        await stage.ears.hear(0.0, 640)
        await stage.turn_finished()
    partials = [event for event in stage.seen(PartialTranscript) if isinstance(event, PartialTranscript)]
    assert [(event.stable, event.tentative) for event in partials] == [
        ("", "what"),
        ("what", "time"),
        ("what time", "is"),
    ]


async def test_while_the_assistant_speaks_it_does_not_listen() -> None:
    loudspeaker = ScriptedLoudspeaker(room=250)
    async with conversation(loudspeaker=loudspeaker) as stage:
        await stage.ask()
        await loudspeaker.full.wait()
        await stage.ask()
        assert len(stage.seen(SpeechStarted)) == 1


async def test_a_microphone_that_is_switched_off_as_speech_begins_takes_the_turn_with_it() -> None:
    async with conversation() as stage:

        def mute(event: Event) -> None:
            if isinstance(event, SpeechStarted):
                stage.tasks.start_soon(stage.room.mute)

        with stage.bus.subscribe(mute):
            await stage.ears.hear(0.9, 320)
            await stage.until(Muted)
        await stage.room.unmute()
        await stage.ask()
        assert (await stage.turn_finished()).turn == 2


async def test_a_clause_that_is_still_being_synthesised_does_not_count_as_heard() -> None:
    voice = SlowVoice()
    voice.hold.holding = True
    async with conversation(Script(voice=voice)) as stage:
        await stage.ask()
        await stage.until(PlaybackStarted)
        assert stage.loudspeaker.playbacks[0].played > 0
        stage.room.stop()
        assert (await stage.turn_finished()).heard == ""


async def test_lost_microphone_audio_is_reported() -> None:
    async with conversation() as stage:
        await stage.ears.hear(0.0, 64)
        stage.ears.dropped = 1600
        await stage.ears.hear(0.0, 64)
        await anyio.wait_all_tasks_blocked()
    assert [event for event in stage.events if isinstance(event, AudioDropped)] == [
        AudioDropped(samples=1600, room="local")
    ]
