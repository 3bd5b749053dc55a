import numpy as np
import pytest

from assistant.audio.pcm import Samples
from assistant.audio.resample import Resampler

RATES = [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000), (22_050, 48_000), (24_000, 44_100)]


def tone(frequency: float, rate: int, seconds: float = 1.0) -> Samples:
    return np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate).astype(np.float32)


def whole(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate([resampler.push(samples), resampler.finish()])


def level_db(samples: Samples) -> float:
    """Relative to a full-scale tone, without the ends of the signal."""
    middle = samples[len(samples) // 8 : -len(samples) // 8]
    return float(10 * np.log10(2 * np.mean(middle.astype(np.float64) ** 2) + 1e-30))


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_pieces_of_any_length_give_what_the_whole_gives(from_rate: int, to_rate: int) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, from_rate).astype(np.float32)
    resampler = Resampler(from_rate, to_rate)
    pieces = [resampler.push(piece) for piece in np.split(noise, [0, 1, 100, 101, 5000, 7000])]
    np.testing.assert_array_equal(np.concatenate([*pieces, resampler.finish()]), whole(noise, from_rate, to_rate))


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_the_length_in_time_stays(from_rate: int, to_rate: int) -> None:
    assert len(whole(np.zeros(from_rate * 3, np.float32), from_rate, to_rate)) == to_rate * 3


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_the_moment_of_a_sound_stays_within_an_eighth_of_a_millisecond(from_rate: int, to_rate: int) -> None:
    frequency, moments = 500, np.arange(to_rate) / to_rate
    phase = np.angle(
        np.sum(whole(tone(frequency, from_rate), from_rate, to_rate) * np.exp(-2j * np.pi * frequency * moments))
    )
    assert abs(phase + np.pi / 2) / (2 * np.pi * frequency) < 0.000_125


@pytest.mark.parametrize(("from_rate", "to_rate"), [(48_000, 16_000), (44_100, 16_000), (22_050, 48_000)])
def test_no_more_than_16_ms_is_ever_held_back(from_rate: int, to_rate: int) -> None:
    resampler = Resampler(from_rate, to_rate)
    period = from_rate // 100
    pushed_s = given_s = 0.0
    for _ in range(200):
        pushed_s += period / from_rate
        given_s += len(resampler.push(np.zeros(period, np.float32))) / to_rate
        assert pushed_s - given_s <= 0.016


@pytest.mark.parametrize("from_rate", [44_100, 48_000, 96_000])
def test_what_speech_needs_passes_and_what_would_fold_back_does_not(from_rate: int) -> None:
    assert level_db(whole(tone(100, from_rate), from_rate, 16_000)) == pytest.approx(0, abs=0.1)
    assert level_db(whole(tone(7_500, from_rate), from_rate, 16_000)) == pytest.approx(0, abs=0.1)
    assert level_db(whole(tone(9_000, from_rate), from_rate, 16_000)) < -100


def test_a_finished_stream_leaves_nothing_for_the_next() -> None:
    resampler = Resampler(22_050, 48_000)
    first = np.concatenate([resampler.push(tone(440, 22_050)), resampler.finish()])
    second = np.concatenate([resampler.push(tone(440, 22_050)), resampler.finish()])
    np.testing.assert_array_equal(first, second)


def test_equal_rates_change_nothing() -> None:
    samples = tone(440, 16_000)
    np.testing.assert_array_equal(whole(samples, 16_000, 16_000), samples)
