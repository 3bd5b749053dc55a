"""What nothing here can do is refused, before a language model claims that it has done it."""

from contextlib import aclosing

import pytest
from wyoming.event import Event
from wyoming.handle import NotHandled

from assistant.answers.base import Question
from assistant.answers.history import History
from assistant.answers.skills.deeds import DeedsResponder
from assistant.app.running import Running
from assistant.config.schema import Answers
from assistant.events import Provenance, TurnFinished
from assistant.interfaces.wyoming.conversations import Conversations
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import Script
from assistant.testing.stage import QUIET
from tests.answers.skills.test_clock import room

pytestmark = pytest.mark.anyio

REFUSED = Provenance(kind="refusal", name="deeds")


async def test_a_request_is_refused_in_the_language_of_the_voice() -> None:
    responder = DeedsResponder()
    question = Question("Schalte das Licht aus.", "kitchen", History(), language="de", reply_language="en")
    answer = await responder.answer(question)
    assert answer is not None
    assert answer.provenance == REFUSED
    async with aclosing(answer.parts()) as parts:
        assert [part async for part in parts] == ["I cannot do that yet."]


@pytest.mark.parametrize("reply_language", ["fi", "en"])
async def test_what_it_has_no_words_for_is_left_to_others(reply_language: str) -> None:
    question = Question("Sammuta valot.", "kitchen", History(), language="fi", reply_language=reply_language)
    assert await DeedsResponder().answer(question) is None


async def test_it_comes_before_the_model_unless_the_configuration_says_otherwise() -> None:
    assert Answers().order == ["skills", "clock", "deeds", "model"]


async def asked_over_wyoming(text: str, language: str) -> tuple[list[Event], TurnFinished]:
    """What a client is sent, and the turn that its question was."""
    sent = list[Event]()

    async def send(event: Event) -> None:
        sent.append(event)

    async with room(Script()) as stage:
        host = Running(stage.rooms, stage.bus, Metrics(), lambda: QUIET, stage.tasks.cancel_scope.cancel)
        await Conversations(host).answer(text, language, None, send)
        return sent, await stage.turn_finished()


async def test_a_wyoming_client_is_told_that_it_was_not_handled() -> None:
    sent, finished = await asked_over_wyoming("Turn on the kitchen light.", "en")
    assert [NotHandled.from_event(event).text for event in sent if NotHandled.is_type(event.type)] == [finished.reply]
    assert [event.type for event in sent] == ["handled-start", "handled-chunk", "not-handled", "handled-stop"]
    assert finished.provenance == REFUSED


async def test_the_language_of_a_client_counts() -> None:
    _, finished = await asked_over_wyoming("Schalte das Licht aus.", "de")
    assert (finished.language, finished.provenance) == ("de", REFUSED)
