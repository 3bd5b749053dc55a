"""What `assistant bench --suite soak` reports: the figures over time, whether they grow, and what was reached."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from assistant.bench.soak.household import Exchange
from assistant.bench.soak.process import Reading, ThreadReading
from assistant.bench.soak.trend import Point, Trend, fit
from assistant.bench.speed.report import Spread, spread

ROWS = 12
"""Lines of the table over time: one for five minutes of an hour."""

SETTLING = 0.1
"""Share of the talk, at its beginning, that no line is fitted to.

What is used for the first time is loaded then, and the allocators of six libraries reach their size: growth that ends.
The table and the picture show it.
"""

IDLE_CORE = 0.05
"""Of one core, that a daemon which waits for its wake word may take."""

PERIOD_S = 0.01
"""PortAudio asks for audio every 10 ms, and needs no thread more often. See `audio.devices.LATENCY_S`."""

TOLERANCE = 1.05
"""Wake-ups of a thread for each period that still count as one: the clocks of both are not the same."""

QUIET_THREAD = (0.0005, 1.0)
"""Core and wake-ups a second, below both of which a thread has no line of its own."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon at one moment."""

    at_s: float
    """After the beginning, which is when it was ready."""
    reading: Reading
    late_blocks: int
    dropped_samples: int
    underflows: int
    """All three since its start."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the talk; medians of what is read, and the number of what happens."""

    until_s: float
    memory_mb: float
    anonymous_mb: float
    files: float
    threads: float
    core: float | None
    """Processor time over time: 1 is one core kept busy."""
    wakeups_per_s: float | None
    turns: int
    missed: int
    late_blocks: int
    dropped_samples: int
    underflows: int
    voice_to_voice_ms: float | None
    load_sheds: int


