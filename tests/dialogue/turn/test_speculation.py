"""The plan of a turn, on the clock of the audio alone."""

import itertools

import pytest

from assistant.asr.base import Transcription
from assistant.audio.pcm import LISTENING_RATE
from assistant.dialogue.turn.speculation import (
    Action,
    Answer,
    Effort,
    Plan,
    Prepare,
    Recognise,
    Release,
    StopRecognising,
    Withdraw,
)

SECOND = LISTENING_RATE
INTERVAL = SECOND // 2


def plan(effort: Effort = Effort.FULL, *, beside: bool = False, interval: int | None = INTERVAL) -> Plan:
    made = Plan(interval, effort, beside=beside)
    made.begun(SECOND)
    return made


def found(text: str, *, doubtful: bool = False) -> Transcription:
    return Transcription(text, "en", 1.0, 0.2, 1.0, 6.0, doubtful)


def tell(made: Plan, covered: int, text: str, *, stable: bool = False, stopped: bool = False) -> list[Action]:
    return made.recognised(covered, found(text), stable=stable, stopped=stopped)


def test_a_pass_begins_when_there_is_enough_new_audio_and_none_is_at_work() -> None:
    made = plan()
    assert made.grown(SECOND + INTERVAL - 1) == []
    assert made.grown(SECOND + INTERVAL) == [Recognise(SECOND + INTERVAL)]
    assert made.grown(3 * SECOND) == []
    assert tell(made, SECOND + INTERVAL, "what") == [Recognise(3 * SECOND)]


