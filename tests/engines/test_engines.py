"""Engines that are replaced while rooms use them."""

from functools import partial

import anyio
import pytest

from assistant.engines.engines import Fresh
from assistant.events import PlaybackStarted
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedModel, ScriptedRecognizer, ScriptedVoice
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


async def test_who_begins_to_speak_while_engines_are_waited_for_is_answered_before_they_are_exchanged() -> None:
    model, voice = ScriptedModel(), ScriptedVoice()
    model.hold.holding = True
    async with conversation(Script(model=model)) as stage, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(stage.room.ask, "Tell me a story.", aloud=False))
        await model.hold.wait_until_reached()
        tasks.start_soon(stage.engines.exchange, Fresh(voice=voice))
        await anyio.wait_all_tasks_blocked()
        await stage.ears.hear(0.9, 960)
        await model.hold.wait_until_stopped()
        model.hold.holding = False
        await stage.ears.hear(0.0, 640)
        turn = await stage.turn_finished()
        assert (turn.source, turn.error) == ("speech", None)
        assert voice.spoken == []
        await stage.turn_finished(2)
        while stage.engines.voice is not voice:
            await anyio.wait_all_tasks_blocked()
