"""The acts of one answer: what is run, what is undone and what is said of it, whenever the answer is given up."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest

from assistant.answers.acts import MAX_EFFECT_S, Acts, Claim
from assistant.answers.base import Act, Answer, Part
from assistant.answers.text import committed
from assistant.errors import AssistantError, Code
from assistant.events import Provenance
from assistant.testing.answers import ScriptedEffect
from assistant.testing.clock import JumpingLoop

pytestmark = pytest.mark.anyio

DONE, FAILED, FALLBACK = "The timer is set.", "There is no timer left.", "Sorry."
BROKEN = AssistantError(Code.EFFECT_FAILED, "broken")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Waiting takes no time."""
    return "asyncio", {"loop_factory": JumpingLoop}


class Answering:
    """The acts of an answer, with all that becomes known of them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.errors: list[AssistantError] = []
        self.past = anyio.Event()
        self.calm = anyio.Event()
        self.calm.set()
        self.over = False
        self.acts = Acts(
            fallback=FALLBACK, final=self.past.wait, calm=lambda: self.calm.wait(), failing=self.errors.append
        )

    def effect(self, name: str = "timer", *, can_undo: bool = True, error: Exception | None = None) -> ScriptedEffect:
        return ScriptedEffect(name, can_undo=can_undo, error=error, log=self.log)

    def propose(self, effect: ScriptedEffect, failed: str = "") -> Claim:
        return self.acts.propose(Act(effect, DONE, failed))

    async def run(self) -> None:
        await self.acts.run()
        self.over = True


@asynccontextmanager
async def running(answering: Answering) -> AsyncIterator[anyio.CancelScope]:
    """Run what is committed, until it is over; what is waited for has been reached when the body begins."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(answering.run)
        await anyio.wait_all_tasks_blocked()
        yield tasks.cancel_scope


async def test_nothing_runs_before_the_commit() -> None:
    answering = Answering()
    claim = answering.propose(answering.effect())
    async with running(answering):
        assert answering.log == []
        answering.acts.commit()
        answering.acts.close()
    assert answering.log == ["run timer", "ran timer"]
    assert await claim.succeeded()
    assert claim.text == DONE


async def test_nothing_runs_of_an_answer_that_is_given_up_before_the_commit() -> None:
    for reopened in (True, False):
        answering = Answering()
        claim = answering.propose(answering.effect())
        answering.acts.give_up(reopened=reopened)
        answering.acts.commit()
        await answering.run()
        assert answering.log == []
        assert not await claim.succeeded()
        assert claim.text == ""


async def test_effects_run_in_order_and_one_at_a_time_also_those_proposed_after_the_commit() -> None:
    answering = Answering()
    first = answering.effect("first")
    first.hold.holding = True
    answering.propose(first)
    answering.acts.commit()
    async with running(answering):
        answering.propose(answering.effect("second"))
        answering.acts.close()
        await anyio.wait_all_tasks_blocked()
        assert answering.log == ["run first"]
        first.hold.released.set()
    assert answering.log == ["run first", "ran first", "run second", "ran second"]


async def test_it_is_not_over_before_the_answer_has_ended() -> None:
    answering = Answering()
    answering.acts.commit()
    async with running(answering):
        assert not answering.over
        answering.propose(answering.effect())
        await anyio.wait_all_tasks_blocked()
        assert answering.log == ["run timer", "ran timer"]
        assert not answering.over
        answering.acts.close()


@pytest.mark.parametrize(("own", "said"), [(FAILED, FAILED), ("", FALLBACK)])
async def test_an_effect_that_fails_is_told_and_has_its_honest_sentence(own: str, said: str) -> None:
    answering = Answering()
    claim = answering.propose(answering.effect(error=BROKEN), own)
    answering.acts.commit()
    answering.acts.close()
    await answering.run()
    assert not await claim.succeeded()
    assert claim.text == said
    assert answering.errors == [BROKEN]


