"""A turn as an OpenTelemetry trace."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assistant.events import Listening
from assistant.telemetry.tracing import exporting, open_tracer
from tests.telemetry.test_metrics import TURN

TIMED = msgspec.structs.replace(TURN, total_s=2.0)


def traced(*events: object) -> dict[str, ReadableSpan]:
    """Return the spans made from `events`, by name."""
    exporter = InMemorySpanExporter()
    with exporting(exporter) as tracer:
        for event in events:
            tracer.observe(event)  # type: ignore[arg-type]
    return {span.name: span for span in exporter.get_finished_spans()}


def length_ms(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e6


def test_a_turn_is_a_trace_with_a_span_for_each_stage() -> None:
    spans = traced(Listening(), TIMED)
    turn, commit = spans["turn"], spans["silence until commit"]
    assert length_ms(turn) == pytest.approx(2000)
    assert length_ms(commit) == pytest.approx(270)
    assert length_ms(spans["recognition"]) == pytest.approx(220)
    assert commit.start_time == turn.start_time
    assert {span.parent.span_id for span in spans.values() if span.parent} == {turn.context.span_id}


def test_traces_contain_no_spoken_words() -> None:
    text = " ".join(span.to_json() for span in traced(TIMED).values())
    assert "grapefruit" not in text
    assert "ripe" not in text
    assert '"assistant.end": "answered"' in text


def test_a_trace_says_in_which_room_it_was() -> None:
    attributes = traced(TIMED)["turn"].attributes
    assert attributes is not None
    assert attributes["assistant.room"] == "kitchen"


def test_an_error_marks_the_turn() -> None:
    failed = traced(msgspec.structs.replace(TIMED, error="llm.failed"))["turn"]
    assert not failed.status.is_ok
    assert failed.status.description == "llm.failed"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a collector and the requests it received."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_reaches_a_collector(collector: tuple[str, list[bytes]]) -> None:
    endpoint, received = collector
    with open_tracer(endpoint) as tracer:
        tracer.observe(TIMED)
    request = ExportTraceServiceRequest.FromString(received[0])
    names = [span.name for span in request.resource_spans[0].scope_spans[0].spans]
    assert sorted(names) == ["recognition", "silence until commit", "turn"]


def test_an_unreachable_collector_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    with open_tracer("http://127.0.0.1:9/v1/traces") as tracer:
        tracer.observe(TIMED)
    assert not caplog.records
