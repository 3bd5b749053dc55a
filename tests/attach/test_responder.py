"""A responder of one's own is a module that the configuration names."""

from collections.abc import Iterator

import msgspec
import pytest

from assistant.config.schema import Answers
from assistant.events import PlaybackFinished, Provenance
from assistant.testing.scripted import Script
from assistant.testing.stage import QUIET, Stage, conversation
from tests.attach import shopping_list
from tests.attach.size import MAX_LINES, code_lines

pytestmark = pytest.mark.anyio

ORDER = ["tests.attach.shopping_list:shopping_list", "model"]


@pytest.fixture(autouse=True)
def _empty_list() -> Iterator[None]:
    shopping_list.ITEMS.clear()
    yield
    shopping_list.ITEMS.clear()


async def attach(stage: Stage) -> None:
    """Have the rooms follow a configuration that names it."""
    wanted = msgspec.structs.replace(QUIET, answers=Answers(order=ORDER))
    await stage.rooms.follow(await stage.rooms.prepare(wanted))


def test_it_takes_less_than_forty_lines() -> None:
    assert code_lines(shopping_list) < MAX_LINES


async def test_it_answers_and_does_what_is_said_to_the_assistant() -> None:
    script = Script()
    script.recognizer.texts = ["Put milk on the list."]
    async with conversation(script) as stage:
        await attach(stage)
        await stage.ask()
        turn = await stage.turn_finished()
        told = await stage.until(PlaybackFinished)
    assert isinstance(told, PlaybackFinished)
    assert told.heard == turn.heard == "There is milk on the list."
    assert turn.provenance == Provenance(kind="skill", name="shopping")
    assert shopping_list.ITEMS == ["milk"]
    assert script.model.prompts == []


async def test_and_what_is_typed() -> None:
    async with conversation() as stage:
        await attach(stage)
        assert (
            await stage.room.ask("Put red wine on the list.", aloud=False)
        ).reply == "There is red wine on the list."
        assert shopping_list.ITEMS == ["red wine"]


async def test_what_it_does_not_understand_the_model_answers() -> None:
    async with conversation() as stage:
        await attach(stage)
        done = await stage.room.ask("What time is it?", aloud=False)
        assert done.provenance == Provenance(kind="model", name="scripted")
