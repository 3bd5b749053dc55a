"""How loud the assistant may be at which time of the day. Pure."""

import re
from dataclasses import dataclass
from datetime import time

HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to `end`, local time; over midnight when `end` is the earlier one."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "QuietHours":
        """`22:00-07:00`. Raises `ValueError`."""
        found = HOURS.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"expected hours such as '22:00-07:00', got {text!r}")
        hours = [int(part) for part in found.groups()]
        return cls(time(hours[0], hours[1]), time(hours[2], hours[3]))

    def include(self, now: time) -> bool:
        """Whether it is quiet at `now`."""
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end