class IdleThread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread while nobody spoke."""

    name: str
    core: float
    wakeups_per_s: float


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon while nobody spoke, and it listened for the wake word in a room that is quiet but not silent."""

    seconds: float
    core: float
    wakeups_per_s: float
    """Over all threads."""
    memory_mb: float
    anonymous_mb: float
    """At the end of it."""
    threads: list[IdleThread]
    """The busiest first; those that do next to nothing are left out."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was to be reached."""

    name: str
    reached: bool
    found: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench --suite soak --json` prints."""

    talk_s: float
    seed: int
    rows: list[Row]
    trends: dict[str, Trend | None]
    """What an hour adds to each figure, by a line through the medians of twelve parts of the talk without its first
    tenth; see `assistant/bench/trend.py`."""
    turns: int
    missed: int
    interrupted: int
    """Answers that were interrupted, as wanted."""
    false_wakes: int
    voice_to_voice_ms: Spread
    late_blocks: int
    dropped_samples: int
    underflows: int
    load_sheds: int
    idle: dict[str, Idle]
    """Before the talk (`start`) and after it (`end`)."""
    targets: list[Target]
    exchanges: list[Exchange]
    samples: list[Sample]
    ended: str | None
    """Why the daemon ended by itself; None when it did not."""
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen from the beginning of the talk to its end, in seconds after the beginning."""

    start_s: float
    end_s: float
    samples: Sequence[Sample]
    exchanges: Sequence[Exchange]
    shed_at_s: Sequence[float]
    """When the daemon changed its effort."""

    @property
    def talking(self) -> list[Sample]:
        return [sample for sample in self.samples if self.start_s <= sample.at_s <= self.end_s]


FIGURES: dict[str, Callable[[Reading], float]] = {
    "memory_mb": lambda reading: reading.memory_mb,
    "anonymous_mb": lambda reading: reading.anonymous_mb,
    "files": lambda reading: reading.files,
    "threads": lambda reading: reading.threads,
}
"""What grows when something leaks."""


def rows_of(course: Course) -> list[Row]:
    """The table: equal parts of the talk, those without a sample left out."""
    edges = [course.start_s + (course.end_s - course.start_s) * number / ROWS for number in range(ROWS + 1)]
    samples = course.talking
    found = []
    for start, end in pairwise(edges):
        inside = [sample for sample in samples if start <= sample.at_s < end]
        if inside:
            before = [sample for sample in course.samples if sample.at_s < start]
            found.append(_row(course, start, end, [*before[-1:], *inside]))
    return found


def _row(course: Course, start_s: float, end_s: float, samples: Sequence[Sample]) -> Row:
    """`samples` begins with the last one before it."""
    first, last = samples[0], samples[-1]
    seconds = last.at_s - first.at_s
    exchanges = [each for each in course.exchanges if start_s <= each.at_s < end_s]
    middle = {
        name: statistics.median(figure(sample.reading) for sample in samples[-max(1, len(samples) - 1) :])
        for name, figure in FIGURES.items()
    }
    return Row(
        until_s=round(end_s, 1),
        core=_per(last.reading.processor_s - first.reading.processor_s, seconds, 3),
        wakeups_per_s=_per(last.reading.wakeups - first.reading.wakeups, seconds, 1),
        turns=len(exchanges),
        missed=sum(bool(each.missed) for each in exchanges),
        late_blocks=last.late_blocks - first.late_blocks,
        dropped_samples=last.dropped_samples - first.dropped_samples,
        underflows=last.underflows - first.underflows,
        voice_to_voice_ms=spread(each.voice_to_voice_ms for each in exchanges).median,
        load_sheds=sum(start_s <= moment < end_s for moment in course.shed_at_s),
        **middle,
    )


def trends_of(course: Course) -> dict[str, Trend | None]:
    start = course.start_s + SETTLING * (course.end_s - course.start_s)
    points: dict[str, list[Point]] = {
        name: [(sample.at_s, figure(sample.reading)) for sample in course.samples] for name, figure in FIGURES.items()
    }
    points["voice_to_voice_ms"] = [
        (each.at_s, each.voice_to_voice_ms) for each in course.exchanges if each.voice_to_voice_ms is not None
    ]
    return {name: fit(each, start, course.end_s) for name, each in points.items()}


def idle_of(
    seconds: float, before: Mapping[int, ThreadReading], after: Mapping[int, ThreadReading], last: Reading
) -> Idle:
    """What each thread did between two looks; one that has begun in between counts from its beginning."""
    threads = sorted(_idle_threads(seconds, before, after), key=lambda thread: -thread.core)
    return Idle(
        seconds=round(seconds, 1),
        core=round(sum(thread.core for thread in threads), 4),
        wakeups_per_s=round(sum(thread.wakeups_per_s for thread in threads), 1),
        memory_mb=last.memory_mb,
        anonymous_mb=last.anonymous_mb,
        threads=[each for each in threads if each.core >= QUIET_THREAD[0] or each.wakeups_per_s >= QUIET_THREAD[1]],
    )


def _idle_threads(
    seconds: float, before: Mapping[int, ThreadReading], after: Mapping[int, ThreadReading]
) -> Iterator[IdleThread]:
    main = min(after)  # the process's own number: its other threads came later
    for number, thread in after.items():
        was = before.get(number)
        yield IdleThread(
            name="main" if number == main else thread.name,
            core=round((thread.processor_s - (was.processor_s if was else 0.0)) / seconds, 5),
            wakeups_per_s=round((thread.wakeups - (was.wakeups if was else 0)) / seconds, 1),
        )


def targets_of(report: Report) -> list[Target]:
    """Which of the aims were reached; one that nothing was measured for was not."""
    growing = [name for name, trend in report.trends.items() if trend is not None and trend.grows]
    unknown = [name for name, trend in report.trends.items() if trend is None]
    idle = max((each.core for each in report.idle.values()), default=None)
    often = max((thread.wakeups_per_s for each in report.idle.values() for thread in each.threads), default=None)
    return [
        Target(
            name="no growth beyond noise",
            reached=not growing and not unknown,
            found=", ".join([*growing, *(f"{name} unknown" for name in unknown)]) or "none",
        ),
        Target(name="no late frame", reached=report.late_blocks == 0, found=str(report.late_blocks)),
        Target(
            name="no audio lost or torn",
            reached=report.dropped_samples == report.underflows == 0,
            found=f"{report.dropped_samples} samples, {report.underflows} underflows",
        ),
        Target(
            name="no missed turn",
            reached=report.turns > 0 and report.missed == 0,
            found=f"{report.missed} of {report.turns}",
        ),
        Target(name="it ran to the end", reached=report.ended is None, found=report.ended or "yes"),
        Target(
            name=f"idle below {IDLE_CORE:.0%} of one core",
            reached=idle is not None and idle < IDLE_CORE,
            found="not measured" if idle is None else f"{idle:.1%}",
        ),
        Target(
            name="idle, no thread wakes more often than the audio period",
            reached=often is not None and often * PERIOD_S <= TOLERANCE,
            found="not measured" if often is None else f"{often * PERIOD_S:.1f} times",
        ),
    ]


def _per(amount: float, seconds: float, digits: int) -> float | None:
    return round(amount / seconds, digits) if seconds > 0 else None
