"""The language model behind its handle."""

from collections.abc import Sequence
from contextlib import aclosing

import anyio
import pytest

from assistant.blocking import Emit, StopFlag
from assistant.engines.model import ModelHandle
from assistant.engines.priority import Precedence, Urgency
from assistant.engines.queue import EngineQueue
from assistant.errors import AssistantError, Code
from assistant.llm.base import CountTokens, Generation, Message, Usage
from assistant.testing.scripted import ScriptedModel, ScriptedRemoteModel

pytestmark = pytest.mark.anyio


def question(count: CountTokens) -> list[Message]:
    return [Message("user", "What time is it?")]


def handle_of(model: ScriptedRemoteModel) -> ModelHandle:
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


class SlowReader(ScriptedModel):
    """Reads the prompt for longer than a slice, and stops there when it is to."""

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        for _ in range(10):
            if stop.is_set():
                return Usage(reused=0, evaluated=0, generated=0)
        return super().generate(messages, max_tokens=max_tokens, emit=emit, stop=stop)


async def test_replies_that_take_turns_get_on_however_long_their_prompts_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.engines.queue.SLICE_S", 0.0)
    model = SlowReader()
    handle = ModelHandle(model, EngineQueue("llm", Precedence()))
    written: list[str] = []

    async def write() -> None:
        written.append(await text_of(handle.generate(question, max_tokens=3, urgency=Urgency.BACKGROUND)))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            tasks.start_soon(write)
    assert written == ["It is noon, I think. "] * 2
    assert len(model.prompts) > 2, "they took turns"
