"""Candidates for a wake word, which a thread looks at."""

import threading

import pytest

from assistant.errors import AssistantError, Code
from assistant.wake.base import Candidate, Detection
from assistant.wake.candidate import settled

pytestmark = pytest.mark.anyio

WORD = Detection("okay_nabu", 0.9, 512, 0, second_look=0.8)


async def test_what_is_certain_is_passed_on() -> None:
    assert await settled(None) is None
    assert await settled(WORD) is WORD


@pytest.mark.parametrize("outcome", [WORD, None])
async def test_a_candidate_is_looked_at_away_from_the_event_loop(outcome: Detection | None) -> None:
    threads = []

    def look() -> Detection | None:
        threads.append(threading.current_thread())
        return outcome

    assert await settled(Candidate(look)) is outcome
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_a_look_that_fails_is_the_callers_error() -> None:
    def look() -> Detection | None:
        raise AssistantError(Code.WAKE_FAILED, "the second look at a wake word failed")

    with pytest.raises(AssistantError, match="second look"):
        await settled(Candidate(look))
