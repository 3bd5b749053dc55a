"""Quiet hours within a day and over midnight."""

from datetime import time

import pytest

from assistant.config.quiet_hours import QuietHours


@pytest.mark.parametrize(
    ("hours", "now", "quiet"),
    [
        ("22:00-07:00", time(21, 59), False),
        ("22:00-07:00", time(22, 0), True),
        ("22:00-07:00", time(3, 0), True),
        ("22:00-07:00", time(7, 0), False),
        ("13:00 - 14:30", time(14, 29), True),
        ("13:00-14:30", time(14, 30), False),
        ("9:05-9:05", time(9, 5), False),
    ],
)
def test_quiet_or_not(hours: str, now: time, quiet: bool) -> None:
    assert QuietHours.parse(hours).include(now) is quiet


@pytest.mark.parametrize("text", ["", "22-07", "24:00-07:00", "22:00", "22:60-07:00", "night"])
def test_what_is_no_span_of_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        QuietHours.parse(text)
