"""Whether a figure that was read again and again grows: a straight line with the uncertainty of its slope."""

import statistics
from collections.abc import Sequence

import msgspec

BATCHES = 12
"""Parts of the time whose medians the line is fitted to.

Successive readings of a process are anything but independent: its memory is a staircase. Least squares on each of them
would call chance growth. The medians of long stretches are nearly independent ("batch means", R. W. Conway, 1963).
"""

FEWEST = 4
"""Batches with something in them, below which there is no saying."""

T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t for an interval of 95% with 1 to 10 degrees of freedom."""

Point = tuple[float, float]
"""When, in seconds, and what."""


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A least-squares line through the medians of the batches."""

    slope: float
    """What an hour adds."""
    low: float
    high: float
    """Its interval of 95% confidence."""

    @property
    def grows(self) -> bool:
        """Whether the slope is above zero, and not by chance."""
        return self.low > 0

    @property
    def is_noise(self) -> bool:
        """Whether it cannot be told from zero."""
        return self.low <= 0 <= self.high


def batches(points: Sequence[Point], start_s: float, end_s: float, count: int) -> list[list[Point]]:
    """The points in each of `count` equally long parts of the time; what lies outside of it is left out."""
    found: list[list[Point]] = [[] for _ in range(count)]
    for point in points:
        if start_s <= point[0] <= end_s and end_s > start_s:
            found[min(count - 1, int((point[0] - start_s) / (end_s - start_s) * count))].append(point)
    return found


def fit(points: Sequence[Point], start_s: float, end_s: float) -> Trend | None:
    """The trend between two moments; None when too little was read."""
    middles = [
        (statistics.fmean(time for time, _ in batch), statistics.median(value for _, value in batch))
        for batch in batches(points, start_s, end_s, BATCHES)
        if batch
    ]
    if len(middles) < FEWEST:
        return None
    return _line([time / 3600 for time, _ in middles], [value for _, value in middles])


def _line(hours: Sequence[float], values: Sequence[float]) -> Trend:
    slope, intercept = statistics.linear_regression(hours, values)
    mean = statistics.fmean(hours)
    spread = sum((hour - mean) ** 2 for hour in hours)
    left = sum((value - intercept - slope * hour) ** 2 for hour, value in zip(hours, values, strict=True))
    freedom = len(hours) - 2
    margin = T_975[freedom - 1] * (left / freedom / spread) ** 0.5
    return Trend(slope=round(slope, 3), low=round(slope - margin, 3), high=round(slope + margin, 3))
