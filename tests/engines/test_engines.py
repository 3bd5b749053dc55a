"""Engines that are replaced while rooms use them."""

from functools import partial

import anyio
import pytest

from assistant.engines.engines import Fresh
from assistant.engines.priority import Urgency
from assistant.events import PlaybackStarted
from assistant.testing.scripted import (
    Script,
    ScriptedLoudspeaker,
    ScriptedModel,
    ScriptedRecognizer,
    ScriptedRemoteModel,
    ScriptedVoice,
)
from assistant.testing.stage import conversation

pytestmark = pytest.mark.anyio


class ClosingModel(ScriptedModel):
    """Notes that it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


async def test_an_answer_is_given_by_the_engines_that_began_it_and_the_next_one_by_the_new_ones() -> None:
    old, new = ClosingModel(), ScriptedModel(pieces=["Half past ", "twelve."])
    async with conversation(Script(model=old), loudspeaker=ScriptedLoudspeaker(room=250)) as stage:
        await stage.ask()
        await stage.until(PlaybackStarted)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.engines.exchange, Fresh(model=new))
            await anyio.wait_all_tasks_blocked()
            assert stage.engines.generation.engine is old
            assert not old.closed
            stage.loudspeaker.finish()
            assert (await stage.turn_finished()).reply == "It is noon, I think. Or later."
        assert old.closed
        await stage.ask()
        assert (await stage.turn_finished(2)).reply == "Half past twelve."


async def test_a_handle_stays_and_so_do_those_who_hold_it() -> None:
    engines = Script().engines()
    recognition, synthesis, judgement = engines.recognition, engines.synthesis, engines.judgement
    recognizer, voice = ScriptedRecognizer(), ScriptedVoice()
    await engines.exchange(Fresh(recognizer=recognizer, voice=voice, end_of_turn=None))
    assert recognition.engine is recognizer
    assert synthesis.engine is engines.voice is voice
    assert judgement.engine is None


async def test_what_is_not_fresh_stays() -> None:
    engines = Script().engines()
    before = [handle.engine for handle in (engines.recognition, engines.generation, engines.synthesis)]
    await engines.exchange(Fresh())
    assert [handle.engine for handle in (engines.recognition, engines.generation, engines.synthesis)] == before


async def test_each_stream_of_sound_has_detectors_of_its_own() -> None:
    engines = Script().engines()
    one, other = await engines.detectors(None), await engines.detectors(None)
    assert one.activity is not other.activity


async def test_speech_that_begins_while_engines_are_exchanged_is_answered_and_then_they_are() -> None:
    busy, new = ScriptedModel(), ScriptedModel(pieces=["Half past ", "twelve."])
    busy.hold.holding = True
    async with conversation(Script(model=busy)) as stage, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(stage.room.ask, "Tell me a story.", aloud=False))
        await busy.hold.wait_until_reached()
        tasks.start_soon(stage.engines.exchange, Fresh(model=new))
        await stage.ears.hear(0.9, 960)
        await busy.hold.wait_until_stopped()
        busy.hold.holding = False
        await stage.ears.hear(0.0, 640)
        spoken = await stage.turn_finished()
        assert (spoken.source, spoken.error) == ("speech", None)
        assert (await stage.turn_finished(2)).source == "text"
    assert stage.engines.generation.engine is new


async def test_a_model_elsewhere_that_is_replaced_ends_the_reply_that_it_has_begun() -> None:
    old = ScriptedRemoteModel()
    old.hold.holding = True
    async with conversation(Script(model=old)) as stage, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(stage.room.ask, "What time is it?", aloud=False))
        await old.hold.wait_until_reached()
        tasks.start_soon(stage.engines.exchange, Fresh(model=ScriptedModel()))
        await anyio.wait_all_tasks_blocked()
        assert stage.engines.generation.engine is not old
        assert not old.closed
        old.hold.released.set()
        assert (await stage.turn_finished()).reply == "It is noon, I think. Or later."
    assert old.closed


async def test_a_turn_does_not_wait_for_what_an_exchange_waits_for() -> None:
    engines = Script().engines()
    old = engines.recognition.engine
    async with anyio.create_task_group() as tasks:
        with await engines.generation.queue.acquire(Urgency.SPOKEN):
            tasks.start_soon(engines.exchange, Fresh(recognizer=ScriptedRecognizer()))
            await anyio.wait_all_tasks_blocked()
            with engines.precedence.claimed(), anyio.fail_after(1):
                (await engines.recognition.queue.acquire(Urgency.SPOKEN)).release()
                assert engines.recognition.engine is old
    assert engines.recognition.engine is not old
