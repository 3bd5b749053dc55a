"""One spoken request in sound that belongs to no room."""

from contextlib import aclosing, closing

import anyio
import pytest

from assistant.answers.history import History
from assistant.audio.simulated.nowhere import Nowhere
from assistant.dialogue.listening.dictation import Dictated
from assistant.dialogue.turn.request import SpokenRequest
from assistant.errors import AssistantError, Code, single_error
from assistant.testing.scripted import LoudIsSpeech, Script, ScriptedEars, ScriptedRecognizer
from assistant.testing.stage import QUIET, conversation

pytestmark = pytest.mark.anyio

LISTEN_S = 8.0

Said = list[tuple[float, int]]
"""Amplitudes, and for how many milliseconds each."""

SENTENCE: Said = [(0.9, 960), (0.0, 1600)]
NOBODY: Said = [(0.0, 9600)]


async def heard(recognizer: ScriptedRecognizer, *said: Said) -> tuple[Dictated, list[str], int]:
    """What came of it, the words on the way, and how many blocks were left when it was over."""
    ears, words, left = ScriptedEars(), list[str](), 0
    async with conversation(Script(recognizer=recognizer)) as stage:  # for its engines
        context = stage.rooms.shared.context("elsewhere", QUIET, History(), Nowhere(), lambda event: None)
        request = SpokenRequest(
            context, LoudIsSpeech(), listen_s=LISTEN_S, on_text=words.append, is_call=lambda text: text == "nabu"
        )
        over = anyio.Event()

        async def speak() -> None:
            nonlocal left
            for amplitude, milliseconds in [part for sentence in said for part in sentence]:
                if over.is_set():
                    left += 1
                else:
                    await ears.hear(amplitude, milliseconds)

        with closing(ears):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(speak)
                async with aclosing(ears.blocks()) as blocks:
                    found = await request.take(blocks)
                over.set()
    return found, words, left


async def test_it_ends_with_the_sentence() -> None:
    found, _, left = await heard(ScriptedRecognizer(["what time is it"]), SENTENCE, NOBODY)
    assert (found.text, found.language) == ("what time is it", "en")
    assert found.audio_s < 2.6
    assert left == 1


async def test_nobody_who_speaks_is_waited_for() -> None:
    found, words, _ = await heard(ScriptedRecognizer([]), NOBODY)
    assert (found.text, words) == ("", [])
    assert LISTEN_S <= found.audio_s < LISTEN_S + 0.1


async def test_a_sound_without_words_does_not_end_it() -> None:
    found, _, _ = await heard(ScriptedRecognizer(["", "", "turn left"]), SENTENCE, SENTENCE, SENTENCE, NOBODY)
    assert found.text == "turn left"


async def test_nor_does_the_wake_word() -> None:
    found, words, _ = await heard(ScriptedRecognizer(["nabu", "turn left"]), SENTENCE, SENTENCE, NOBODY)
    assert found.text == "turn left"
    assert "nabu" not in words


async def test_but_a_later_one_is_what_was_said() -> None:
    found, _, _ = await heard(ScriptedRecognizer(["nabu"]), [(0.0, 1600)], SENTENCE, NOBODY)
    assert found.text == "nabu"


async def test_a_pause_does_not_end_it() -> None:
    sentence = [(0.9, 960), (0.0, 320), (0.9, 960), (0.0, 1600)]
    found, _, _ = await heard(ScriptedRecognizer(["set a timer", "set a timer for ten minutes"]), sentence, NOBODY)
    assert found.text == "set a timer for ten minutes"


async def test_a_failure_of_recognition_is_raised() -> None:
    broken = AssistantError(Code.ASR_FAILED, "broken")
    with pytest.raises(AssistantError) as failed, single_error():
        await heard(ScriptedRecognizer([broken]), SENTENCE, NOBODY)
    assert failed.value.code is Code.ASR_FAILED
