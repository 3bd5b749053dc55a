"""Trends: growth, shrinkage and noise."""

import numpy as np
import pytest

from assistant.bench.soak.trend import Point, batches, fit

HOUR = 3600.0


def readings(values: "np.typing.NDArray[np.float64]") -> list[Point]:
    """Return `values` as readings, one every ten seconds."""
    return [(number * 10.0, float(value)) for number, value in enumerate(values)]


def noise(count: int = 360, size: float = 1.0) -> "np.typing.NDArray[np.float64]":
    return np.random.default_rng(0).standard_normal(count) * size


def test_a_straight_line_is_found_exactly() -> None:
    trend = fit([(float(time), 500 + time / 3600 * 12) for time in range(0, 3600, 10)], 0, HOUR)
    assert trend is not None
    assert trend.slope == trend.low == trend.high == pytest.approx(12)
    assert trend.grows


def test_a_leak_is_seen_through_noise() -> None:
    trend = fit(readings(noise(size=3) + np.linspace(0, 10, 360)), 0, HOUR)
    assert trend is not None
    assert trend.low < 10 < trend.high
    assert trend.grows


def test_noise_is_no_growth() -> None:
    trend = fit(readings(700 + noise(size=20)), 0, HOUR)
    assert trend is not None
    assert trend.is_noise


def test_a_constant_does_not_grow() -> None:
    trend = fit(readings(np.full(360, 0.1)), 0, HOUR)
    assert trend is not None
    assert (trend.slope, trend.low, trend.high) == (0, 0, 0)
    assert not trend.grows
    assert trend.is_noise


def test_shrinking_is_not_growth() -> None:
    trend = fit(readings(np.linspace(10, 0, 360)), 0, HOUR)
    assert trend is not None
    assert not trend.grows
    assert not trend.is_noise


def test_false_positives_are_as_rare_as_the_confidence_level_says() -> None:
    """On readings that change once a minute, as memory does, where ordinary least squares is overconfident."""
    random = np.random.default_rng(1)
    wrong = 0
    for _ in range(400):
        trend = fit(readings(np.repeat(random.standard_normal(60), 6)), 0, HOUR)
        assert trend is not None
        wrong += not trend.is_noise
    assert 0.02 < wrong / 400 < 0.09


def test_growth_outside_the_time_does_not_count() -> None:
    values = np.concatenate([np.linspace(0, 100, 36), 100 + noise(324)])
    settled = fit(readings(values), 360, HOUR)
    assert settled is not None
    assert settled.is_noise
    whole = fit(readings(values), 0, HOUR)
    assert whole is not None
    assert whole.slope > 10 > settled.slope


def test_too_few_readings_have_no_trend() -> None:
    assert fit([], 0, HOUR) is None
    assert fit([(0.0, 1.0), (1800.0, 2.0), (3599.0, 3.0)], 0, HOUR) is None
    assert fit([(5.0, 1.0)], 5, 5) is None


def test_batches_are_equally_long_and_lose_no_point_inside() -> None:
    found = batches([(time / 10, 0.0) for time in range(121)], 1, 11, 4)
    assert [len(batch) for batch in found] == [25, 25, 25, 26]
    assert found[0][0] == (1.0, 0.0)
    assert found[-1][-1] == (11.0, 0.0)
