"""Effects of answers, with a turn cut at every point: none runs twice or unasked, none that was promised is lost."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
import msgspec
import pytest
from wyoming.event import Event as WyomingEvent
from wyoming.handle import Handled, HandledChunk

from assistant.answers import acts
from assistant.answers.base import Act
from assistant.app.running import Running
from assistant.config.schema import Asr, Config, Turns, Wake
from assistant.dialogue.turn.attempts import ONSET_S
from assistant.errors import AssistantError, Code
from assistant.events import (
    Announced,
    Disturbed,
    Error,
    FinalTranscript,
    Listening,
    PartialTranscript,
    PlaybackFinished,
    PlaybackStarted,
    Provenance,
    ReplyText,
    SpeechStarted,
    TurnFinished,
)
from assistant.interfaces.wyoming.conversations import Conversations
from assistant.telemetry.metrics import Metrics
from assistant.testing.answers import ScriptedEffect, ScriptedResponder
from assistant.testing.scripted import (
    Script,
    ScriptedLoudspeaker,
    ScriptedRecognizer,
    ScriptedWakeWordDetector,
)
from assistant.testing.stage import QUIET, SILENCE, Stage, conversation

pytestmark = pytest.mark.anyio

TIMER, LONGER, OTHER = "set a timer", "set a timer for ten minutes", "and what is the weather"
CLAIM, FAILED, FALLBACK = "The timer is set.", "There is no timer left.", "Sorry, I could not do that."
WEATHER = "It rains."
BROKEN = AssistantError(Code.EFFECT_FAILED, "broken")

RAN = ["run timer", "ran timer"]
UNDONE = ["undo timer", "undid timer"]
RAN_LONGER = ["run longer", "ran longer"]


def within(milliseconds: int) -> Config:
    """A question can be reopened until so long after its answer began to be heard."""
    return msgspec.structs.replace(QUIET, turns=Turns(mode="silence", reopen_ms=milliseconds))


LATER, SOON = within(0), within(10_000)
BRIEFLY = within(100)
BRIEFLY_S = 0.1 + ONSET_S
PARTIALS = msgspec.structs.replace(QUIET, asr=Asr(partial_interval_ms=320), turns=SILENCE)
ASLEEP = msgspec.structs.replace(LATER, wake=Wake(listen_s=2, follow_up_s=1))


def hears(*texts: str) -> Script:
    return Script(recognizer=ScriptedRecognizer(list(texts)), detector=ScriptedWakeWordDetector())


class Skill(ScriptedResponder):
    """Sets a timer when it is asked to, another one when it is asked for a longer one, and knows the weather."""

    def __init__(self, *, can_undo: bool = True, before: Sequence[str] = (), after: Sequence[str] = ()) -> None:
        super().__init__({})
        self.timer = ScriptedEffect("timer", can_undo=can_undo, log=self.log)
        self.longer = ScriptedEffect("longer", can_undo=can_undo, log=self.log)
        self.parts = {
            TIMER: [*before, Act(self.timer, CLAIM), *after],
            LONGER: [Act(self.longer, CLAIM)],
            OTHER: [WEATHER],
        }

    @property
    def changes(self) -> list[str]:
        """What has become of the effects, without the questions."""
        return [line for line in self.log if not line.startswith("asked ")]


def texts(stage: Stage) -> list[str]:
    return [event.text for event in stage.seen(ReplyText) if isinstance(event, ReplyText)]


def errors(stage: Stage) -> list[str]:
    return [event.code for event in stage.seen(Error) if isinstance(event, Error)]


def ends(stage: Stage) -> list[str]:
    return [event.end for event in stage.seen(TurnFinished) if isinstance(event, TurnFinished)]


async def settled() -> None:
    """Let everything happen that can without anything being released."""
    await anyio.wait_all_tasks_blocked()


class TestBeforeTheCommit:
    async def test_a_revision_that_the_user_goes_on_after_has_no_effect(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        script.voice.hold.holding = True
        async with conversation(script, responders=[skill]) as stage:
            await stage.ears.hear(0.9, 960)
            await stage.ears.hear(0.0, 128)
            await script.voice.hold.wait_until_reached()
            await stage.ears.hear(0.9, 480)
            await script.voice.hold.wait_until_stopped()
            script.voice.hold.holding = False
            await stage.ears.hear(0.0, 640)
            finished = await stage.turn_finished()
        assert finished.heard == CLAIM
        assert skill.log == [f"asked {TIMER}", f"asked {LONGER}", *RAN_LONGER]

    @pytest.mark.parametrize(
        ("last", "log"),
        [
            (LONGER, [f"asked {TIMER}", f"asked {LONGER}", *RAN_LONGER]),
            ("Set a timer.", [f"asked {TIMER}", *RAN]),
        ],
    )
    async def test_an_answer_begun_ahead_counts_only_for_the_same_words(self, last: str, log: list[str]) -> None:
        script, skill = hears(TIMER, last), Skill()
        script.voice.hold.holding = True
        async with conversation(script, PARTIALS, responders=[skill]) as stage:
            await stage.ears.hear(0.9, 416)
            await stage.until(PartialTranscript)
            script.recognizer.hold.holding = True
            await stage.ears.hear(0.0, 160)
            await script.recognizer.hold.wait_until_reached()
            await script.voice.hold.wait_until_reached()
            script.recognizer.hold.released.set()
            script.voice.hold.released.set()
            await stage.ears.hear(0.0, 640)
            assert (await stage.turn_finished()).heard == CLAIM
        assert skill.log == log

    async def test_a_turn_that_a_wake_word_ends_has_no_effect(self) -> None:
        script, skill = hears(TIMER), Skill()
        script.voice.hold.holding = True
        async with conversation(script, ASLEEP, responders=[skill]) as stage:
            await wake(stage)
            await stage.ears.hear(0.9, 960)
            await stage.ears.hear(0.0, 128)
            await script.voice.hold.wait_until_reached()
            await wake(stage)
            await script.voice.hold.wait_until_stopped()
            script.voice.hold.holding = False
            await stage.ears.hear(0.0, 640)
            assert skill.log == [f"asked {TIMER}"]
            await stage.ask()
            await stage.turn_finished()
        assert skill.log == [f"asked {TIMER}", f"asked {TIMER}", *RAN]

    async def test_what_is_said_over_an_answer_is_not_even_asked_until_it_is_for_the_assistant(self) -> None:
        script, skill = hears(OTHER, TIMER), Skill()
        async with conversation(
            script, LATER, ScriptedLoudspeaker(room=50), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await stage.loudspeaker.full.wait()
            script.recognizer.hold.holding = True
            await stage.ears.hear(0.9, 640)
            await stage.ears.hear(0.0, 640)
            await script.recognizer.hold.wait_until_reached()
            assert skill.log == [f"asked {OTHER}"]
            stage.loudspeaker.finish()
            script.recognizer.hold.released.set()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {OTHER}", f"asked {TIMER}", *RAN]

    async def test_a_hum_over_an_answer_has_no_effect(self) -> None:
        script, skill = hears(TIMER, "Mm-hmm."), Skill()
        async with conversation(
            script, LATER, ScriptedLoudspeaker(room=50), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await stage.loudspeaker.full.wait()
            await stage.ears.hear(0.9, 320)
            await stage.ears.hear(0.0, 640)
            await stage.until(Disturbed, 3)
            stage.loudspeaker.finish()
            assert (await stage.turn_finished()).end == "answered"
        assert skill.log == [f"asked {TIMER}", *RAN]

    async def test_an_interruption_before_the_words_are_certain_is_before_the_commit(self) -> None:
        script, skill = hears(TIMER), Skill()
        script.recognizer.hold.holding = True
        async with conversation(script, responders=[skill]) as stage:
            await stage.ask()
            await script.recognizer.hold.wait_until_reached()
            stage.room.stop()
            script.recognizer.hold.released.set()
            assert (await stage.turn_finished()).end == "interrupted"
        assert skill.log == []


async def wake(stage: Stage) -> None:
    assert stage.script.detector is not None
    stage.script.detector.said = True
    await stage.ears.hear(0.0, 64)


class TestTheClaim:
    async def test_it_is_synthesised_ahead_and_heard_only_after_the_effect(self) -> None:
        script, skill = hears(TIMER), Skill(before=["One moment. "], after=["Anything else?"])
        skill.timer.hold.holding = True
        async with conversation(script, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await anyio.to_thread.run_sync(script.voice.spoke_twice.wait)
            await settled()
            assert script.voice.spoken[:2] == ["One moment.", CLAIM]
            assert texts(stage) == ["One moment."]
            assert stage.loudspeaker.playbacks[0].played <= 200 + 100
            skill.timer.hold.released.set()
            finished = await stage.turn_finished()
        assert finished.heard == finished.reply == f"One moment. {CLAIM} Anything else?"
        assert texts(stage) == ["One moment.", CLAIM, "Anything else?"]
        assert len(stage.loudspeaker.playbacks) == 1

    @pytest.mark.parametrize("error", [BROKEN, ValueError("a bug"), TimeoutError()])
    @pytest.mark.parametrize(("own", "said"), [(FAILED, FAILED), ("", FALLBACK)])
    async def test_an_effect_that_fails_has_its_honest_sentence_in_the_same_place(
        self, error: Exception, own: str, said: str
    ) -> None:
        effect = ScriptedEffect(error=error)
        skill = ScriptedResponder(["One moment. ", Act(effect, f"{CLAIM} It rings at noon.", own), "Anything else?"])
        async with conversation(responders=[skill]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert finished.heard == finished.reply == f"One moment. {said} Anything else?"
        assert texts(stage) == ["One moment.", said, "Anything else?"]
        assert errors(stage) == [Code.EFFECT_FAILED]
        assert (finished.error, finished.end) == (None, "answered")
        assert [exchange.heard for exchange in stage.history.exchanges] == [finished.heard]

    async def test_so_has_one_that_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(acts, "MAX_EFFECT_S", 0.05)
        skill = Skill()
        skill.timer.hold.holding = True
        async with conversation(hears(TIMER), responders=[skill]) as stage:
            await stage.ask()
            assert (await stage.turn_finished()).heard == FALLBACK
        assert skill.changes == ["run timer"]

    async def test_the_honest_sentence_comes_in_its_place_however_much_follows(self) -> None:
        after = [f"This is sentence number {number}. " for number in range(40)]
        skill = Skill(before=["One moment. "], after=after)
        skill.timer.error = BROKEN
        async with conversation(hears(TIMER), responders=[skill]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert finished.heard == f"One moment. {FALLBACK} {''.join(after)}".strip()

    async def test_of_two_effects_each_has_its_own_sentence(self) -> None:
        log: list[str] = []
        light, timer = ScriptedEffect("light", error=BROKEN, log=log), ScriptedEffect(log=log)
        skill = ScriptedResponder([Act(light, "The light is on.", "The light does not answer."), Act(timer, CLAIM)])
        async with conversation(responders=[skill]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert finished.heard == finished.reply == f"The light does not answer. {CLAIM}"
        assert log == ["run light", *RAN]

    async def test_an_effect_that_is_not_worth_a_word_is_run_all_the_same(self) -> None:
        effect = ScriptedEffect()
        async with conversation(responders=[ScriptedResponder([Act(effect), "Anything else?"])]) as stage:
            await stage.ask()
            assert (await stage.turn_finished()).heard == "Anything else?"
        assert effect.log == RAN

    async def test_an_answer_may_be_nothing_but_such_an_effect(self) -> None:
        effect = ScriptedEffect()
        async with conversation(config=LATER, responders=[ScriptedResponder([Act(effect)])]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert (finished.end, finished.error, finished.reply) == ("answered", None, "")
        assert effect.log == RAN
        assert stage.loudspeaker.playbacks == []

    async def test_of_which_only_the_failure_may_be_worth_words(self) -> None:
        effect = ScriptedEffect(error=BROKEN)
        async with conversation(responders=[ScriptedResponder([Act(effect, failed=FAILED)])]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert finished.heard == finished.reply == FAILED
        assert texts(stage) == [FAILED]

    async def test_an_answer_of_nothing_but_a_claim_is_heard_and_remembered(self) -> None:
        skill = Skill()
        skill.expects_reply = True
        async with conversation(hears(TIMER), responders=[skill]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert finished.heard == finished.reply == CLAIM
        assert finished.provenance == Provenance(kind="skill", name="scripted")
        assert finished.expects_reply
        assert [(exchange.said, exchange.heard) for exchange in stage.history.exchanges] == [(TIMER, CLAIM)]

    async def test_an_answer_that_breaks_off_has_done_what_it_yielded_first_and_says_so(self) -> None:
        skill = Skill()
        skill.broken = ValueError("a bug")
        async with conversation(hears(TIMER), responders=[skill]) as stage:
            await stage.ask()
            finished = await stage.turn_finished()
        assert (finished.error, finished.heard) == (Code.ANSWERS_FAILED, CLAIM)
        assert skill.changes == RAN


class TestReopening:
    async def test_what_ran_is_undone_before_the_whole_question_is_answered(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        script.voice.hold.holding = True
        async with conversation(script, SOON, echo_free=None, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.ended.wait()
            await script.voice.hold.wait_until_reached()
            await stage.ask()
            await script.voice.hold.wait_until_stopped()
            script.voice.hold.released.set()
            first, second = await stage.turn_finished(), await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]
        assert (first.end, first.reply, second.heard) == ("reopened", "", CLAIM)
        assert [exchange.said for exchange in stage.history.exchanges] == [LONGER]

    async def test_so_it_is_in_the_first_moments_of_the_answer(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        async with conversation(
            script, SOON, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await stage.loudspeaker.full.wait()
            await stage.ask()
            await stage.until(PlaybackStarted, 2)
            stage.loudspeaker.finish()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]
        assert ends(stage) == ["reopened", "answered"]

    async def test_what_is_at_work_comes_to_its_end_first(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.timer.hold.holding = True
        async with conversation(script, SOON, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await stage.ask()
            await stage.until(Disturbed, 2)
            await settled()
            assert skill.log == [f"asked {TIMER}", "run timer"]
            skill.timer.hold.released.set()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]

    async def test_an_undoing_that_takes_its_time_is_waited_for(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.timer.undo_hold.holding = True
        script.voice.hold.holding = True
        async with conversation(script, SOON, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.ended.wait()
            await stage.ask()
            await skill.timer.undo_hold.reached.wait()
            script.voice.hold.released.set()
            await settled()
            assert skill.log == [f"asked {TIMER}", *RAN, "undo timer"]
            skill.timer.undo_hold.released.set()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]

    async def test_what_had_not_begun_is_never_run(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        second, third = ScriptedEffect("second", log=skill.log), ScriptedEffect("third", log=skill.log)
        skill.parts = {TIMER: [Act(skill.timer), Act(second), Act(third, CLAIM)], LONGER: [Act(skill.longer, CLAIM)]}
        skill.timer.hold.holding = skill.hold.holding = True
        async with conversation(script, SOON, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await skill.hold.reached.wait()
            await stage.ears.hear(0.9, 960)
            await stage.ears.hear(0.0, 640)
            await stage.until(Disturbed, 2)
            skill.timer.hold.released.set()
            skill.hold.released.set()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]

    async def test_an_undoing_that_fails_is_told_and_the_question_is_answered_all_the_same(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.timer.undo_error = AssistantError(Code.EFFECT_FAILED, "the timer has run down")
        script.voice.hold.holding = True
        async with conversation(script, SOON, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.ended.wait()
            await stage.ask()
            await script.voice.hold.wait_until_stopped()
            script.voice.hold.released.set()
            assert (await stage.turn_finished(2)).heard == CLAIM
        assert errors(stage) == [Code.EFFECT_FAILED]
        assert skill.log == [f"asked {TIMER}", *RAN, "undo timer", f"asked {LONGER}", *RAN_LONGER]

    async def test_so_it_is_after_an_answer_without_a_word(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.parts = {TIMER: [Act(skill.timer)], LONGER: [Act(skill.longer)]}
        async with conversation(script, within(500), responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.ended.wait()
            await settled()
            await stage.ask()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]
        assert ends(stage) == ["reopened", "answered"]

    async def test_an_answer_that_would_be_over_waits_for_who_may_be_going_on(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.parts = {TIMER: ["One moment.", Act(skill.timer)], LONGER: [Act(skill.longer, CLAIM)]}
        skill.timer.hold.holding = True
        async with conversation(script, SOON, echo_free=True, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await stage.until(PlaybackFinished)
            await stage.ears.hear(0.9, 320)
            await stage.until(Disturbed)
            skill.timer.hold.released.set()
            await settled()
            assert skill.changes == RAN
            assert ends(stage) == []
            await stage.ears.hear(0.9, 320)
            await stage.ears.hear(0.0, 640)
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]
        assert ends(stage) == ["reopened", "answered"]

    async def test_a_noise_long_enough_to_be_speech_is_no_reason_to_forget_the_question(self) -> None:
        script, skill = hears(TIMER), Skill()
        async with conversation(
            script, SOON, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await stage.loudspeaker.full.wait()
            stage.loudspeaker.finish()
            await stage.ears.hear(0.9, 1600)
            await stage.ears.hear(0.0, 640)
            assert (await stage.turn_finished(2)).heard == CLAIM
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {TIMER}", *RAN]
        assert ends(stage) == ["reopened", "answered"]

    async def test_who_takes_the_question_back_has_it_undone_and_no_other_answer(self) -> None:
        script, skill = hears(TIMER, f"{TIMER} never mind"), Skill()
        async with conversation(
            script, SOON, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await stage.loudspeaker.full.wait()
            await stage.ask()
            await stage.until(Listening, 2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE]
        assert ends(stage) == ["reopened"]

    async def test_a_recognition_that_fails_then_is_told_and_does_not_stop_the_conversation(self) -> None:
        script, skill = hears(TIMER), Skill()
        async with conversation(
            script, SOON, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await stage.loudspeaker.full.wait()
            await stage.ears.hear(0.9, 1600)
            assert (await stage.turn_finished()).end == "reopened"
            script.recognizer.texts = [AssistantError(Code.ASR_FAILED, "broken")]
            stage.loudspeaker.finish()
            await stage.ears.hear(0.0, 640)
            assert (await stage.turn_finished(2)).error == Code.ASR_FAILED
            script.recognizer.texts = [LONGER]
            await stage.ask()
            assert (await stage.turn_finished(3)).heard == CLAIM
        assert skill.changes == [*RAN, *UNDONE, *RAN_LONGER]

    async def test_what_follows_an_answer_that_was_stopped_is_another_question(self) -> None:
        script, skill = hears(TIMER, OTHER), Skill()
        skill.timer.hold.holding = True
        async with conversation(script, SOON, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            stage.room.stop()
            await stage.ask()
            await stage.until(Disturbed, 2)
            skill.timer.hold.released.set()
            await stage.turn_finished(2)
            assert [event.reopens for event in stage.seen(SpeechStarted) if isinstance(event, SpeechStarted)] == [0, 0]
        assert skill.log == [f"asked {TIMER}", *RAN, f"asked {OTHER}"]
        assert ends(stage) == ["interrupted", "answered"]

    async def test_a_stop_after_the_question_was_reopened_leaves_nothing_done(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.timer.hold.holding = True
        async with conversation(script, SOON, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await stage.ask()
            await stage.until(Disturbed, 2)
            stage.room.stop()
            skill.timer.hold.released.set()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE, f"asked {LONGER}", *RAN_LONGER]
        assert ends(stage) == ["reopened", "answered"]


class TestWhatCannotBeUndone:
    async def test_it_is_not_run_before_the_user_can_hardly_go_on(self) -> None:
        skill = Skill(can_undo=False)
        async with conversation(hears(TIMER), BRIEFLY, responders=[skill]) as stage:
            asked_at = anyio.current_time()
            await stage.ask()
            assert (await stage.turn_finished()).heard == CLAIM
        assert skill.changes == RAN
        assert skill.timer.began_at is not None
        assert skill.timer.began_at >= asked_at + BRIEFLY_S

    async def test_nor_before_that_is_so_of_an_answer_that_can_be_heard(self) -> None:
        script, skill = hears(TIMER), Skill(can_undo=False, before=["One moment. "])
        script.voice.hold.holding = True
        async with conversation(script, BRIEFLY, responders=[skill]) as stage:
            await stage.ask()
            await script.voice.hold.wait_until_reached()
            script.voice.hold.released.set()
            assert (await stage.turn_finished()).heard == f"One moment. {CLAIM}"
        began_at, started_at = skill.timer.began_at, stage.loudspeaker.playbacks[0].started_at
        assert began_at is not None
        assert started_at is not None
        assert began_at >= started_at + BRIEFLY_S

    async def test_a_cough_meanwhile_delays_it_and_no_more(self) -> None:
        script, skill = hears(TIMER), Skill(can_undo=False)
        async with conversation(script, BRIEFLY, responders=[skill]) as stage:
            await stage.ask()
            await stage.ears.hear(0.9, 160)
            await stage.until(Disturbed)
            with anyio.move_on_after(2 * BRIEFLY_S) as waited:
                await skill.timer.began.wait()
            assert waited.cancelled_caught
            restored_at = anyio.current_time()
            await stage.ears.hear(0.0, 640)
            assert (await stage.turn_finished()).heard == CLAIM
        assert skill.log == [f"asked {TIMER}", *RAN]
        assert skill.timer.began_at is not None
        assert skill.timer.began_at >= restored_at

    async def test_it_is_never_run_when_the_user_goes_on(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill(can_undo=False)
        async with conversation(script, BRIEFLY, responders=[skill]) as stage:
            await stage.ask()
            await stage.ask()
            await stage.turn_finished(2)
        assert skill.log == [f"asked {TIMER}", f"asked {LONGER}", *RAN_LONGER]
        assert ends(stage) == ["reopened", "answered"]

    async def test_once_it_is_run_what_is_said_is_another_question(self) -> None:
        script, skill = hears(TIMER, OTHER), Skill(can_undo=False)
        skill.timer.hold.holding = True
        async with conversation(script, BRIEFLY, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await stage.ask()
            await stage.until(Disturbed, 2)
            skill.timer.hold.released.set()
            await stage.turn_finished(2)
            assert [event.reopens for event in stage.seen(SpeechStarted) if isinstance(event, SpeechStarted)] == [0, 0]
        assert skill.log == [f"asked {TIMER}", *RAN, f"asked {OTHER}"]
        assert ends(stage) == ["interrupted", "answered"]

    async def test_an_alarm_that_cuts_in_delays_it_and_no_more(self) -> None:
        skill, loudspeaker = Skill(can_undo=False), ScriptedLoudspeaker(room=50)
        async with conversation(hears(TIMER), LATER, loudspeaker, responders=[skill]) as stage:
            await stage.ask()
            await stage.until(FinalTranscript)
            stage.tasks.start_soon(partial(stage.room.say, "Smoke in the kitchen.", interrupt=True))
            await loudspeaker.full.wait()
            with anyio.move_on_after(2 * ONSET_S) as waited:
                await skill.timer.began.wait()
            assert waited.cancelled_caught
            loudspeaker.finish()
            assert (await stage.turn_finished()).heard == CLAIM
        assert skill.changes == RAN

    async def test_switching_the_microphone_off_lets_it_go_on(self) -> None:
        script, skill = hears(TIMER), Skill(can_undo=False)
        async with conversation(script, BRIEFLY, responders=[skill]) as stage:
            await stage.ask()
            await stage.ears.hear(0.9, 160)
            await stage.until(Disturbed)
            await stage.room.mute()
            assert (await stage.turn_finished()).heard == CLAIM
        assert skill.changes == RAN


Cut = Callable[[Stage], Awaitable[None]]


async def say_stop(stage: Stage) -> None:
    stage.script.recognizer.texts = ["Stop."]
    await stage.ask()
    await stage.until(Disturbed, 2)


async def ask_something_else(stage: Stage) -> None:
    stage.script.recognizer.texts = [OTHER]
    await stage.ask()
    await stage.until(Disturbed, 2)


async def call_stop(stage: Stage) -> None:
    stage.room.stop()


async def call_listen(stage: Stage) -> None:
    stage.room.listen()


CUTS = [say_stop, ask_something_else, call_stop, call_listen, wake]


class TestInterruption:
    @pytest.mark.parametrize("cut", CUTS)
    async def test_the_effect_at_work_comes_to_its_end_once(self, cut: Cut) -> None:
        skill = Skill(before=["One moment. "])
        skill.timer.hold.holding = True
        async with conversation(
            hears(TIMER), LATER, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await stage.until(PlaybackStarted)
            await cut(stage)
            await stage.until(PlaybackFinished)
            assert ends(stage) == []
            skill.timer.hold.released.set()
            finished = await stage.turn_finished()
        assert skill.changes == RAN
        assert (finished.end, finished.heard) == ("interrupted", "One")
        assert CLAIM not in texts(stage)

    @pytest.mark.parametrize("cut", CUTS)
    async def test_what_was_promised_behind_it_is_done_if_it_can_be_undone(self, cut: Cut) -> None:
        log: list[str] = []
        first, second = ScriptedEffect("first", log=log), ScriptedEffect("second", log=log)
        final, never = ScriptedEffect("final", can_undo=False, log=log), ScriptedEffect("never", log=log)
        first.hold.holding = True
        skill = ScriptedResponder({TIMER: ["One moment. ", Act(first), Act(final), Act(second), Act(never, CLAIM)]})
        skill.hold.holding = True
        async with conversation(
            hears(TIMER), LATER, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            await stage.ask()
            await first.hold.reached.wait()
            await skill.hold.reached.wait()
            await stage.until(PlaybackStarted)
            await cut(stage)
            await stage.until(PlaybackFinished)
            first.hold.released.set()
            assert (await stage.turn_finished()).end == "interrupted"
        assert log == ["run first", "ran first", "run second", "ran second"]

    async def test_a_long_question_after_a_wake_word_is_answered_once_the_effect_at_work_has_ended(self) -> None:
        script, skill = hears(TIMER, OTHER), Skill()
        skill.timer.hold.holding = True
        async with conversation(script, ASLEEP, responders=[skill]) as stage:
            await wake(stage)
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await wake(stage)
            await stage.ears.hear(0.9, 3200)
            await stage.ears.hear(0.0, 640)
            skill.timer.hold.released.set()
            assert (await stage.turn_finished(2)).heard == WEATHER
        assert skill.log == [f"asked {TIMER}", *RAN, f"asked {OTHER}"]

    async def test_switching_the_microphone_off_interrupts_nothing(self) -> None:
        skill = Skill()
        skill.timer.hold.holding = True
        async with conversation(hears(TIMER), responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            await stage.room.mute()
            skill.timer.hold.released.set()
            assert (await stage.turn_finished()).heard == CLAIM
        assert skill.changes == RAN

    @pytest.mark.parametrize("error", [None, BROKEN])
    async def test_a_loudspeaker_that_fails_stops_no_effect_and_what_is_left_to_say_is_true(
        self, error: Exception | None
    ) -> None:
        skill = Skill(before=["One moment. "])
        skill.timer.error = error
        skill.timer.hold.holding = True
        loudspeaker = ScriptedLoudspeaker()
        loudspeaker.broken = True
        async with conversation(hears(TIMER), LATER, loudspeaker, responders=[skill]) as stage:
            await stage.ask()
            await skill.timer.hold.reached.wait()
            skill.timer.hold.released.set()
            finished = await stage.turn_finished()
            unsaid = stage.room.take_unsaid()
        assert finished.error == Code.DEVICE_FAILED
        assert skill.changes == (RAN if error is None else ["run timer"])
        assert unsaid in {"One moment.", f"One moment. {CLAIM if error is None else FALLBACK}"}

    async def test_at_the_end_of_the_conversation_what_was_promised_is_done_once(self) -> None:
        log: list[str] = []
        first, second = ScriptedEffect("first", log=log), ScriptedEffect("second", log=log)
        final = ScriptedEffect("final", can_undo=False, log=log)
        skill = ScriptedResponder([Act(first, CLAIM), Act(final, CLAIM), Act(second, CLAIM), "Anything else?"])
        first.hold.holding = skill.hold.holding = True
        async with anyio.create_task_group() as outside, conversation(responders=[skill]) as stage:
            await stage.ask()
            await first.hold.reached.wait()
            await skill.hold.reached.wait()
            outside.start_soon(release_once_all_wait, first)
        assert log == ["run first", "ran first", "run second", "ran second"]
        assert stage.seen(TurnFinished) == []

    async def test_at_its_end_what_cannot_be_undone_is_dropped(self) -> None:
        skill = Skill(can_undo=False)
        async with conversation(hears(TIMER), SOON, responders=[skill]) as stage:
            await stage.ask()
            await stage.until(FinalTranscript)
            await settled()
        assert skill.log == [f"asked {TIMER}"]

    async def test_an_undoing_is_not_cut_short_by_the_end_of_the_conversation(self) -> None:
        script, skill = hears(TIMER, LONGER), Skill()
        skill.timer.undo_hold.holding = True
        async with (
            anyio.create_task_group() as outside,
            conversation(script, SOON, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]) as stage,
        ):
            await stage.ask()
            await stage.loudspeaker.full.wait()
            await stage.ask()
            await skill.timer.undo_hold.reached.wait()
            outside.start_soon(release_once_all_wait, skill.timer)
        assert skill.log == [f"asked {TIMER}", *RAN, *UNDONE]


async def release_once_all_wait(effect: ScriptedEffect) -> None:
    await settled()
    effect.hold.released.set()
    effect.undo_hold.released.set()


class TestTyped:
    async def test_the_text_of_a_wyoming_client_has_its_effect_once_and_its_sentence_follows(self) -> None:
        skill, sent = Skill(before=["One moment. "]), list[WyomingEvent]()
        skill.timer.hold.holding = True

        async def send(event: WyomingEvent) -> None:
            sent.append(event)

        async with conversation(responders=[skill]) as stage:
            host = Running(stage.rooms, stage.bus, Metrics(), lambda: QUIET, stage.tasks.cancel_scope.cancel)
            stage.tasks.start_soon(Conversations(host).answer, TIMER, "", None, send)
            await skill.timer.hold.reached.wait()
            await settled()
            assert [HandledChunk.from_event(event).text for event in sent[1:]] == ["One moment. "]
            skill.timer.hold.released.set()
            await stage.turn_finished()
            await settled()
        assert skill.changes == RAN
        assert Handled.from_event(sent[-2]).text == f"One moment. {CLAIM}"

    @pytest.mark.parametrize("aloud", [True, False])
    @pytest.mark.parametrize(("error", "said"), [(None, CLAIM), (BROKEN, FALLBACK)])
    async def test_the_effect_is_run_once_and_its_sentence_follows(
        self, aloud: bool, error: Exception | None, said: str
    ) -> None:
        skill = Skill(can_undo=False, before=["One moment. "], after=["Anything else?"])
        skill.timer.error = error
        skill.timer.hold.holding = True
        pieces: list[str] = []
        async with conversation(config=SOON, responders=[skill]) as stage:
            stage.tasks.start_soon(partial(stage.room.ask, TIMER, aloud=aloud, written=pieces.append))
            await skill.timer.hold.reached.wait()
            assert "".join(pieces).strip() == "One moment."
            skill.timer.hold.released.set()
            done = await stage.turn_finished()
            assert done.reply == "".join(pieces) == f"One moment. {said} Anything else?"
            assert [exchange.heard for exchange in stage.history.exchanges] == [done.reply]
        assert skill.changes == (RAN if error is None else ["run timer"])
        assert errors(stage) == ([] if error is None else [Code.EFFECT_FAILED])
        assert done.provenance == Provenance(kind="skill", name="scripted")

    @pytest.mark.parametrize("aloud", [True, False])
    async def test_an_answer_may_be_nothing_but_an_effect(self, aloud: bool) -> None:
        effect = ScriptedEffect()
        async with conversation(responders=[ScriptedResponder([Act(effect)])]) as stage:
            done = await stage.room.ask(TIMER, aloud=aloud)
            assert (done.reply, done.error) == ("", None)
        assert effect.log == RAN

    @pytest.mark.parametrize("aloud", [True, False])
    async def test_who_cancels_the_question_does_not_cancel_the_effect_at_work(self, aloud: bool) -> None:
        log: list[str] = []
        first, second = ScriptedEffect(log=log), ScriptedEffect("second", log=log)
        first.hold.holding = True
        skill = ScriptedResponder([Act(first, CLAIM), Act(second, CLAIM)])
        async with conversation(responders=[skill]) as stage:
            async with anyio.create_task_group() as askers:
                askers.start_soon(partial(stage.room.ask, TIMER, aloud=aloud))
                await first.hold.reached.wait()
                askers.cancel_scope.cancel()
                stage.tasks.start_soon(release_once_all_wait, first)
            assert (await stage.turn_finished()).end == "interrupted"
            await first.ended.wait()
            assert (await stage.room.say("Next.")).heard == "Next."
        assert log == RAN
        assert not stage.history.exchanges

    async def test_who_says_stop_to_an_answer_aloud_does_not_stop_the_effect_at_work(self) -> None:
        skill = Skill()
        skill.timer.hold.holding = True
        async with conversation(responders=[skill]) as stage:
            stage.tasks.start_soon(partial(stage.room.ask, TIMER, aloud=True))
            await skill.timer.hold.reached.wait()
            stage.room.stop()
            skill.timer.hold.released.set()
            assert (await stage.turn_finished()).end == "interrupted"
        assert skill.changes == RAN

    async def test_what_is_said_over_an_answer_aloud_is_another_question(self) -> None:
        script, skill = hears(OTHER), Skill()
        async with conversation(
            script, SOON, ScriptedLoudspeaker(room=150), echo_free=True, responders=[skill]
        ) as stage:
            stage.tasks.start_soon(partial(stage.room.ask, TIMER, aloud=True))
            await stage.loudspeaker.full.wait()
            stage.loudspeaker.finish()
            await stage.ask()
            assert (await stage.turn_finished(2)).heard == WEATHER
        assert skill.log == [f"asked {TIMER}", *RAN, f"asked {OTHER}"]

    async def test_an_answer_that_waits_to_be_said_has_no_effect_before_its_turn_comes(self) -> None:
        skill = Skill()
        loudspeaker = ScriptedLoudspeaker(room=50)
        async with conversation(loudspeaker=loudspeaker, responders=[skill]) as stage:
            stage.tasks.start_soon(stage.room.say, "The washing is done.")
            await loudspeaker.full.wait()
            stage.tasks.start_soon(partial(stage.room.ask, TIMER, aloud=True))
            await settled()
            assert stage.room.waiting == 1
            assert skill.log == []
            loudspeaker.finish()
            await stage.until(Announced)
            await stage.turn_finished()
        assert skill.log == [f"asked {TIMER}", *RAN]

    async def test_one_that_is_taken_back_while_it_waits_has_none(self) -> None:
        skill = Skill()
        loudspeaker = ScriptedLoudspeaker(room=50)
        async with conversation(loudspeaker=loudspeaker, responders=[skill]) as stage:
            stage.tasks.start_soon(stage.room.say, "The washing is done.")
            await loudspeaker.full.wait()
            async with anyio.create_task_group() as askers:
                askers.start_soon(partial(stage.room.ask, TIMER, aloud=True))
                await settled()
                askers.cancel_scope.cancel()
            loudspeaker.finish()
            await stage.until(Announced)
            await settled()
        assert skill.log == []
