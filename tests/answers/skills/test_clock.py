"""The time of day, asked in every way in which a question comes in."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime

import msgspec
import pytest
from wyoming.event import Event
from wyoming.handle import Handled

from assistant.answers.base import Question
from assistant.answers.history import History
from assistant.answers.skills.clock import ClockResponder
from assistant.app.running import Running
from assistant.config.schema import Answers, Asr, Config
from assistant.events import Provenance, TurnFinished
from assistant.interfaces.wyoming.conversations import Conversations
from assistant.language.clock import spoken_time
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import Script, ScriptedRecognizer, ScriptedVoice
from assistant.testing.stage import QUIET, Stage, conversation

pytestmark = pytest.mark.anyio

CLOCK = Provenance(kind="skill", name="clock")
MODEL = Provenance(kind="model", name="scripted")
HALF_PAST = datetime(2026, 3, 1, 14, 30)


class Watch:
    """Knows what may be said of the time since it was made: a minute may pass meanwhile."""

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._began = datetime.now()

    @property
    def sentences(self) -> set[str | None]:
        return {spoken_time(moment.time(), self._language) for moment in (self._began, datetime.now())}


@asynccontextmanager
async def room(script: Script, config: Config = QUIET) -> AsyncIterator[Stage]:
    """A conversation with the responders that have an answer in languages that the skills do not speak."""
    async with conversation(script, config) as stage:
        wanted = msgspec.structs.replace(config, answers=Answers(order=["clock", "deeds", "model"]))
        await stage.rooms.follow(await stage.rooms.prepare(wanted))
        yield stage


def hears(text: str) -> Script:
    return Script(recognizer=ScriptedRecognizer([text]))


async def test_the_sentence_is_that_of_the_clock_it_is_given() -> None:
    answer = await ClockResponder(lambda: HALF_PAST).answer(Question("What time is it?", "kitchen", History()))
    assert answer is not None
    async with aclosing(answer.parts()) as parts:
        assert [part async for part in parts] == [spoken_time(HALF_PAST.time(), "en")]


async def test_a_voice_of_a_language_without_a_clock_leaves_the_question_to_the_next() -> None:
    question = Question("What time is it?", "kitchen", History(), language="en", reply_language="xx")
    assert await ClockResponder(lambda: HALF_PAST).answer(question) is None


async def test_a_spoken_question_is_answered_without_the_model() -> None:
    script, watch = hears("What time is it?"), Watch()
    async with room(script) as stage:
        await stage.ask()
        finished = await stage.turn_finished()
        assert [exchange.heard for exchange in stage.history.exchanges] == [finished.heard]
    assert finished.reply in watch.sentences
    assert finished.heard.endswith(finished.reply[-3:])
    assert finished.provenance == CLOCK
    assert script.model.prompts == []


async def test_in_german_too() -> None:
    script, watch = hears("Wie spät ist es?"), Watch("de")
    script.voice = ScriptedVoice()
    script.voice.language = "de"
    async with room(script, msgspec.structs.replace(QUIET, asr=Asr(partials=False, language="de"))) as stage:
        await stage.ask()
        finished = await stage.turn_finished()
    assert finished.reply in watch.sentences
    assert (finished.provenance, finished.language) == (CLOCK, "de")


@pytest.mark.parametrize("aloud", [True, False])
async def test_a_typed_question_goes_through_the_same_list(aloud: bool) -> None:
    script, watch = Script(), Watch()
    async with room(script) as stage:
        done = await stage.room.ask("what time is it", aloud=aloud)
    assert done.reply in watch.sentences
    assert done.provenance == CLOCK
    assert script.model.prompts == []


async def test_so_does_a_text_of_a_wyoming_client() -> None:
    script, watch, sent = Script(), Watch(), list[Event]()

    async def send(event: Event) -> None:
        sent.append(event)

    async with room(script) as stage:
        host = Running(stage.rooms, stage.bus, Metrics(), lambda: QUIET, stage.tasks.cancel_scope.cancel)
        await Conversations(host).answer("What time is it, please?", "en", "kitchen", send)
        finished = await stage.turn_finished()
    replies = [Handled.from_event(event).text for event in sent if Handled.is_type(event.type)]
    assert replies == [finished.reply]
    assert finished.reply in watch.sentences
    assert (finished.provenance, finished.room) == (CLOCK, "wyoming")


@pytest.mark.parametrize("text", ["What time is it in Tokyo?", "Who are you?"])
async def test_another_question_goes_to_the_model(text: str) -> None:
    script = hears(text)
    async with room(script) as stage:
        await stage.ask()
        spoken = await stage.turn_finished()
        typed = await stage.room.ask(text, aloud=False)
    for finished in (spoken, typed):
        assert isinstance(finished, TurnFinished)
        assert finished.provenance == MODEL
        assert finished.reply == "It is noon, I think. Or later."
