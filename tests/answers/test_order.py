"""Which responder answers, and what the configuration may name."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
import pytest

from assistant.answers.base import Answer, Part, Question, Responder
from assistant.answers.history import History
from assistant.answers.order import Responders, build_responders
from assistant.answers.skills.house import House
from assistant.app.running import Running
from assistant.config.schema import Answers, Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.telemetry.metrics import Metrics
from assistant.testing.answers import ScriptedResponder
from assistant.testing.scripted import Script
from assistant.testing.stage import QUIET, conversation

pytestmark = pytest.mark.anyio

QUESTION = Question("set a timer", "kitchen", History())


def weather(config: Config, engines: Engines) -> Responder:
    return ScriptedResponder(["It rains."], name="weather")


def nothing(config: Config, engines: Engines) -> Responder:
    raise KeyError("weather")


def unready(config: Config, engines: Engines) -> Responder:
    raise AssistantError(Code.MODEL_MISSING, "the forecast is not there")


def ordered(*names: str) -> Config:
    return msgspec.structs.replace(QUIET, answers=Answers(order=list(names)))


async def text_of(answer: Answer) -> str:
    async with aclosing(answer.parts()) as parts:
        return "".join([part async for part in parts if isinstance(part, str)])


async def test_the_first_that_has_an_answer_gives_it_and_the_others_are_not_asked() -> None:
    knows_another = ScriptedResponder({"what time is it": ["Noon."]})
    first, second = ScriptedResponder(["First."]), ScriptedResponder(["Second."])
    answer = await Responders([knows_another, first, second]).answer(QUESTION)
    assert await text_of(answer) == "First."
    assert knows_another.questions == first.questions == [QUESTION]
    assert second.questions == []


@pytest.mark.parametrize("error", [AssistantError(Code.LLM_FAILED, "broken"), ValueError("a bug")])
async def test_one_that_fails_is_passed_over(error: Exception) -> None:
    broken = ScriptedResponder([], error=error)
    answer = await Responders([broken, ScriptedResponder(["Second."])]).answer(QUESTION)
    assert await text_of(answer) == "Second."


async def test_when_none_has_an_answer_that_is_an_error() -> None:
    with pytest.raises(AssistantError) as error:
        await Responders([ScriptedResponder({}, name="clock")]).answer(QUESTION)
    assert error.value.code is Code.ANSWERS_NONE
    assert "clock" in error.value.message


async def test_it_is_told_in_the_turn_and_apologised_for() -> None:
    async with conversation() as stage:
        await stage.rooms.follow(await stage.rooms.prepare(ordered("clock")))
        stage.script.recognizer.texts = ["who are you"]
        await stage.ask()
        finished = await stage.turn_finished()
    assert finished.error == Code.ANSWERS_NONE
    assert finished.spoken == "Sorry, something went wrong."


@pytest.mark.parametrize(
    ("broken", "code"),
    [(AssistantError(Code.LLM_FAILED, "broken"), Code.LLM_FAILED), (ValueError("a bug"), Code.ANSWERS_FAILED)],
)
async def test_an_answer_that_breaks_off_is_an_error_whatever_it_raises(broken: Exception, code: Code) -> None:
    answer = await Responders([ScriptedResponder(["It "], broken=broken)]).answer(QUESTION)
    with pytest.raises(AssistantError) as error:
        await text_of(answer)
    assert error.value.code is code


async def test_an_answer_that_is_given_up_is_closed() -> None:
    closed = False

    async def write() -> AsyncGenerator[Part, None]:
        nonlocal closed
        try:
            yield "It "
            yield "rains."
        finally:
            closed = True

    class Weather(ScriptedResponder):
        async def answer(self, question: Question) -> Answer | None:
            found = await super().answer(question)
            assert found is not None
            return Answer(found.provenance, write)

    answer = await Responders([Weather([])]).answer(QUESTION)
    async with aclosing(answer.parts()) as parts:
        await anext(parts)
    assert closed


async def test_each_prepares_for_a_question_also_when_another_fails() -> None:
    class Reader(ScriptedResponder):
        async def read(self, question: Question) -> None:
            self.questions.append(question)
            if self.error is not None:
                raise self.error

    broken, second = Reader([], error=ValueError("a bug")), Reader([])
    await Responders([broken, second]).read(QUESTION)
    assert broken.questions == second.questions == [QUESTION]


async def test_the_configuration_names_built_in_responders_and_factories() -> None:
    responders = build_responders(ordered("clock", f"{__name__}:weather", "model"), Script().engines(), House())
    assert responders.names == ["clock", "weather", "model"]
    answer = await responders.answer(QUESTION)
    assert await text_of(answer) == "It rains."
    assert answer.provenance.name == "weather"


@pytest.mark.parametrize(
    "name",
    [
        "clok",
        "no.such.module:weather",
        f"{__name__}:no_such_factory",
        f"{__name__}:QUESTION",
        f"{__name__}:nothing",
        ":weather",
    ],
)
async def test_a_name_that_makes_no_responder_is_an_error_of_the_configuration(name: str) -> None:
    with pytest.raises(AssistantError) as error:
        build_responders(ordered("model", name), Script().engines(), House())
    assert error.value.code is Code.CONFIG_INVALID
    assert name in error.value.message
    assert "answers.order" in error.value.message


async def test_a_factory_may_say_itself_what_is_missing() -> None:
    with pytest.raises(AssistantError) as error:
        build_responders(ordered(f"{__name__}:unready"), Script().engines(), House())
    assert error.value.code is Code.MODEL_MISSING


async def test_a_reload_changes_the_order() -> None:
    async with conversation() as stage:
        wanted = ordered(f"{__name__}:weather", "model")
        running = Running(stage.rooms, stage.bus, Metrics(), lambda: wanted, stage.tasks.cancel_scope.cancel)
        applied, restart = await running.reconfigure()
        assert (applied, restart) == (["answers.order"], [])
        await stage.ask()
        assert (await stage.turn_finished()).heard == "It rains."
        assert (await stage.room.ask("How is the weather?", aloud=False)).reply == "It rains."


@pytest.mark.parametrize("name", ["clok", f"{__name__}:nothing"])
async def test_a_reload_with_a_wrong_name_changes_nothing(name: str) -> None:
    async with conversation() as stage:
        before = stage.rooms.shared.responders
        wanted = msgspec.structs.replace(ordered(name), sound=msgspec.structs.replace(QUIET.sound, volume=0.1))
        running = Running(stage.rooms, stage.bus, Metrics(), lambda: wanted, stage.tasks.cancel_scope.cancel)
        with pytest.raises(AssistantError) as error:
            await running.reconfigure()
        assert error.value.code is Code.CONFIG_INVALID
        assert stage.rooms.config == QUIET
        assert stage.rooms.shared.responders is before
        assert stage.room.volume.level != 0.1
        await stage.ask()
        assert (await stage.turn_finished()).heard == "It is noon, I think. Or later."