async def test_one_that_fails_without_words_is_told_and_nothing_is_said() -> None:
    answering = Answering()
    claim = answering.acts.propose(Act(answering.effect(error=BROKEN)))
    answering.acts.commit()
    answering.acts.close()
    await answering.run()
    assert claim.text == ""
    assert answering.errors == [BROKEN]


@pytest.mark.parametrize("error", [ValueError("a bug"), TimeoutError("no reply")])
async def test_whatever_an_effect_raises_it_has_failed_and_the_next_one_runs(error: Exception) -> None:
    answering = Answering()
    claim = answering.propose(answering.effect("first", error=error))
    answering.propose(answering.effect("second"))
    answering.acts.commit()
    answering.acts.close()
    await answering.run()
    assert claim.text == FALLBACK
    assert answering.log == ["run first", "run second", "ran second"]
    assert [failing.message for failing in answering.errors] == [f"{type(error).__name__}: {error}"]
    assert answering.errors[0].code is Code.EFFECT_FAILED


async def test_one_that_does_not_end_in_time_has_failed() -> None:
    answering = Answering()
    effect = answering.effect()
    effect.hold.holding = True
    claim = answering.propose(effect)
    answering.acts.commit()
    answering.acts.close()
    began = anyio.current_time()
    await answering.run()
    assert anyio.current_time() - began == pytest.approx(MAX_EFFECT_S)
    assert claim.text == FALLBACK
    assert answering.log == ["run timer"]
    assert [error.code for error in answering.errors] == [Code.EFFECT_FAILED]


async def test_what_was_done_is_undone_in_reverse_when_the_question_is_reopened() -> None:
    answering = Answering()
    claims = [answering.propose(answering.effect(name)) for name in ("first", "second")]
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=True)
    assert answering.log[4:] == ["undo second", "undid second", "undo first", "undid first"]
    assert [claim.text for claim in claims] == ["", ""]


async def test_what_is_at_work_when_the_question_is_reopened_comes_to_its_end_and_is_undone() -> None:
    answering = Answering()
    effect = answering.effect("first")
    effect.hold.holding = True
    answering.propose(effect)
    second = answering.propose(answering.effect("second"))
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=True)
        await anyio.wait_all_tasks_blocked()
        assert not answering.over
        effect.hold.released.set()
    assert answering.log == ["run first", "ran first", "undo first", "undid first"]
    assert not await second.succeeded()


async def test_what_failed_is_not_undone() -> None:
    answering = Answering()
    answering.propose(answering.effect(error=BROKEN))
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=True)
    assert answering.log == ["run timer"]


@pytest.mark.parametrize("error", [BROKEN, ValueError("a bug")])
async def test_an_undoing_that_fails_is_told_and_the_others_are_undone(error: Exception) -> None:
    answering = Answering()
    answering.propose(answering.effect("first"))
    second = answering.effect("second")
    second.undo_error = error
    answering.propose(second)
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=True)
    assert answering.log[4:] == ["undo second", "undo first", "undid first"]
    assert len(answering.errors) == 1


async def test_an_undoing_that_does_not_end_is_given_up() -> None:
    answering = Answering()
    effect = answering.effect()
    effect.undo_hold.holding = True
    answering.propose(effect)
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=True)
    assert answering.log == ["run timer", "ran timer", "undo timer"]
    assert [error.code for error in answering.errors] == [Code.EFFECT_FAILED]


async def test_nothing_that_is_proposed_after_the_question_was_reopened_is_run() -> None:
    answering = Answering()
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=True)
        claim = answering.propose(answering.effect())
    assert answering.log == []
    assert not await claim.succeeded()


async def test_what_was_committed_and_can_be_undone_is_done_although_the_answer_is_given_up() -> None:
    answering = Answering()
    effect = answering.effect("first")
    effect.hold.holding = True
    answering.propose(effect)
    answering.propose(answering.effect("second"))
    final = answering.propose(answering.effect("final", can_undo=False))
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=False)
        effect.hold.released.set()
    assert answering.log == ["run first", "ran first", "run second", "ran second"]
    assert not await final.succeeded()


