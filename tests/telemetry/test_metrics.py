"""Metrics counted from events."""

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assistant.events import AudioDropped, DeviceLost, Disturbed, Error, LoadShed, Marks, Muted, TurnFinished, Woken
from assistant.telemetry.metrics import Metrics

TURN = TurnFinished(
    room="kitchen",
    turn=1,
    transcript="what about the grapefruit",
    language="en",
    reply="It is ripe.",
    spoken="It is ripe.",
    heard="It is ripe.",
    marks_ms=Marks(soft_end=-10.0, transcript=210.0, commit=270.0, playback=450.0),
    audio_s=1.0,
    tokens_reused=20,
    tokens_evaluated=10,
    work_s={"asr": 0.2, "tts": 0.1},
    revisions=2,
    wasted_cpu_s=0.5,
    late_blocks=3,
)


def figures(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and label values."""
    families = text_string_to_metric_families(metrics.text())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_turn_is_counted_with_its_marks_and_its_work() -> None:
    metrics = Metrics()
    metrics.observe(TURN)
    found = figures(metrics)
    assert found["assistant_turns_total", "answered", "kitchen", "speech"] == 1
    assert found[("assistant_voice_to_voice_seconds_count",)] == 1
    assert found[("assistant_voice_to_voice_seconds_sum",)] == pytest.approx(0.45)
    assert found["assistant_voice_to_voice_seconds_bucket", "0.4"] == 0
    assert found["assistant_voice_to_voice_seconds_bucket", "0.5"] == 1
    assert found["assistant_mark_seconds_sum", "transcript"] == pytest.approx(0.21)
    assert found["assistant_mark_seconds_sum", "soft_end"] == 0
    assert found[("assistant_revisions_total",)] == 2
    assert found[("assistant_revisions_heard_total",)] == 1
    assert found[("assistant_wasted_cpu_seconds_total",)] == 0.5
    assert found["assistant_stage_work_seconds_total", "asr"] == 0.2
    assert found[("assistant_late_blocks_total",)] == 3


def test_a_typed_question_says_nothing_about_speed() -> None:
    metrics = Metrics()
    metrics.observe(TurnFinished(**{name: getattr(TURN, name) for name in TURN.__struct_fields__} | {"source": "text"}))
    assert figures(metrics)[("assistant_voice_to_voice_seconds_count",)] == 0


def test_what_else_happens_is_counted_by_its_kind() -> None:
    metrics = Metrics()
    for event in (
        AudioDropped(samples=160),
        Error(code="llm.failed", message="grapefruit"),
        LoadShed(effort="no_partials"),
        Woken(word="alexa", score=1.0, at_s=0.0),
        Disturbed(action="hold", at_s=0.0),
        Muted(room="kitchen", muted=True),
    ):
        metrics.observe(event)
    metrics.count_request("ask", "ok")
    found = figures(metrics)
    assert found[("assistant_dropped_samples_total",)] == 160
    assert found["assistant_errors_total", "llm.failed"] == 1
    assert found["assistant_load_shed_total", "no_partials"] == 1
    assert found["assistant_wakes_total", "alexa"] == 1
    assert found["assistant_disturbances_total", "hold"] == 1
    assert found["assistant_muted", "kitchen"] == 1
    assert found["assistant_ipc_requests_total", "ask", "ok"] == 1


def test_polled_figures_are_read_at_each_scrape() -> None:
    metrics = Metrics()
    values: Iterator[float | None] = iter([None, 3.0, 4.0])
    metrics.watch_gauge("assistant_example", "An example.", lambda: next(values))
    assert ("assistant_example",) not in figures(metrics)
    assert figures(metrics)[("assistant_example",)] == 3
    assert figures(metrics)[("assistant_example",)] == 4


def test_the_process_is_measured() -> None:
    found = figures(Metrics())
    assert found[("process_resident_memory_bytes",)] > 10_000_000
    assert found[("process_open_fds",)] > 3


def test_devices_that_fail_are_counted_by_their_kind() -> None:
    metrics = Metrics()
    metrics.observe(DeviceLost(kind="microphone", name="USB", reason="unplugged"))
    assert figures(metrics)["assistant_device_losses_total", "microphone"] == 1


def test_metrics_contain_no_spoken_words() -> None:
    metrics = Metrics()
    metrics.observe(TURN)
    metrics.observe(Error(code="llm.failed", message="grapefruit"))
    assert "grapefruit" not in metrics.text()
    assert "ripe" not in metrics.text()


def test_the_work_for_many_who_ask_is_that_for_few(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, written = Metrics(), 0
    now = 100.0

    def text() -> str:
        nonlocal written, now
        written += 1
        now += 0.004
        return str(written)

    monkeypatch.setattr(metrics, "text", text)
    monkeypatch.setattr("assistant.telemetry.metrics.time.monotonic", lambda: now)
    assert {metrics.recent_text() for _ in range(300)} == {"1"}
    now += 0.05
    assert metrics.recent_text() == "2"
