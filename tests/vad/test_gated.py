"""Voice activity and wake words behind an energy gate, which miss nothing for it: real models, recorded speech."""

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import Samples, level
from assistant.bench.clips import Clip
from assistant.vad.energy_gate import HOLD
from assistant.vad.gated import MAX_SKIPPED, GatedActivity
from assistant.vad.silero import Silero
from assistant.wake import microwakeword
from assistant.wake.microwakeword import MicroWakeWord
from tests.vad.rooms import SECONDS, blocks, room, with_room


class Counted(Silero):
    """Counts how often it was asked."""

    asked = 0

    def probability(self, block: Samples) -> float:
        self.asked += 1
        return super().probability(block)


def test_in_a_quiet_room_the_model_is_asked_once_a_second(clips: dict[str, Clip]) -> None:
    activity = Counted()
    gated = GatedActivity(activity)
    assert max(gated.probability(block, needed=False) for block in blocks(room(60.0))) < 0.5
    assert activity.asked < HOLD + 60 * SECONDS / MAX_SKIPPED + 10


@pytest.mark.parametrize("name", ["q_what_time_is_it_r3", "q_grapefruit_in_french", "cmd_stop"])
def test_speech_out_of_a_quiet_room_is_as_likely_as_without_the_gate(clips: dict[str, Clip], name: str) -> None:
    heard = blocks(with_room(read_audio(clips[name].path, max_s=60), before_s=5.0))
    gated, model = GatedActivity(Silero()), Silero()
    found = np.array([gated.probability(block, needed=False) for block in heard])
    always = np.array([model.probability(block) for block in heard])
    speech = always >= 0.5
    assert speech.sum() > 10
    np.testing.assert_allclose(found[speech], always[speech], atol=0.15)
    assert np.mean((found >= 0.5) != speech) < 0.02


def test_where_speech_is_expected_the_model_is_asked_about_every_block() -> None:
    activity = Counted()
    gated = GatedActivity(activity)
    for block in blocks(room(5.0)):
        gated.probability(block, needed=True)
    assert activity.asked == 5 * SECONDS + 1


class OpenGate:
    """Lets everything through."""

    def push(self, samples: Samples) -> bool:
        return True


@pytest.mark.parametrize(
    ("name", "word"),
    [("wake_okay_nabu_pmw1", "okay_nabu"), ("wake_alexa_pmw2", "alexa"), ("wake_hey_jarvis_pmw3", "hey_jarvis")],
)
def test_a_wake_word_out_of_a_quiet_room_scores_as_without_the_gate(
    clips: dict[str, Clip], name: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = read_audio(clips[name].path, max_s=60)
    gated = MicroWakeWord(word)
    monkeypatch.setattr(microwakeword, "EnergyGate", OpenGate)
    always = MicroWakeWord(word)
    heard = blocks(with_room(recording, before_s=5.0))
    scores = [score for block in heard for score in gated.scores(block)]
    expected = [score for block in heard for score in always.scores(block)]
    assert max(scores) == pytest.approx(max(expected), abs=0.05)
    assert len(scores) < len(expected) / 1.5
    assert level(recording) > -60
