"""Requests to the skills, spoken and typed: what they change is changed once, after the commit, and then claimed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import pytest

from assistant.agenda.agenda import Agenda
from assistant.agenda.entry import Entry
from assistant.answers.skills.every import SKILLS
from assistant.answers.skills.house import House
from assistant.answers.skills.responder import SkillsResponder, warm
from assistant.answers.skills.speech import languages, speech_of
from assistant.config.schema import Asr, Config, Turns
from assistant.errors import AssistantError, Code
from assistant.events import PlaybackStarted
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedRecognizer
from assistant.testing.stage import QUIET, Stage, conversation

pytestmark = pytest.mark.anyio

SOON = Config(asr=Asr(partials=False), turns=Turns(mode="silence", reopen_ms=10_000), wake="none")
"""Speech over the answer may belong to the question."""


@dataclass
class Home:
    stage: Stage
    house: House

    @property
    def lengths(self) -> list[str]:
        return [str(entry.length) for entry in self.house.agenda.entries]


@asynccontextmanager
async def home(
    *said: str, config: Config = QUIET, agenda: Agenda | None = None, loudspeaker: ScriptedLoudspeaker | None = None
) -> AsyncIterator[Home]:
    """A room with the skills before the model, in which `said` is understood, one after another."""
    warm(SKILLS, "en")
    house = House(agenda or Agenda())
    skills = SkillsResponder(SKILLS, house, window_s=60)
    script = Script(recognizer=ScriptedRecognizer(list(said)))
    async with conversation(script, config, loudspeaker, responders=[skills], echo_free=True) as stage:
        yield Home(stage, house)


async def test_a_spoken_request_is_done_and_then_claimed() -> None:
    async with home("Set a timer for ten minutes.") as there:
        await there.stage.ask()
        finished = await there.stage.turn_finished()
        assert finished.provenance is not None
        assert (finished.provenance.kind, finished.provenance.name) == ("skill", "timers")
        assert "10 minutes" in finished.heard
        assert there.lengths == ["0:10:00"]
        assert there.stage.script.model.prompts == []


async def test_going_on_after_a_pause_leaves_one_timer() -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    said = "set a timer for ten minutes", "set a timer for ten minutes and thirty seconds"
    async with home(*said, config=SOON, loudspeaker=loudspeaker) as there:
        await there.stage.ask()
        await there.stage.until(PlaybackStarted)
        await loudspeaker.full.wait()
        assert there.lengths == ["0:10:00"]
        loudspeaker.finish()
        await there.stage.ask()
        await there.stage.turn_finished(2)
        await anyio.wait_all_tasks_blocked()
        assert there.lengths == ["0:10:30"]


async def test_what_follows_is_understood_as_long_as_it_was_talked_about() -> None:
    async with home() as there:
        await there.stage.room.ask("set a timer for ten minutes", aloud=False)
        await there.stage.room.ask("make it twelve minutes", aloud=False)
        assert there.lengths == ["0:12:00"]


async def test_a_question_of_a_skill_waits_for_its_answer() -> None:
    async with home("set a timer", "ten minutes") as there:
        await there.stage.ask()
        asked = await there.stage.turn_finished()
        assert asked.expects_reply
        assert there.lengths == []
        await there.stage.ask()
        await there.stage.turn_finished(2)
        assert there.lengths == ["0:10:00"]


async def test_what_a_disk_refuses_is_not_claimed() -> None:
    class Refusing:
        def load(self) -> list[Entry]:
            return []

        async def keep(self, entry: Entry) -> None:
            raise AssistantError(Code.STATE_UNWRITABLE, "the disk is full")

        async def forget(self, ids: object) -> None:
            raise AssistantError(Code.STATE_UNWRITABLE, "the disk is full")

    async with home("Set a timer for ten minutes.", agenda=Agenda(Refusing())) as there:
        await there.stage.ask()
        finished = await there.stage.turn_finished()
        assert "10 minutes" not in finished.heard
        assert "could not" in finished.heard
        assert there.lengths == []


async def test_what_is_heard_in_another_language_is_answered_in_that_of_the_voice() -> None:
    async with home() as there:
        speech_of("de")
        written = await there.stage.room.ask("stell einen timer auf zehn minuten", aloud=False, language="de")
        assert "10 Minuten" in written.reply
        aloud = await there.stage.room.ask("stell einen timer auf fünf minuten", aloud=True, language="de")
        assert "5 minutes" in aloud.reply
        assert there.lengths == ["0:10:00", "0:05:00"]


async def test_other_questions_go_to_the_model() -> None:
    async with home("What is the capital of France?") as there:
        await there.stage.ask()
        finished = await there.stage.turn_finished()
        assert finished.provenance is not None
        assert finished.provenance.kind == "model"


async def test_a_language_without_sentences_goes_to_the_next() -> None:
    async with home() as there:
        done = await there.stage.room.ask("Aseta ajastin kymmeneksi minuutiksi", aloud=False, language="fi")
        assert done.provenance is not None
        assert done.provenance.kind == "model"


@pytest.mark.parametrize("language", languages())
def test_every_skill_has_all_its_words_in_every_language(language: str) -> None:
    speech = speech_of(language)
    assert speech is not None
    for skill in SKILLS:
        words = speech.words[skill.name]
        assert words.sentences or words.after, skill.name
        assert words.replies, skill.name
    english = speech_of("en")
    assert english is not None
    for name, words in speech.words.items():
        assert words.replies.keys() == english.words[name].replies.keys(), name
        assert {*words.sentences, *words.after} == {*english.words[name].sentences, *english.words[name].after}, name
