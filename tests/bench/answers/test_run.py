"""The requests of this checkout are answered right, and the judge finds what is not."""

from pathlib import Path

import pytest

from assistant.answers.skills.speech import languages, speech_of
from assistant.bench.answers.checks import failures
from assistant.bench.answers.report import State, TimerState
from assistant.bench.answers.requests import Expect, TimerCheck, read_requests
from assistant.bench.answers.run import measure_answers
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.testing.scripted import Script

REQUESTS = Path(__file__).parents[2] / "requests"


def test_every_request_of_the_checkout_is_answered_right() -> None:
    for language in languages():
        speech_of(language)
    report = measure_answers(Config(), Script().engines(), REQUESTS, lambda text: None)
    assert [(turn.id, turn.say, turn.reply, turn.wrong) for turn in report.turns if not turn.passed] == []
    assert report.wrong_effects == 0
    assert report.entries.passed == report.entries.of > 100


TIMER = TimerState(kind="timer", name="pasta", due="2026-03-18T21:20:00", seconds_left=600)


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        (Expect(reply_matches="eight"), "eight"),
        (Expect(reply_not="ten"), "ten"),
        (Expect(timer=TimerCheck(seconds=610)), "610"),
        (Expect(timer=TimerCheck(seconds=600, name="tea")), "tea"),
        (Expect(timers=2), "1 timers"),
        (Expect(volume=40), "volume"),
        (Expect(list_has=("shopping", "eggs")), "eggs"),
        (Expect(none=True), "changed"),
    ],
)
def test_what_is_not_as_expected_is_told(expect: Expect, wrong: str) -> None:
    after = State(timers=(TIMER,), lists={"shopping": ("milk",)})
    assert wrong in "; ".join(failures(expect, "Set for ten minutes.", "skill", State(), after))


@pytest.mark.parametrize(
    "expect",
    [
        Expect(),
        Expect(reply_matches="TEN minutes"),
        Expect(timer=TimerCheck(seconds=601, name="Pasta"), timers=1),
        Expect(volume=50, list_has=("shopping", "Milk")),
    ],
)
def test_what_is_as_expected_passes(expect: Expect) -> None:
    after = State(timers=(TIMER,), lists={"shopping": ("oat milk",)})
    assert list(failures(expect, "Set for ten minutes.", "skill", State(), after)) == []


@pytest.mark.parametrize(
    "text",
    ["- {id: a}", "- {id: a, say: x, expect: {reply_matches: '('}}", "- {id: a, say: x, at: noon}", "- {say: x}", "x"],
)
def test_a_request_that_cannot_be_run_is_refused_before_any_is(text: str, tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(text)
    with pytest.raises(AssistantError) as error:
        list(read_requests(tmp_path))
    assert error.value.code is Code.REQUESTS_INVALID


def test_a_folder_without_requests_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="no YAML file"):
        list(read_requests(tmp_path))
