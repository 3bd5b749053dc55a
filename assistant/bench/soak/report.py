"""What the soak suite reports: every reading and exchange, the figures over time, their trends, and the targets."""

from collections.abc import Sequence

import msgspec

from assistant.bench.soak.exchange import SoakExchange
from assistant.bench.soak.process_monitor import ProcessReading
from assistant.bench.soak.trend import Trend
from assistant.bench.spread import Spread


class SoakSample(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon at one instant."""

    at_s: float
    """Seconds since the daemon was ready."""
    reading: ProcessReading
    late_blocks: int
    dropped_samples: int
    underflows: int
    """All three counted since the daemon started."""


class SoakInterval(msgspec.Struct, frozen=True, kw_only=True):
    """One of the equal parts of the scenario: medians of the readings, and counts of what happened."""

    until_s: float
    """Seconds since the daemon was ready."""
    memory_mb: float
    anonymous_mb: float
    files: float
    threads: float
    core: float | None
    """Processor time over elapsed time: 1 is one busy core."""
    wakeups_per_s: float | None
    turns: int
    missed: int
    late_blocks: int
    dropped_samples: int
    underflows: int
    voice_to_voice_ms: float | None
    load_sheds: int


class IdleThreadUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One thread of the idle daemon."""

    name: str
    core: float
    wakeups_per_s: float


class IdleUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon while it listens for the wake word in a room with background noise and no speech."""

    seconds: float
    core: float
    wakeups_per_s: float
    """Over all threads."""
    memory_mb: float
    anonymous_mb: float
    """Both at the end of the idle time."""
    threads: list[IdleThreadUsage]
    """The busiest first; threads that do next to nothing are left out."""


class SoakTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement, and whether the run met it."""

    name: str
    reached: bool
    found: str


class SoakReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench soak --json` prints."""

    talk_s: float
    seed: int
    rows: list[SoakInterval]
    trends: dict[str, Trend | None]
    """Change of each figure in an hour, without the first tenth of the scenario; see `assistant.bench.soak.trend`."""
    turns: int
    missed: int
    interrupted: int
    """Answers that the user interrupted, as intended."""
    false_wakes: int
    voice_to_voice_ms: Spread
    late_blocks: int
    dropped_samples: int
    underflows: int
    load_sheds: int
    idle: dict[str, IdleUsage]
    """Before the scenario (`start`) and after it (`end`)."""
    targets: list[SoakTarget]
    exchanges: list[SoakExchange]
    samples: list[SoakSample]
    ended: str | None
    """Why the daemon ended before it was told to; None when it did not."""
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


class SoakTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """All observations of a run, in seconds since the daemon was ready."""

    start_s: float
    end_s: float
    """Start and end of the scenario."""
    samples: Sequence[SoakSample]
    exchanges: Sequence[SoakExchange]
    shed_at_s: Sequence[float]
    """When the daemon shed load, or took it up again."""

    @property
    def scenario_samples(self) -> list[SoakSample]:
        """The samples taken during the scenario."""
        return [sample for sample in self.samples if self.start_s <= sample.at_s <= self.end_s]