@pytest.mark.parametrize(("first", "last"), [(True, ["undo timer", "undid timer"]), (False, [])])
async def test_what_was_said_first_of_an_answer_that_is_given_up_holds(first: bool, last: list[str]) -> None:
    answering = Answering()
    effect = answering.effect()
    effect.hold.holding = True
    answering.propose(effect)
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=first)
        answering.acts.give_up(reopened=not first)
        effect.hold.released.set()
    assert answering.log == ["run timer", "ran timer", *last]


async def test_what_cannot_be_undone_waits_until_the_question_cannot_be_reopened() -> None:
    answering = Answering()
    claim = answering.propose(answering.effect(can_undo=False))
    answering.acts.commit()
    answering.acts.close()
    async with running(answering):
        assert answering.log == []
        assert not answering.acts.is_final
        answering.past.set()
        await claim.succeeded()
        assert answering.acts.is_final
    assert answering.log == ["run timer", "ran timer"]


@pytest.mark.parametrize("reopened", [True, False])
async def test_it_is_never_run_when_the_answer_is_given_up_meanwhile(reopened: bool) -> None:
    answering = Answering()
    claim = answering.propose(answering.effect(can_undo=False))
    answering.acts.commit()
    async with running(answering):
        answering.acts.give_up(reopened=reopened)
        answering.past.set()
    assert answering.log == []
    assert not await claim.succeeded()


async def test_it_is_never_run_when_the_answer_is_given_up_in_the_moment_at_which_the_window_closes() -> None:
    answering = Answering()
    claim = answering.propose(answering.effect(can_undo=False))
    answering.acts.commit()
    async with running(answering):
        answering.past.set()
        answering.acts.give_up(reopened=True)
    assert answering.log == []
    assert not await claim.succeeded()


async def test_it_is_final_while_it_runs() -> None:
    answering = Answering()
    effect = answering.effect(can_undo=False)
    effect.hold.holding = True
    answering.propose(effect)
    answering.past.set()
    answering.acts.commit()
    async with running(answering):
        assert answering.acts.is_final
        answering.acts.give_up(reopened=False)
        effect.hold.released.set()
    assert answering.log == ["run timer", "ran timer"]


async def test_the_window_closes_once_for_all_that_cannot_be_undone() -> None:
    answering = Answering()
    for name in ("first", "second"):
        answering.propose(answering.effect(name, can_undo=False))
    answering.acts.commit()
    answering.acts.close()
    answering.past.set()
    await answering.run()
    assert answering.log == ["run first", "ran first", "run second", "ran second"]


async def test_it_is_not_over_while_the_question_may_still_be_reopened() -> None:
    answering = Answering()
    answering.calm = anyio.Event()
    answering.propose(answering.effect())
    answering.acts.commit()
    answering.acts.close()
    async with running(answering):
        assert answering.log == ["run timer", "ran timer"]
        assert not answering.over
        answering.acts.give_up(reopened=True)
    assert answering.log[2:] == ["undo timer", "undid timer"]


async def test_it_is_over_once_it_is_calm() -> None:
    answering = Answering()
    answering.calm = anyio.Event()
    answering.propose(answering.effect())
    answering.acts.commit()
    answering.acts.close()
    async with running(answering):
        answering.calm.set()
    assert answering.over
    assert answering.log == ["run timer", "ran timer"]


async def test_who_cancels_waits_for_what_is_at_work_and_for_what_was_promised() -> None:
    answering = Answering()
    effect = answering.effect("first")
    effect.hold.holding = True
    answering.propose(effect)
    answering.propose(answering.effect("second"))
    final = answering.propose(answering.effect("final", can_undo=False))
    answering.propose(answering.effect("third"))
    answering.acts.commit()
    async with running(answering) as scope:
        scope.cancel()
        effect.hold.released.set()
    assert answering.log == ["run first", "ran first", "run second", "ran second", "run third", "ran third"]
    assert not await final.succeeded()
    assert not answering.over


