"""From the readings of a soak to its report: figures over time, trends, idle usage, and targets."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from assistant.bench.soak.process_monitor import ProcessReading, ThreadReading
from assistant.bench.soak.report import (
    IdleThreadUsage,
    IdleUsage,
    SoakInterval,
    SoakReport,
    SoakSample,
    SoakTarget,
    SoakTimeline,
)
from assistant.bench.soak.trend import Point, Trend, fit
from assistant.bench.spread import spread

INTERVALS = 12
"""Parts of the scenario in the table over time: of five minutes each in an hour."""

WARM_UP = 0.1
"""Share of the scenario, at its start, that trends leave out.

First uses load what is loaded lazily, and the allocators of six libraries reach their size: growth that ends. The table
and the plot show it.
"""

MAX_IDLE_CORE = 0.05
"""Share of one core that an idle daemon may use."""

PERIOD_S = 0.01
"""PortAudio requests audio every 10 ms, so no thread has to wake more often. See `LATENCY_S` in
`assistant.audio.devices`."""

MAX_WAKEUPS_PER_PERIOD = 1.05
"""One, with a tolerance for the difference between the device's clock and the system's."""

MIN_THREAD_CORE = 0.0005
MIN_THREAD_WAKEUPS_PER_S = 1.0
"""A thread below both is not listed."""

FIGURES: dict[str, Callable[[ProcessReading], float]] = {
    "memory_mb": lambda reading: reading.memory_mb,
    "anonymous_mb": lambda reading: reading.anonymous_mb,
    "files": lambda reading: reading.files,
    "threads": lambda reading: reading.threads,
}
"""Figures that grow when something leaks."""


def intervals_of(timeline: SoakTimeline) -> list[SoakInterval]:
    """Divide the scenario into equal parts; those without a sample are left out."""
    edges = [
        timeline.start_s + (timeline.end_s - timeline.start_s) * number / INTERVALS for number in range(INTERVALS + 1)
    ]
    samples = timeline.scenario_samples
    found = []
    for start, end in pairwise(edges):
        inside = [sample for sample in samples if start <= sample.at_s < end]
        if inside:
            before = [sample for sample in timeline.samples if sample.at_s < start]
            found.append(_interval(timeline, start, end, [*before[-1:], *inside]))
    return found


def _interval(timeline: SoakTimeline, start_s: float, end_s: float, samples: Sequence[SoakSample]) -> SoakInterval:
    """Sum up the time from `start_s` to `end_s`; `samples` starts with the last one before it."""
    first, last = samples[0], samples[-1]
    seconds = last.at_s - first.at_s
    exchanges = [each for each in timeline.exchanges if start_s <= each.at_s < end_s]
    medians = {
        name: statistics.median(figure(sample.reading) for sample in samples[-max(1, len(samples) - 1) :])
        for name, figure in FIGURES.items()
    }
    return SoakInterval(
        until_s=round(end_s, 1),
        core=_per(last.reading.processor_s - first.reading.processor_s, seconds, 3),
        wakeups_per_s=_per(last.reading.wakeups - first.reading.wakeups, seconds, 1),
        turns=len(exchanges),
        missed=sum(bool(each.missed) for each in exchanges),
        late_blocks=last.late_blocks - first.late_blocks,
        dropped_samples=last.dropped_samples - first.dropped_samples,
        underflows=last.underflows - first.underflows,
        voice_to_voice_ms=spread(each.voice_to_voice_ms for each in exchanges).median,
        load_sheds=sum(start_s <= moment < end_s for moment in timeline.shed_at_s),
        **medians,
    )


def trends_of(timeline: SoakTimeline) -> dict[str, Trend | None]:
    """Fit a trend to each figure; None where there are too few readings."""
    start = timeline.start_s + WARM_UP * (timeline.end_s - timeline.start_s)
    points: dict[str, list[Point]] = {
        name: [(sample.at_s, figure(sample.reading)) for sample in timeline.samples] for name, figure in FIGURES.items()
    }
    points["voice_to_voice_ms"] = [
        (each.at_s, each.voice_to_voice_ms) for each in timeline.exchanges if each.voice_to_voice_ms is not None
    ]
    return {name: fit(each, start, timeline.end_s) for name, each in points.items()}


def idle_of(
    seconds: float, before: Mapping[int, ThreadReading], after: Mapping[int, ThreadReading], last: ProcessReading
) -> IdleUsage:
    """Return what each thread used between two readings, `seconds` apart; a thread that is new counts in full."""
    threads = sorted(_idle_threads(seconds, before, after), key=lambda thread: -thread.core)
    return IdleUsage(
        seconds=round(seconds, 1),
        core=round(sum(thread.core for thread in threads), 4),
        wakeups_per_s=round(sum(thread.wakeups_per_s for thread in threads), 1),
        memory_mb=last.memory_mb,
        anonymous_mb=last.anonymous_mb,
        threads=[each for each in threads if _is_listed(each)],
    )


def _idle_threads(
    seconds: float, before: Mapping[int, ThreadReading], after: Mapping[int, ThreadReading]
) -> Iterator[IdleThreadUsage]:
    main = min(after)  # its id is the process's; the others started later
    for number, thread in after.items():
        was = before.get(number)
        yield IdleThreadUsage(
            name="main" if number == main else thread.name,
            core=round((thread.processor_s - (was.processor_s if was else 0.0)) / seconds, 5),
            wakeups_per_s=round((thread.wakeups - (was.wakeups if was else 0)) / seconds, 1),
        )


def targets_of(report: SoakReport) -> list[SoakTarget]:
    """Return every target; one that nothing was measured for is not reached."""
    growing = [name for name, trend in report.trends.items() if trend is not None and trend.grows]
    unknown = [name for name, trend in report.trends.items() if trend is None]
    idle = max((each.core for each in report.idle.values()), default=None)
    wakeups_per_s = max(
        (thread.wakeups_per_s for each in report.idle.values() for thread in each.threads), default=None
    )
    return [
        SoakTarget(
            name="no growth beyond noise",
            reached=not growing and not unknown,
            found=", ".join([*growing, *(f"{name} unknown" for name in unknown)]) or "none",
        ),
        SoakTarget(name="no late frame", reached=report.late_blocks == 0, found=str(report.late_blocks)),
        SoakTarget(
            name="no audio lost or torn",
            reached=report.dropped_samples == report.underflows == 0,
            found=f"{report.dropped_samples} samples, {report.underflows} underflows",
        ),
        SoakTarget(
            name="no missed turn",
            reached=report.turns > 0 and report.missed == 0,
            found=f"{report.missed} of {report.turns}",
        ),
        SoakTarget(name="it ran to the end", reached=report.ended is None, found=report.ended or "yes"),
        SoakTarget(
            name=f"idle below {MAX_IDLE_CORE:.0%} of one core",
            reached=idle is not None and idle < MAX_IDLE_CORE,
            found="not measured" if idle is None else f"{idle:.1%}",
        ),
        SoakTarget(
            name="idle, no thread wakes more often than the audio period",
            reached=wakeups_per_s is not None and wakeups_per_s * PERIOD_S <= MAX_WAKEUPS_PER_PERIOD,
            found="not measured" if wakeups_per_s is None else f"{wakeups_per_s * PERIOD_S:.1f} times",
        ),
    ]


def _is_listed(thread: IdleThreadUsage) -> bool:
    return thread.core >= MIN_THREAD_CORE or thread.wakeups_per_s >= MIN_THREAD_WAKEUPS_PER_S


def _per(amount: float, seconds: float, digits: int) -> float | None:
    return round(amount / seconds, digits) if seconds > 0 else None
