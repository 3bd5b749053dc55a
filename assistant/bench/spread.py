"""Median, 95th percentile and maximum: how every suite sums up a figure."""

import math
import statistics
from collections.abc import Iterable

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """Median, 95th percentile (nearest rank) and maximum of the measured values; None without any."""

    median: float | None
    p95: float | None
    max: float | None


def spread(values: Iterable[float | None]) -> Spread:
    """Summarise `values`, ignoring None."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return Spread(None, None, None)
    p95 = known[math.ceil(0.95 * len(known)) - 1]
    return Spread(round(statistics.median(known), 3), round(p95, 3), round(known[-1], 3))