def test_a_falling_voice_makes_a_pass_worthwhile_sooner() -> None:
    made = plan()
    assert made.grown(SECOND + INTERVAL // 2) == []
    assert made.grown(SECOND + INTERVAL // 2 + 1, falling=True) == [Recognise(SECOND + INTERVAL // 2 + 1)]


def test_the_language_model_reads_ahead_when_there_are_several_new_words() -> None:
    made = plan()
    made.grown(2 * SECOND)
    assert tell(made, 2 * SECOND, "what is") == []
    made.grown(3 * SECOND)
    assert tell(made, 3 * SECOND, "what is the") == [Prepare("what is the")]
    made.grown(4 * SECOND)
    assert tell(made, 4 * SECOND, "what is the weather") == []


def test_the_last_pass_begins_at_the_soft_end_and_its_words_are_answered_behind_the_gate() -> None:
    made = plan()
    made.grown(SECOND + 600)
    assert made.paused(SECOND) == [Recognise(SECOND + 600)]
    assert tell(made, SECOND + 600, "what time is it") == [Answer("what time is it")]
    assert made.committed() == [Release("what time is it")]


def test_a_commit_before_the_words_are_certain_waits_for_them() -> None:
    made = plan()
    made.grown(SECOND + 600)
    made.paused(SECOND)
    assert made.committed() == []
    assert tell(made, SECOND + 600, "stop") == [Answer("stop"), Release("stop")]


def test_no_words_are_released_without_an_answer() -> None:
    made = plan()
    made.paused(SECOND)
    assert tell(made, SECOND, "") == []
    assert made.committed() == [Release("")]


def test_a_pass_that_reaches_the_end_of_speech_is_the_last() -> None:
    made = plan()
    made.grown(2 * SECOND)
    assert made.paused(2 * SECOND) == []
    assert tell(made, 2 * SECOND, "lights off") == [Answer("lights off")]


def test_a_pass_that_does_not_is_ended_and_followed_by_the_last() -> None:
    made = plan()
    made.grown(2 * SECOND)
    made.grown(3 * SECOND)
    assert made.paused(3 * SECOND - 600) == [StopRecognising()]
    assert tell(made, 2 * SECOND, "", stopped=True) == [Recognise(3 * SECOND)]


def test_speech_that_resumes_withdraws_the_answer_and_keeps_the_pass_at_work() -> None:
    made = plan()
    made.paused(SECOND)
    tell(made, SECOND, "set a timer")
    assert made.resumed() == [Withdraw()]
    made.grown(2 * SECOND)
    made.paused(2 * SECOND)
    assert made.resumed() == []
    assert tell(made, 2 * SECOND, "set a timer for") == [Prepare("set a timer for")]


def test_an_answer_to_the_same_words_is_kept_whatever_their_punctuation() -> None:
    made = plan()
    made.grown(2 * SECOND)
    assert tell(made, 2 * SECOND, "What time is it?", stable=True) == [Answer("What time is it?")]
    made.grown(2 * SECOND + 600)
    assert made.paused(2 * SECOND + 300) == [Recognise(2 * SECOND + 600)]
    assert tell(made, 2 * SECOND + 600, "what time is it") == []
    assert made.committed() == [Release("what time is it")]


def test_an_answer_to_other_words_is_replaced() -> None:
    made = plan()
    made.grown(2 * SECOND)
    tell(made, 2 * SECOND, "What time is it?", stable=True)
    made.grown(2 * SECOND + 600)
    made.paused(2 * SECOND + 300)
    assert tell(made, 2 * SECOND + 600, "what time is it in Rome") == [Answer("what time is it in Rome")]


def test_an_answer_begun_while_the_user_spoke_is_withdrawn_when_more_words_come() -> None:
    made = plan()
    made.grown(2 * SECOND)
    tell(made, 2 * SECOND, "What time is it?", stable=True)
    made.grown(3 * SECOND)
    assert Withdraw() in tell(made, 3 * SECOND, "What time is it in")


def test_with_a_core_to_spare_what_was_understood_shortly_before_the_end_is_answered_meanwhile() -> None:
    for beside, late in itertools.product((True, False), repeat=2):
        made = plan(beside=beside)
        made.grown(2 * SECOND)
        tell(made, 2 * SECOND, "lights off")
        end = 2 * SECOND + (SECOND if late else SECOND // 5)
        made.grown(end)
        if late:
            tell(made, end, "lights off please now")
            end += SECOND // 4 + 600
            made.grown(end + 600)
        begins = Answer("lights off") in made.paused(end)
        assert begins is (beside and not late)


def test_a_doubtful_last_pass_is_repeated_on_the_full_window() -> None:
    made = plan()
    made.paused(SECOND)
    assert made.recognised(SECOND, found("", doubtful=True), stable=False, stopped=False) == [Recognise(SECOND, True)]
    assert tell(made, SECOND, "at last") == [Answer("at last")]


def test_a_doubtful_pass_while_the_user_speaks_is_not() -> None:
    made = plan()
    made.grown(2 * SECOND)
    assert made.recognised(2 * SECOND, found("", doubtful=True), stable=False, stopped=False) == []


@pytest.mark.parametrize(
    ("effort", "passes_after", "recognises_at_soft_end"),
    [
        (Effort.FULL, INTERVAL, True),
        (Effort.FEWER_PASSES, 2 * INTERVAL, True),
        (Effort.NO_SPECULATION, 2 * INTERVAL, False),
        (Effort.NO_PARTIALS, None, False),
    ],
)
def test_effort_is_shed_in_steps_and_the_answer_still_comes(
    effort: Effort, passes_after: int | None, recognises_at_soft_end: bool
) -> None:
    made = plan(effort)
    if passes_after is None:
        assert made.grown(9 * SECOND) == []
    else:
        assert made.grown(SECOND + passes_after - 1) == []
    made = plan(effort)
    made.grown(SECOND + 600)
    assert bool(made.paused(SECOND)) is recognises_at_soft_end
    if not recognises_at_soft_end:
        assert made.committed() == [Recognise(SECOND + 600)]
        assert tell(made, SECOND + 600, "yes") == [Answer("yes"), Release("yes")]


def test_nothing_is_recognised_while_the_user_speaks_when_partial_transcripts_are_off() -> None:
    assert plan(interval=None).grown(9 * SECOND) == []


@pytest.mark.parametrize("order", list(itertools.permutations(["pass", "resume", "commit"], 2)))
def test_whatever_comes_first_nothing_is_released_twice_or_before_the_commit(order: tuple[str, str]) -> None:
    made = plan()
    made.paused(SECOND)
    released: list[Action] = []
    committed = False
    for step in order:
        if step == "pass":
            actions = tell(made, SECOND, "yes")
        elif step == "resume" and not committed:
            actions = made.resumed()
        else:
            committed = True
            actions = made.committed()
        released += [action for action in actions if isinstance(action, Release)]
        assert committed or not released
    assert len(released) <= 1
