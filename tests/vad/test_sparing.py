"""Voice activity and wake words that rest in a quiet room, and miss nothing for it: real models, recorded speech."""

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples, level
from assistant.bench.clips import Clip
from assistant.vad.quiet import HOLD, Quiet
from assistant.vad.silero import Silero
from assistant.vad.sparing import PROOF, Sparing
from assistant.wake import microwakeword
from assistant.wake.microwakeword import MicroWakeWord

SECONDS = LISTENING_RATE // BLOCK


def room(seconds: float, noise_db: float = -65.0) -> Samples:
    noise: Samples = np.random.default_rng(1).standard_normal(round(seconds * LISTENING_RATE)).astype(np.float32)
    return noise * np.float32(10 ** (noise_db / 20))


def with_room(samples: Samples, before_s: float) -> Samples:
    """In the middle of a quiet room."""
    heard = room(before_s + len(samples) / LISTENING_RATE + 1.0)
    start = round(before_s * LISTENING_RATE)
    heard[start : start + len(samples)] += samples
    return heard


def blocks(samples: Samples) -> list[Samples]:
    return [samples[start : start + BLOCK] for start in range(0, len(samples) - BLOCK + 1, BLOCK)]


class Counted(Silero):
    """Counts how often it was asked."""

    asked = 0

    def probability(self, block: Samples) -> float:
        self.asked += 1
        return super().probability(block)


def test_a_steady_room_is_quiet_after_a_while_and_a_voice_ends_that(clips: dict[str, Clip]) -> None:
    quiet = Quiet()
    found = [quiet.heard(block) for block in blocks(room(10.0))]
    assert found == [False] * (HOLD - 1) + [True] * (len(found) - HOLD + 1)
    speech = blocks(read_audio(clips["q_what_time_is_it_r3"].path, max_s=60))
    found = [quiet.heard(block) for block in speech]
    assert not any(found[np.argmin(found) :])


@pytest.mark.parametrize("noise_db", [-75.0, -50.0, -35.0])
def test_the_room_may_be_as_loud_as_it_is(noise_db: float) -> None:
    quiet = Quiet()
    assert sum(quiet.heard(block) for block in blocks(room(10.0, noise_db))) > 8 * SECONDS


def test_a_noise_that_goes_on_becomes_the_room() -> None:
    quiet = Quiet()
    for block in blocks(room(5.0, -65.0)):
        quiet.heard(block)
    found = [quiet.heard(block) for block in blocks(room(60.0, -45.0))]
    assert not any(found[: 5 * SECONDS])
    assert all(found[-5 * SECONDS :])


def test_a_room_after_digital_silence_is_soon_a_quiet_one() -> None:
    quiet = Quiet()
    for block in blocks(np.zeros(5 * LISTENING_RATE, np.float32)):
        quiet.heard(block)
    found = [quiet.heard(block) for block in blocks(room(10.0, -65.0))]
    assert all(found[5 * SECONDS :])


def test_a_quiet_room_costs_a_look_a_second(clips: dict[str, Clip]) -> None:
    activity = Counted()
    sparing = Sparing(activity)
    assert max(sparing.probability(block, needed=False) for block in blocks(room(60.0))) < 0.5
    assert activity.asked < HOLD + 60 * SECONDS / PROOF + 10


@pytest.mark.parametrize("name", ["q_what_time_is_it_r3", "q_grapefruit_in_french", "cmd_stop"])
def test_speech_out_of_the_quiet_is_heard_as_if_it_had_never_rested(clips: dict[str, Clip], name: str) -> None:
    heard = blocks(with_room(read_audio(clips[name].path, max_s=60), before_s=5.0))
    sparing, silero = Sparing(Silero()), Silero()
    spared = np.array([sparing.probability(block, needed=False) for block in heard])
    always = np.array([silero.probability(block) for block in heard])
    speech = always >= 0.5
    assert speech.sum() > 10
    np.testing.assert_allclose(spared[speech], always[speech], atol=0.15)
    assert np.mean((spared >= 0.5) != speech) < 0.02


def test_who_has_to_be_heard_at_once_is_looked_at_in_every_block() -> None:
    activity = Counted()
    sparing = Sparing(activity)
    for block in blocks(room(5.0)):
        sparing.probability(block, needed=True)
    assert activity.asked == 5 * SECONDS + 1


class NeverQuiet:
    """Has the wake word listen all the time."""

    def heard(self, samples: Samples) -> bool:
        return False


@pytest.mark.parametrize(
    ("name", "word"),
    [("wake_okay_nabu_pmw1", "okay_nabu"), ("wake_alexa_pmw2", "alexa"), ("wake_hey_jarvis_pmw3", "hey_jarvis")],
)
def test_a_wake_word_out_of_the_quiet_is_as_sure_as_ever(
    clips: dict[str, Clip], name: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = read_audio(clips[name].path, max_s=60)
    resting = MicroWakeWord(word)
    monkeypatch.setattr(microwakeword, "Quiet", NeverQuiet)
    awake = MicroWakeWord(word)
    heard = blocks(with_room(recording, before_s=5.0))
    scores = [score for block in heard for score in resting.scores(block)]
    expected = [score for block in heard for score in awake.scores(block)]
    assert max(scores) == pytest.approx(max(expected), abs=0.05)
    assert len(scores) < len(expected) / 1.5
    assert level(recording) > -60
