"""The latency waterfalls of both pipelines' median turns as an SVG: one bar a stage, on a common time axis."""

import statistics
from collections.abc import Iterator, Sequence
from html import escape

from assistant.bench import svg
from assistant.bench.speed.report import ClipResult, SpeedReport, without_cut_ins
from assistant.telemetry.stages import Span, spans

LABELS = 190
FIGURES = 120
BAR = 22
HEADING = 10
GAP = 30
"""Pixels: the columns left and right of the bars, the height of a bar and of a heading, the gap between waterfalls."""

COLOURS = {
    "silence until commit": "#b8bfc9",
    "recognition": "#3b78b8",
    "first token": "#8a5bb5",
    "first sound made": "#2f9e78",
    "waiting at the gate": "#e0a83c",
}

Waterfall = tuple[str, ClipResult, list[Span]]
"""A pipeline's name, its median turn and the stages of that turn."""


def draw_waterfalls(report: SpeedReport) -> str:
    """Return an SVG document; a pipeline that answered nothing is left out of it."""
    pipelines = [("assistant", report.clips)]
    if report.baseline is not None:
        pipelines.append((report.baseline.name, report.baseline.clips))
    median_turns = [(name, turn) for name, results in pipelines if (turn := median_turn(results)) is not None]
    return _draw([(name, turn, list(spans(turn.marks_ms))) for name, turn in median_turns])


def median_turn(results: Sequence[ClipResult]) -> ClipResult | None:
    """Return the turn whose voice-to-voice is the (lower) median; None when nothing was answered."""
    answered = [result for result in without_cut_ins(results) if result.voice_to_voice_ms is not None]
    if not answered:
        return None
    median = statistics.median_low(result.voice_to_voice_ms or 0.0 for result in answered)
    return next(result for result in answered if result.voice_to_voice_ms == median)


class _TimeAxis:
    """Pixels from left for milliseconds between `first` and `last`."""

    def __init__(self, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self.scale = (svg.WIDTH - LABELS - FIGURES) / (last - first)

    def x(self, milliseconds: float) -> float:
        return LABELS + (milliseconds - self._first) * self.scale

    def grid(self, height: int) -> Iterator[str]:
        for tick in svg.ticks(self._first, self._last):
            x = self.x(tick)
            yield f'<line x1="{x:.1f}" y1="16" x2="{x:.1f}" y2="{height - 22}" stroke="#ddd"/>'
            yield f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" fill="#555">{tick:g} ms</text>'


def _draw(waterfalls: Sequence[Waterfall]) -> str:
    last = max((span.end for _, _, stages in waterfalls for span in stages), default=1000.0)
    first = min(0.0, *(span.start for _, _, stages in waterfalls for span in stages), 0.0)
    axis = _TimeAxis(first, last)
    body: list[str] = []
    top = 34
    for name, turn, stages in waterfalls:
        title = f"{escape(name)}: {turn.voice_to_voice_ms:.0f} ms ({escape(turn.clip)})"
        body.append(f'<text x="10" y="{top}" font-weight="bold">{title}</text>')
        body += [line for row, span in enumerate(stages) for line in _bar(span, axis, top + HEADING + row * BAR)]
        top += HEADING + len(stages) * BAR + GAP
    height = top + 10
    title = "From the end of the question to the answer: the median turn"
    return svg.document(title, [*axis.grid(height), *body], height)


def _bar(span: Span, axis: _TimeAxis, y: int) -> Iterator[str]:
    width = max(1.0, (span.end - span.start) * axis.scale)
    yield f'<text x="{LABELS - 10}" y="{y + 14}" text-anchor="end">{escape(span.name)}</text>'
    yield (
        f'<rect x="{axis.x(span.start):.1f}" y="{y}" width="{width:.1f}" height="{BAR - 6}" rx="2" '
        f'fill="{COLOURS[span.name]}"/>'
    )
    yield f'<text x="{axis.x(span.end) + 6:.1f}" y="{y + 14}" fill="#555">{span.start:.0f}–{span.end:.0f}</text>'
