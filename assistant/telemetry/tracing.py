"""OpenTelemetry traces: one per turn with a span per stage. They never contain transcribed words."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.errors import AssistantError, Code
from assistant.events import Event, TurnFinished
from assistant.telemetry.stages import spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_S = 2
"""Seconds the collector may take; one that is down must not delay the daemon's exit."""

NANOSECONDS = 1_000_000_000


class Tracer:
    """Builds a trace from each finished turn; nothing is traced while a turn is being answered."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer("assistant", __version__)

    def observe(self, event: Event) -> None:
        """Trace `event` if it ends a turn."""
        if isinstance(event, TurnFinished):
            self._trace(event, time.time_ns())

    def _trace(self, turn: TurnFinished, now_ns: int) -> None:
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        began = now_ns - round(turn.total_s * NANOSECONDS)
        root = self._tracer.start_span("turn", start_time=began, attributes=_attributes(turn))
        for stage in spans(turn.marks_ms):
            child = self._tracer.start_span(
                stage.name, context=set_span_in_context(root), start_time=began + round(stage.start * 1_000_000)
            )
            child.end(began + round(stage.end * 1_000_000))
        if turn.error is not None:
            root.set_status(Status(StatusCode.ERROR, turn.error))
        root.end(now_ns)


@contextmanager
def open_tracer(endpoint: str) -> Iterator[Tracer]:
    """Send traces to the collector at `endpoint` (OTLP over HTTP) for as long as the context lasts.

    Raises `AssistantError` (`tracing.library_missing`).
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise AssistantError(
            Code.TRACING_LIBRARY_MISSING,
            "metrics.otlp_endpoint needs OpenTelemetry: pip install 'assistant[otel]', or leave it empty",
        ) from error
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a collector that is down does not matter here
    with exporting(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)) as tracer:
        yield tracer


@contextmanager
def exporting(exporter: "SpanExporter") -> Iterator[Tracer]:
    """Hand traces to `exporter` in OpenTelemetry's own thread."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "assistant", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=EXPORT_S * 1000))
    try:
        yield Tracer(provider)
    finally:
        provider.shutdown()


def _attributes(turn: TurnFinished) -> dict[str, str | int | float]:
    return {
        "assistant.turn": turn.turn,
        "assistant.room": turn.room,
        "assistant.end": turn.end,
        "assistant.source": turn.source,
        "assistant.language": turn.language,
        "assistant.effort": turn.effort,
        "assistant.revisions": turn.revisions,
        "assistant.late_blocks": turn.late_blocks,
        "assistant.tokens_reused": turn.tokens_reused,
        "assistant.tokens_evaluated": turn.tokens_evaluated,
    }
