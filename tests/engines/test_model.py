"""The language model behind its handle."""

from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count

import anyio
import pytest

from assistant.engines import queue
from assistant.engines.model import HANDOVER_S, Model, ModelHandle
from assistant.engines.priority import Precedence, Urgency
from assistant.engines.queue import EngineQueue
from assistant.errors import AssistantError, Code
from assistant.llm.base import CountTokens, Generation, Message, Usage
from assistant.testing.scripted import ScriptedModel, ScriptedRemoteModel

pytestmark = pytest.mark.anyio


def question(count: CountTokens) -> list[Message]:
    return [Message("user", "What time is it?")]


def handle_of(model: Model) -> ModelHandle:
    return ModelHandle(model, EngineQueue("llm", Precedence()))


async def text_of(reply: Generation) -> str:
    async with aclosing(reply.pieces()) as pieces:
        return "".join([piece async for piece in pieces])


async def test_a_reply_from_elsewhere_is_counted_among_the_requests_of_the_queue() -> None:
    handle = handle_of(ScriptedRemoteModel())
    reply = handle.generate(question, max_tokens=3)
    assert handle.queue.figures.requests == 0
    assert await text_of(reply) == "It is noon, I think. "
    assert reply.usage == Usage(reused=5, evaluated=7, generated=3)
    assert handle.queue.figures.requests == 1
    assert handle.queue.figures.worked_s == reply.work_s > 0


async def test_a_reply_from_elsewhere_tells_what_it_has_cost_so_far() -> None:
    reply = handle_of(ScriptedRemoteModel()).generate(question, max_tokens=16)
    assert reply.usage is None
    async with aclosing(reply.pieces()) as pieces:
        assert await anext(pieces) == "It is "
        assert reply.usage is not None
        assert reply.usage.generated == 1


async def test_a_reply_from_elsewhere_that_fails_is_counted() -> None:
    handle = handle_of(ScriptedRemoteModel(error=AssistantError(Code.LLM_UNREACHABLE, "gone")))
    with pytest.raises(AssistantError, match="gone"):
        await text_of(handle.generate(question, max_tokens=16))
    assert handle.queue.figures.requests == 1


async def test_a_model_elsewhere_writes_several_replies_at_once_and_cancelling_ends_one() -> None:
    model = ScriptedRemoteModel()
    handle = handle_of(model)
    model.hold.holding = True
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(text_of, handle.generate(question, max_tokens=16))
        await model.hold.wait_until_reached()
        tasks.cancel_scope.cancel()
    assert model.hold.stopped.is_set()
    assert len(model.prompts) == handle.queue.figures.requests == 2
    assert not handle.queue.is_lent


async def test_a_model_elsewhere_reads_a_prompt_ahead() -> None:
    model = ScriptedRemoteModel()
    await handle_of(model).read(question)
    assert model.prompts == [[Message("user", "What time is it?")]]


async def test_a_model_elsewhere_writes_ahead() -> None:
    assert handle_of(ScriptedRemoteModel()).writes_ahead


WHOLE = "It is noon, I think. Or later."


@dataclass
class Written:
    """What has come of a reply."""

    pieces: list[str] = field(default_factory=list)
    begun: anyio.Event = field(default_factory=anyio.Event)

    async def take(self, reply: Generation) -> None:
        async with aclosing(reply.pieces()) as pieces:
            async for piece in pieces:
                self.pieces.append(piece)
                self.begun.set()


async def test_a_reply_is_written_only_as_fast_as_it_is_asked_for() -> None:
    model = ScriptedModel()
    handle = handle_of(model)
    reply = handle.generate(question, max_tokens=16)
    assert await text_of(reply) == WHOLE
    assert reply.usage == Usage(reused=5, evaluated=7, generated=4)
    assert len(model.prompts) == handle.queue.figures.requests == 1


async def test_while_the_voice_is_at_work_the_model_is_lent_to_another_reply_and_then_goes_on() -> None:
    model = ScriptedModel()
    handle = handle_of(model)
    assert not handle.writes_ahead
    reply = handle.generate(question, max_tokens=16)
    async with aclosing(reply.pieces()) as pieces:
        first = await anext(pieces)
        with anyio.fail_after(10 * HANDOVER_S + 5):
            assert await text_of(handle.generate(question, max_tokens=16)) == WHOLE
        rest = [piece async for piece in pieces]
    assert [first, *rest] == list(model.pieces)
    assert model.prompts[-1] == [Message("user", "What time is it?"), Message("assistant", first)]
    assert reply.usage is not None
    assert reply.usage.generated == len(model.pieces)