async def test_who_cancels_has_what_cannot_be_undone_dropped_even_if_its_window_has_closed() -> None:
    answering = Answering()
    effect = answering.effect("first")
    effect.hold.holding = True
    answering.propose(effect)
    final = [answering.propose(answering.effect("final", can_undo=False)) for _ in range(2)]
    answering.past.set()
    answering.acts.commit()
    async with running(answering) as scope:
        scope.cancel()
        effect.hold.released.set()
    assert answering.log == ["run first", "ran first"]
    assert [await claim.succeeded() for claim in final] == [False, False]


async def test_who_cancels_while_it_waits_for_the_window_has_what_cannot_be_undone_dropped() -> None:
    answering = Answering()
    final = answering.propose(answering.effect("final", can_undo=False))
    answering.propose(answering.effect("second"))
    answering.acts.commit()
    async with running(answering) as scope:
        scope.cancel()
    assert answering.log == ["run second", "ran second"]
    assert not await final.succeeded()


async def test_who_cancels_before_anything_has_begun_has_what_was_promised_done() -> None:
    answering = Answering()
    answering.propose(answering.effect())
    answering.acts.commit()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(answering.run)
        tasks.cancel_scope.cancel()
    assert answering.log == ["run timer", "ran timer"]


async def test_who_cancels_while_something_is_undone_waits_for_it() -> None:
    answering = Answering()
    effect = answering.effect()
    effect.undo_hold.holding = True
    answering.propose(effect)
    answering.acts.commit()
    async with running(answering) as scope:
        answering.acts.give_up(reopened=True)
        await effect.undo_hold.reached.wait()
        scope.cancel()
        effect.undo_hold.released.set()
    assert answering.log[2:] == ["undo timer", "undid timer"]


def answer_of(*parts: Part) -> Answer:
    async def write() -> AsyncGenerator[Part, None]:
        for part in parts:
            yield part

    return Answer(Provenance(kind="skill", name="scripted"), write)


async def text_of(answer: Answer, acts: Acts) -> str:
    async with aclosing(committed(answer, acts)) as pieces:
        return "".join([piece async for piece in pieces])


async def test_in_text_an_effect_is_run_where_it_stands() -> None:
    answering = Answering()
    answer = answer_of("One moment.", Act(answering.effect(), DONE), "Anything else?")
    async with aclosing(committed(answer, answering.acts)) as coming:
        pieces = [(piece, len(answering.log)) async for piece in coming]
    assert pieces == [("One moment.", 0), (f" {DONE}", 2), (" Anything else?", 2)]


async def test_in_text_the_sentence_is_the_one_that_is_true() -> None:
    answering = Answering()
    answer = answer_of(
        Act(answering.effect("first", error=BROKEN), DONE, FAILED),
        Act(answering.effect("second", error=BROKEN), DONE),
        Act(answering.effect("third", can_undo=False), DONE),
        Act(answering.effect("silent")),
        Act(answering.effect("silent too", error=BROKEN)),
    )
    assert await text_of(answer, answering.acts) == f"{FAILED} {FALLBACK} {DONE}"
    assert answering.errors == [BROKEN] * 3


async def test_in_text_who_cancels_waits_for_the_effect_at_work_and_no_other_begins() -> None:
    answering = Answering()
    effect = answering.effect("first")
    effect.hold.holding = True
    answer = answer_of(Act(effect, DONE), Act(answering.effect("second"), DONE))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(text_of, answer, answering.acts)
        await effect.hold.reached.wait()
        tasks.cancel_scope.cancel()
        effect.hold.released.set()
    assert answering.log == ["run first", "ran first"]


async def test_a_defect_of_an_effect_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    answering = Answering()
    answering.propose(answering.effect(error=ValueError("a bug")))
    answering.acts.commit()
    answering.acts.close()
    with caplog.at_level(logging.ERROR):
        await answering.run()
    assert "an effect failed" in caplog.text
