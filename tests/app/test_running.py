"""Changing the configuration of a daemon that is ready."""

import msgspec
import pytest

from assistant.app import running as module
from assistant.app.running import Running
from assistant.config.schema import Answers, Config, Wyoming
from assistant.engines.engines import Fresh
from assistant.errors import AssistantError, Code
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import ScriptedVoice
from assistant.testing.stage import QUIET, Stage, conversation

pytestmark = pytest.mark.anyio

FRESH = Fresh(voice=ScriptedVoice())


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The configurations for which engines are loaded: a voice, each time."""
    found: list[Config] = []

    def load(before: Config, after: Config, engines: object) -> Fresh:
        found.append(after)
        return FRESH

    monkeypatch.setattr(module, "load_fresh", load)
    return found


def daemon(stage: Stage, wanted: Config) -> Running:
    return Running(stage.rooms, stage.bus, Metrics(), lambda: wanted, lambda: None)


async def test_engines_are_exchanged_and_every_room_follows(loaded: list[Config]) -> None:
    wanted = msgspec.structs.replace(QUIET, answers=Answers(order=["clock", "model"]), wyoming=Wyoming(max_clients=3))
    async with conversation() as stage:
        applied, restart = await daemon(stage, wanted).reconfigure()
        assert (applied, restart) == (["answers.order"], ["wyoming.max_clients"])
        assert stage.engines.voice is FRESH.voice
        assert stage.room.config.answers.order == ["clock", "model"]
        assert stage.room.config.wyoming == QUIET.wyoming
        done = await stage.room.ask("What time is it?", aloud=False)
        assert done.provenance is not None
        assert done.provenance.name == "clock"


async def test_what_cannot_be_followed_is_refused_before_anything_is_loaded(loaded: list[Config]) -> None:
    wanted = msgspec.structs.replace(QUIET, answers=Answers(order=["nowhere.at_all:responder", "model"]))
    async with conversation() as stage:
        voice = stage.engines.voice
        with pytest.raises(AssistantError) as refused:
            await daemon(stage, wanted).reconfigure()
        assert refused.value.code is Code.CONFIG_INVALID
        assert loaded == []
        assert stage.engines.voice is voice
        assert stage.rooms.config == stage.room.config == QUIET
