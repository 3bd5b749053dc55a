import numpy as np
import pytest

from assistant.audio.gain import Gain

RATE = 1000


def applied(gain: Gain, count: int) -> list[float]:
    samples = np.ones(count, np.float32)
    gain.apply(samples)
    return [float(sample) for sample in samples]


def test_at_first_samples_stay_as_they_are() -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, 1000).astype(np.float32)
    samples = noise.copy()
    Gain(RATE).apply(samples)
    np.testing.assert_array_equal(samples, noise)


@pytest.mark.parametrize("period", [1, 7, 10, 100])
def test_a_ramp_is_the_same_however_it_is_cut(period: int) -> None:
    gain = Gain(RATE)
    gain.set(0.5, 0.05)
    ramp = [sample for _ in range(0, 100, period) for sample in applied(gain, period)]
    assert ramp[:50] == pytest.approx([1 - 0.5 * number / 50 for number in range(1, 51)])
    assert set(ramp[50:]) == {0.5}
    assert gain.target == 0.5
    assert gain.left == 0


def test_without_a_ramp_it_changes_at_once() -> None:
    gain = Gain(RATE)
    gain.set(0.25, 0.0)
    assert applied(gain, 2) == [0.25, 0.25]


def test_back_at_1_samples_stay_as_they_are_again() -> None:
    gain = Gain(RATE)
    gain.set(0.3, 0.01)
    applied(gain, 5)
    gain.set(1.0, 0.01)
    assert applied(gain, 20)[10:] == [1.0] * 10
