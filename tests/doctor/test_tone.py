"""Finding the test sound in what a microphone heard."""

import numpy as np
import pytest

from assistant.audio import earcons
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.bench.clips import Clip
from assistant.doctor import tone
from tests.audio.echoes import reverberant, room_noise

LENGTH = round(1.7 * LISTENING_RATE)


def played() -> Samples:
    resampler = Resampler(earcons.RATE, LISTENING_RATE)
    samples = np.concatenate([resampler.push(tone.tone_samples()), resampler.finish()])
    return np.pad(samples, (0, LENGTH - len(samples)))


def test_it_lasts_about_a_second_and_is_soft() -> None:
    assert 0.9 < len(tone.tone_samples()) / earcons.RATE < 1.2
    assert np.abs(tone.tone_samples()).max() <= earcons.LEVEL


@pytest.mark.parametrize("loss_db", [0, 20, 40])
def test_its_echo_in_a_quiet_living_room_is_found_with_its_level(loss_db: float) -> None:
    leak = tone.find_tone(reverberant(played(), loss_db=loss_db) + room_noise(LENGTH), 1.0)
    assert leak is not None
    assert leak.db == pytest.approx(-loss_db - 4, abs=3)
    assert leak.delay_s == pytest.approx(0.06, abs=0.05)


def test_the_level_is_relative_to_what_was_played() -> None:
    leak = tone.find_tone(0.25 * np.roll(played(), 800), 0.25)
    assert leak is not None
    assert leak.db == pytest.approx(0.0, abs=0.1)
    assert leak.delay_s == pytest.approx(0.05, abs=0.001)


def test_speech_and_noise_are_not_taken_for_it(clips: dict[str, Clip]) -> None:
    found: list[tone.Leak | None] = []
    for clip in clips.values():
        samples = read_audio(clip.path, max_s=60)
        starts = range(0, len(samples) - LENGTH, LENGTH)
        found += [tone.find_tone(samples[start : start + LENGTH], 1.0) for start in starts]
    assert len(found) > 50
    assert not any(found)


@pytest.mark.parametrize("heard", [np.zeros(LENGTH, np.float32), np.zeros(0, np.float32)])
def test_silence_has_no_tone(heard: Samples) -> None:
    assert tone.find_tone(heard, 1.0) is None


def test_what_was_played_at_no_volume_is_not_found() -> None:
    assert tone.find_tone(room_noise(LENGTH), 0.0) is None
