"""Engines that are replaced while a conversation uses them."""

import anyio
import pytest

from assistant.engines.engines import Fresh
from assistant.events import PlaybackStarted
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedModel, ScriptedRecognizer, ScriptedVoice
from assistant.testing.stage import conversation
from assistant.vad.silero import Silero

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
            assert stage.engines.model is old
            assert not old.closed
            stage.loudspeaker.finish()
            assert (await stage.turn_finished()).reply == "It is noon, I think. Or later."
        assert old.closed
        await stage.ask()
        assert (await stage.turn_finished(2)).reply == "Half past twelve."


async def test_other_microphones_get_the_new_engines_too_but_keep_their_own_ears() -> None:
    engines = Script().engines()
    activity = Silero()
    other = engines.elsewhere(activity, None)
    recognizer, voice = ScriptedRecognizer(), ScriptedVoice()
    await engines.exchange(Fresh(recognizer=recognizer, voice=voice, wake=None, end_of_turn=None))
    assert engines.recognizer is other.recognizer is recognizer
    assert engines.voice is other.voice is voice
    assert other.activity is activity
    assert engines.activity is not activity


async def test_what_is_not_fresh_stays() -> None:
    engines = Script().engines()
    before = vars(engines).copy()
    await engines.exchange(Fresh())
    assert vars(engines) == before
