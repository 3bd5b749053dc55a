"""Engines of one's own go behind the same handles as those of the package."""

import pytest

from assistant.engines.engines import Engines, share
from assistant.events import Provenance
from assistant.testing.scripted import Script
from assistant.testing.stage import conversation
from tests.attach import parrot
from tests.attach.size import MAX_LINES, code_lines

pytestmark = pytest.mark.anyio


class Attached(Script):
    """A conversation with engines of one's own."""

    def engines(self) -> Engines:
        return share(
            parrot.LengthRecogniser(),
            parrot.Parrot(),
            parrot.Humming(),
            None,
            detector_loader=lambda words: self.detectors(),
        )


def test_each_takes_less_than_forty_lines() -> None:
    for engine in (("Words", "Parrot"), ("LengthRecogniser",), ("Humming",)):
        assert code_lines(parrot, *engine) < MAX_LINES


async def test_what_is_said_is_recognised_answered_and_spoken_by_them() -> None:
    async with conversation(Attached()) as stage:
        await stage.ask()
        turn = await stage.turn_finished()
    assert turn.transcript == "I spoke for 1 s."
    assert turn.reply == "I spoke for 1 s. "
    assert turn.heard == turn.spoken != ""
    assert turn.provenance == Provenance(kind="model", name="parrot")
    assert turn.audio_s > 0


async def test_a_typed_question_is_answered_by_them_and_counted() -> None:
    async with conversation(Attached()) as stage:
        assert (await stage.room.ask("Polly?", aloud=False)).reply == "Polly? "
        assert stage.engines.queues["llm"].figures.requests == 1
        assert stage.engines.names == {"asr": "length", "llm": "parrot", "tts": "humming"}
        assert stage.engines.devices["llm"] == "perch"