async def test_a_reply_that_goes_on_keeps_to_its_length() -> None:
    handle = handle_of(ScriptedModel())
    reply = handle.generate(question, max_tokens=2)
    async with aclosing(reply.pieces()) as pieces:
        first = await anext(pieces)
        await text_of(handle.generate(question, max_tokens=16))
        assert [first] + [piece async for piece in pieces] == ["It is ", "noon, "]


async def test_a_model_on_processors_of_its_own_writes_on_while_the_voice_is_at_work() -> None:
    model = ScriptedModel([f"{number} " for number in range(200)], shares_processor=False)
    handle = handle_of(model)
    assert handle.writes_ahead
    async with aclosing(handle.generate(question, max_tokens=200).pieces()) as pieces:
        await anext(pieces)
        with anyio.fail_after(10):
            assert await text_of(handle.generate(question, max_tokens=200)) == "".join(model.pieces)
        assert len([piece async for piece in pieces]) == 199
    assert len(model.prompts) == 2, "neither was stopped"


async def test_of_two_who_wait_for_their_first_words_the_one_who_waits_longer_goes_first() -> None:
    model = ScriptedModel()
    handle = handle_of(model)

    async def asked_about(name: str, deadline: float | None) -> None:
        await text_of(handle.generate(lambda count: [Message("user", name)], max_tokens=16, deadline=deadline))

    async with anyio.create_task_group() as tasks:
        with await handle.queue.acquire(Urgency.SPOKEN):
            for name, deadline in (("ahead of its time", None), ("later", 20.0), ("sooner", 10.0)):
                tasks.start_soon(asked_about, name, deadline)
                await anyio.wait_all_tasks_blocked()
    assert [prompt[0].content for prompt in model.prompts] == ["sooner", "later", "ahead of its time"]


async def test_a_typed_answer_makes_room_at_the_onset_of_speech_and_is_written_after_the_spoken_one() -> None:
    model, precedence = ScriptedModel(), Precedence()
    handle = ModelHandle(model, EngineQueue("llm", precedence))
    written = Written()
    async with anyio.create_task_group() as tasks:
        model.hold.holding = True
        tasks.start_soon(written.take, handle.generate(question, max_tokens=16, urgency=Urgency.BACKGROUND))
        await model.hold.wait_until_reached()
        with precedence.claimed():
            await model.hold.wait_until_stopped()
            model.hold.holding = False
            assert await text_of(handle.generate(question, max_tokens=16)) == WHOLE
            assert written.pieces == []
    assert written.pieces == list(model.pieces)


class TickingClock:
    """A second passes with every look at it."""

    def __init__(self) -> None:
        self._seconds = count()

    def monotonic(self) -> float:
        return float(next(self._seconds))


async def test_two_typed_answers_are_written_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "time", TickingClock())
    model = ScriptedModel(pieces=[f"{number} " for number in range(40)])
    handle = handle_of(model)
    one, two = Written(), Written()
    async with anyio.create_task_group() as tasks:
        with await handle.queue.acquire(Urgency.BACKGROUND):
            for written in (one, two):
                reply = handle.generate(question, max_tokens=100, urgency=Urgency.BACKGROUND)
                tasks.start_soon(written.take, reply)
                await anyio.wait_all_tasks_blocked()
        await one.begun.wait()
        await two.begun.wait()
        assert one.pieces != model.pieces, "the second waits for the end of the first"
    assert one.pieces == two.pieces == model.pieces


async def test_a_reply_that_is_given_up_stops_the_model_and_gives_it_back() -> None:
    model = ScriptedModel()
    handle = handle_of(model)
    model.hold.holding = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(text_of, handle.generate(question, max_tokens=16))
        await model.hold.wait_until_reached()
        tasks.cancel_scope.cancel()
    assert model.hold.stopped.is_set()
    assert not handle.queue.is_lent


async def test_a_prompt_is_read_without_a_word_being_written() -> None:
    model = ScriptedModel()
    await handle_of(model).read(question)
    assert model.prompts == [[Message("user", "What time is it?")]]


async def test_a_reply_that_fails_gives_the_model_back() -> None:
    handle = handle_of(ScriptedModel(error=AssistantError(Code.LLM_FAILED, "broken")))
    with pytest.raises(AssistantError, match="broken"):
        await text_of(handle.generate(question, max_tokens=16))
    assert not handle.queue.is_lent


async def test_a_reply_is_finished_by_the_model_that_takes_the_place_of_its_own() -> None:
    handle, newer = handle_of(ScriptedModel()), ScriptedModel()
    async with aclosing(handle.generate(question, max_tokens=16).pieces()) as pieces:
        written = await anext(pieces)
        with await handle.queue.acquire(Urgency.SPOKEN):
            handle.engine = newer
        written += "".join([piece async for piece in pieces])
    assert written == WHOLE
    assert len(newer.prompts) == 1
