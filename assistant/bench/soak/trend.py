"""Whether a repeatedly read figure grows: a straight line, and the confidence interval of its slope."""

import statistics
from collections.abc import Sequence

import msgspec

BATCHES = 12
"""Equal parts of the time, whose medians the line is fitted to.

Successive readings of a process are strongly correlated: its memory is a staircase. Least squares on the readings
themselves would take chance for growth. The medians of long batches are nearly independent (the method of batch means,
R. W. Conway, 1963).
"""

MIN_BATCHES = 4
"""Batches with readings that a trend needs."""

STUDENT_T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Quantiles of Student's t for a 95% confidence interval, for 1 to 10 degrees of freedom."""

Point = tuple[float, float]
"""Time in seconds, and value."""


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """Slope of the least-squares line through the medians of the batches."""

    slope: float
    """Change in an hour."""
    low: float
    high: float
    """95% confidence interval of the slope."""

    @property
    def grows(self) -> bool:
        """Whether the slope is significantly above zero."""
        return self.low > 0

    @property
    def is_noise(self) -> bool:
        """Whether the slope cannot be told from zero."""
        return self.low <= 0 <= self.high


def batches(points: Sequence[Point], start_s: float, end_s: float, count: int) -> list[list[Point]]:
    """Divide the time from `start_s` to `end_s` into `count` equal parts; return the points in each."""
    found: list[list[Point]] = [[] for _ in range(count)]
    for point in points:
        if start_s <= point[0] <= end_s and end_s > start_s:
            found[min(count - 1, int((point[0] - start_s) / (end_s - start_s) * count))].append(point)
    return found


def fit(points: Sequence[Point], start_s: float, end_s: float) -> Trend | None:
    """Return the trend from `start_s` to `end_s`; None when there are too few readings."""
    medians = [
        (statistics.fmean(time for time, _ in batch), statistics.median(value for _, value in batch))
        for batch in batches(points, start_s, end_s, BATCHES)
        if batch
    ]
    if len(medians) < MIN_BATCHES:
        return None
    return _line([time / 3600 for time, _ in medians], [value for _, value in medians])


def _line(hours: Sequence[float], values: Sequence[float]) -> Trend:
    slope, intercept = statistics.linear_regression(hours, values)
    mean = statistics.fmean(hours)
    spread = sum((hour - mean) ** 2 for hour in hours)
    residual = sum((value - intercept - slope * hour) ** 2 for hour, value in zip(hours, values, strict=True))
    freedom = len(hours) - 2
    margin = STUDENT_T_975[freedom - 1] * (residual / freedom / spread) ** 0.5
    return Trend(slope=round(slope, 3), low=round(slope - margin, 3), high=round(slope + margin, 3))
