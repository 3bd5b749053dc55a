"""Processor time of a turn: while the user spoke, and for answers that were never played."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Both clocks, in seconds."""

    wall: float = field(default_factory=time.monotonic)
    processor: float = field(default_factory=time.process_time)


class ProcessorTime:
    """Counts from the onset of speech; `stop_listening` at each soft end, the last of which counts."""

    def __init__(self) -> None:
        self._onset = _Clocks()
        self._pause = self._onset
        self._revision = self._onset
        self.revisions = 0
        self.wasted_s = 0.0

    def stop_listening(self) -> None:
        self._pause = _Clocks()

    @property
    def listening_cores(self) -> float:
        """Cores that this process kept busy from the onset until the last soft end, on average."""
        wall = self._pause.wall - self._onset.wall
        return (self._pause.processor - self._onset.processor) / wall if wall > 0 else 0.0

    def revision_begins(self) -> None:
        self.revisions += 1
        self._revision = _Clocks()

    def revision_is_void(self) -> None:
        """Count the time since the revision began as wasted: an upper bound, since what ran beside it counts too."""
        self.wasted_s += time.process_time() - self._revision.processor
