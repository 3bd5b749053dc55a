"""What a device delivers, scripted."""

from collections.abc import Iterator

import numpy as np

from assistant.audio.devices.inbox import Delivery

RATE = 48_000
PERIOD = 480


def delivered(count: int, *, start: int = 0) -> Iterator[Delivery]:
    """Periods of a device at `RATE` that began to capture at 100 s; each sample tells its own time since then."""
    for position in range(start * PERIOD, (start + count) * PERIOD, PERIOD):
        times = np.arange(position, position + PERIOD) / RATE
        yield Delivery(times.astype(np.float32), position, 100 + (position + PERIOD) / RATE)
