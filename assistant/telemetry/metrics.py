"""Prometheus metrics: counts and histograms of events, and figures that parts of the program keep themselves.

Names and units follow Prometheus's conventions. Metrics never contain transcribed words.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from assistant import __version__
from assistant.engines.queue import EngineQueue
from assistant.events import (
    AudioDropped,
    DeviceLost,
    Disturbed,
    Error,
    Event,
    LoadShed,
    Marks,
    Muted,
    RoomClosed,
    RoomOpened,
    TurnFinished,
    Woken,
)

SECONDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
"""Upper bounds of the histograms' buckets, densest where answers fall: 0.2 to 1 s after the question."""

MIN_PAUSE = 10
"""Times that it takes to put the metrics together for which the text is kept: 4 ms on the reference machine."""

Read = Callable[[], float | None]
"""Reads a figure that a part of the program keeps; None while it has none."""


@dataclass(frozen=True)
class _PolledMetric(Collector):
    """A figure that is read at each scrape."""

    name: str
    documentation: str
    kind: Literal["counter", "gauge"]
    read: Read

    def collect(self) -> Iterator[Metric]:
        value = self.read()
        if value is None:
            return
        family = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        yield family(self.name, self.documentation, value=value)


@dataclass(frozen=True, eq=False)
class _EngineMetrics(Collector):
    """The figures of each engine, read at each scrape."""

    queues: Mapping[str, EngineQueue]
    """By stage."""

    def collect(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("assistant_engine_waiting", "Requests that wait for an engine.", labels=["stage"])
        lent = GaugeMetricFamily("assistant_engine_busy", "Whether an engine is at work.", labels=["stage"])
        requests = CounterMetricFamily("assistant_engine_requests", "Requests to an engine.", labels=["stage"])
        waited = CounterMetricFamily(
            "assistant_engine_wait_seconds", "Time that requests have waited for an engine.", labels=["stage"]
        )
        worked = CounterMetricFamily(
            "assistant_engine_work_seconds", "Time that an engine was lent to a request.", labels=["stage"]
        )
        for stage, queue in self.queues.items():
            waiting.add_metric([stage], queue.waiting)
            lent.add_metric([stage], queue.is_lent)
            requests.add_metric([stage], queue.figures.requests)
            waited.add_metric([stage], queue.figures.waited_s)
            worked.add_metric([stage], queue.figures.worked_s)
        yield from (waiting, lent, requests, waited, worked)


class Metrics:
    """Counts events and exposes the result in Prometheus's text format.

    It has more fields than most classes: one for each family of metrics.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # drops an unused creation time per counter
        self.registry = registry = CollectorRegistry()
        self._recent, self._recent_until = "", 0.0
        ProcessCollector(registry=registry)
        Gauge("assistant_info", "Always 1; the version is in the label.", ["version"], registry=registry).labels(
            __version__
        ).set(1)
        self._voice_to_voice = Histogram(
            "assistant_voice_to_voice_seconds",
            "From the last moment of the user's speech to the first sample of the answer.",
            buckets=SECONDS,
            registry=registry,
        )
        self._marks = Histogram(
            "assistant_mark_seconds",
            "From the last moment of the user's speech to each mark of the turn; before it counts as 0.",
            ["mark"],
            buckets=SECONDS,
            registry=registry,
        )
        self._turns = self._counter("assistant_turns", "Turns that have ended.", "end", "source", "room")
        self._revisions = self._counter("assistant_revisions", "Answers that were begun.")
        self._heard = self._counter("assistant_revisions_heard", "Answers that were begun and heard.")
        self._wasted = self._counter("assistant_wasted_cpu_seconds", "Processor time for answers that were not played.")
        self._work = self._counter("assistant_stage_work_seconds", "Time each engine was at work.", "stage")
        self._late = self._counter("assistant_late_blocks", "Blocks of audio that voice activity got late.")
        self._dropped = self._counter("assistant_dropped_samples", "Samples of the microphone that were lost.")
        self._errors = self._counter("assistant_errors", "Errors, by their stable code.", "code")
        self._shed = self._counter("assistant_load_shed", "Changes of the effort, by what it became.", "effort")
        self._wakes = self._counter("assistant_wakes", "Wake words heard; empty when asked to listen.", "word")
        self._disturbances = self._counter("assistant_disturbances", "Reactions to speech over an answer.", "action")
        self._requests = {
            "ipc": self._counter("assistant_ipc_requests", "Requests over the socket.", "method", "result"),
            "wyoming": self._counter("assistant_wyoming_requests", "Requests over Wyoming.", "service", "result"),
        }
        self._losses = self._counter("assistant_device_losses", "Times a sound device failed.", "kind")
        self._muted = Gauge("assistant_muted", "Whether the microphone is off.", ["room"], registry=registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self.registry)

    def observe(self, event: Event) -> None:
        """Count `event`."""
        match event:
            case TurnFinished():
                self._observe_turn(event)
            case AudioDropped(samples=samples):
                self._dropped.inc(samples)
            case Error(code=code):
                self._errors.labels(code).inc()
            case LoadShed(effort=effort):
                self._shed.labels(effort).inc()
            case Woken(word=word):
                self._wakes.labels(word).inc()
            case DeviceLost(kind=kind):
                self._losses.labels(kind).inc()
            case Disturbed(action=action):
                self._disturbances.labels(action).inc()
            case Muted(muted=muted, room=room):
                self._muted.labels(room).set(muted)
            case RoomOpened(room=room):
                self._muted.labels(room).set(False)
            case RoomClosed(room=room):
                self._muted.remove(room)

    def count_request(self, method: str, result: str, interface: Literal["ipc", "wyoming"] = "ipc") -> None:
        """Count a finished request over an interface; `result` is "ok" or an error code."""
        self._requests[interface].labels(method, result).inc()

    def watch_gauge(self, name: str, documentation: str, read: Read) -> None:
        """Add a gauge whose value `read` returns at each scrape."""
        self.registry.register(_PolledMetric(name, documentation, "gauge", read))

    def watch_counter(self, name: str, documentation: str, read: Read) -> None:
        """Add a counter whose value `read` returns at each scrape."""
        self.registry.register(_PolledMetric(name, documentation, "counter", read))

    def watch_engines(self, queues: Mapping[str, EngineQueue]) -> None:
        """Add what the queues in front of the engines know, by stage."""
        self.registry.register(_EngineMetrics(queues))

    def text(self) -> str:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry).decode("utf-8")

    def recent_text(self) -> str:
        """Return what `text` did a moment ago: however many ask, it takes at most a tenth of the time."""
        began = time.monotonic()
        if began >= self._recent_until:
            self._recent = self.text()
            ended = time.monotonic()
            self._recent_until = ended + MIN_PAUSE * (ended - began)
        return self._recent

    def _observe_turn(self, turn: TurnFinished) -> None:
        self._turns.labels(turn.end, turn.source, turn.room).inc()
        self._late.inc(turn.late_blocks)
        self._wasted.inc(turn.wasted_cpu_s)
        self._revisions.inc(turn.revisions)
        self._heard.inc(bool(turn.heard))
        for stage, seconds in turn.work_s.items():
            self._work.labels(stage).inc(seconds)
        if turn.source == "speech":
            self._observe_marks(turn.marks_ms)

    def _observe_marks(self, marks: Marks) -> None:
        for name in Marks.__struct_fields__:
            if (moment := getattr(marks, name)) is not None:
                self._marks.labels(name).observe(max(0.0, moment / 1000))
        if marks.playback is not None:
            self._voice_to_voice.observe(max(0.0, marks.playback / 1000))
