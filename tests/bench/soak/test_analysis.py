"""From the readings of a soak to its report."""

import msgspec
import pytest

from assistant.bench.soak.analysis import idle_of, intervals_of, targets_of, trends_of
from assistant.bench.soak.exchange import SoakExchange
from assistant.bench.soak.process_monitor import ProcessReading, ThreadReading
from assistant.bench.soak.report import IdleUsage, SoakReport, SoakSample, SoakTimeline
from assistant.bench.soak.trend import Trend
from assistant.bench.spread import spread

SCENARIO = (100.0, 1300.0)


def reading(at_s: float, *, leak_mb: float = 0.0) -> ProcessReading:
    return ProcessReading(
        memory_mb=700 + leak_mb * at_s,
        anonymous_mb=500 + leak_mb * at_s,
        files=40,
        threads=20,
        processor_s=at_s * 0.5,
        wakeups=round(at_s * 1000),
    )


def timeline(
    *, leak_mb: float = 0.0, exchanges: tuple[SoakExchange, ...] = (), shed_at_s: tuple[float, ...] = ()
) -> SoakTimeline:
    """Samples every 10 s, also before and after the scenario, with a late block every 300 s."""
    samples = [
        SoakSample(
            at_s=at_s,
            reading=reading(at_s, leak_mb=leak_mb),
            late_blocks=int(at_s // 300),
            dropped_samples=0,
            underflows=0,
        )
        for at_s in (float(number * 10) for number in range(150))
    ]
    return SoakTimeline(
        start_s=SCENARIO[0], end_s=SCENARIO[1], samples=samples, exchanges=exchanges, shed_at_s=shed_at_s
    )


def exchange(at_s: float, *, missed: str = "", voice_to_voice_ms: float | None = 500.0) -> SoakExchange:
    return SoakExchange(at_s=at_s, scene="one breath", clip="c", missed=missed, voice_to_voice_ms=voice_to_voice_ms)


def idle(core: float = 0.04, wakeups_per_s: float = 100.0) -> IdleUsage:
    return idle_of(
        100.0,
        {7: ThreadReading(name="python", processor_s=1.0, wakeups=0)},
        {
            7: ThreadReading(name="python", processor_s=1 + 100 * core, wakeups=round(100 * wakeups_per_s)),
            9: ThreadReading(name="worker", processor_s=0.001, wakeups=3),
        },
        reading(0),
    )


def good() -> SoakReport:
    """A report with every target reached."""
    return SoakReport(
        talk_s=1200,
        seed=1,
        rows=[],
        trends={"memory_mb": Trend(slope=1, low=-1, high=3)},
        turns=10,
        missed=0,
        interrupted=0,
        false_wakes=0,
        voice_to_voice_ms=spread([500]),
        late_blocks=0,
        dropped_samples=0,
        underflows=0,
        load_sheds=0,
        idle={"start": idle(), "end": idle()},
        targets=[],
        exchanges=[],
        samples=[],
        ended=None,
        machine={},
        models={},
        devices={},
    )


def test_the_scenario_is_divided_equally_and_everything_counted_once() -> None:
    spoken = tuple(exchange(at_s, missed="no wake" if at_s == 250 else "") for at_s in (150.0, 250.0, 260.0, 1250.0))
    rows = intervals_of(timeline(exchanges=spoken, shed_at_s=(220.0,)))
    assert [row.until_s for row in rows] == [200.0 + 100 * number for number in range(12)]
    assert [row.turns for row in rows] == [1, 2, *[0] * 9, 1]
    assert [row.missed for row in rows] == [0, 1, *[0] * 10]
    assert [row.load_sheds for row in rows] == [0, 1, *[0] * 10]
    assert sum(row.late_blocks for row in rows) == 4
    assert {row.core for row in rows} == {0.5}
    assert {row.wakeups_per_s for row in rows} == {1000}
    assert rows[0].voice_to_voice_ms == 500
    assert rows[2].voice_to_voice_ms is None


def test_a_scenario_without_samples_has_no_intervals_and_no_trends() -> None:
    nothing = SoakTimeline(start_s=0, end_s=0, samples=[], exchanges=[], shed_at_s=[])
    assert intervals_of(nothing) == []
    assert set(trends_of(nothing).values()) == {None}


def test_a_leak_is_a_trend_of_memory_alone() -> None:
    trends = trends_of(timeline(leak_mb=0.01))
    assert trends["memory_mb"] is not None
    assert trends["memory_mb"].slope == pytest.approx(36, rel=0.01)
    assert trends["memory_mb"].grows
    assert trends["files"] is not None
    assert trends["files"].is_noise
    assert trends["voice_to_voice_ms"] is None


def test_idle_usage_is_listed_by_thread() -> None:
    found = idle(core=0.03, wakeups_per_s=90)
    assert found.core == pytest.approx(0.03, abs=0.0002)
    assert found.wakeups_per_s == pytest.approx(90)
    assert [thread.name for thread in found.threads] == ["main"]


def test_a_good_run_reaches_every_target() -> None:
    assert [target.name for target in targets_of(good()) if not target.reached] == []


@pytest.mark.parametrize(
    ("changes", "name", "found"),
    [
        ({"trends": {"files": Trend(slope=3, low=1, high=5)}}, "no growth beyond noise", "files"),
        ({"trends": {"files": None}}, "no growth beyond noise", "files unknown"),
        ({"late_blocks": 1}, "no late frame", "1"),
        ({"underflows": 2}, "no audio lost or torn", "0 samples, 2 underflows"),
        ({"dropped_samples": 512}, "no audio lost or torn", "512 samples, 0 underflows"),
        ({"missed": 1}, "no missed turn", "1 of 10"),
        ({"turns": 0}, "no missed turn", "0 of 0"),
        ({"ended": "device.failed: gone"}, "it ran to the end", "device.failed: gone"),
        ({"idle": {"end": idle(core=0.051)}}, "idle below 5% of one core", "5.1%"),
        (
            {"idle": {"end": idle(wakeups_per_s=210)}},
            "idle, no thread wakes more often than the audio period",
            "2.1 times",
        ),
    ],
)
def test_a_missed_target_says_what_was_found(changes: dict[str, object], name: str, found: str) -> None:
    report = msgspec.structs.replace(good(), **changes)
    [missed] = [target for target in targets_of(report) if not target.reached]
    assert (missed.name, missed.found) == (name, found)


def test_a_target_that_was_not_measured_is_missed() -> None:
    nothing = msgspec.structs.replace(good(), idle={})
    assert [target.found for target in targets_of(nothing) if not target.reached] == ["not measured"] * 2
