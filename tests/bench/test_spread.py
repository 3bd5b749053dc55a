"""Median, 95th percentile and maximum."""

from assistant.bench.spread import Spread, spread


def test_the_spread_of_nothing_is_unknown() -> None:
    assert spread([None, None]) == Spread(None, None, None)


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    assert spread([float(value) for value in range(1, 101)]) == Spread(50.5, 95.0, 100.0)
    assert spread([3.0, None, 1.0]) == Spread(2.0, 3.0, 3.0)
