"""The waterfall of the median turns of both pipelines as a picture: one bar a stage, on one time axis."""

import statistics
from collections.abc import Sequence
from html import escape

from assistant.bench.speed.report import Report, Row, timed
from assistant.telemetry.stages import Span, spans

WIDTH = 960
LABELS = 190
FIGURES = 120
BAR = 22
"""Pixels: the picture, its names and figures beside the bars, the height of a bar with its gap."""

COLOURS = {
    "silence until commit": "#b8bfc9",
    "recognition": "#3b78b8",
    "first token": "#8a5bb5",
    "first sound made": "#2f9e78",
    "waiting at the gate": "#e0a83c",
}


def waterfalls(report: Report) -> str:
    """An SVG document. Empty groups are left out: a pipeline that answered nothing has no median turn."""
    groups = [("assistant", report.clips)]
    if report.baseline is not None:
        groups.append((report.baseline.name, report.baseline.clips))
    chosen = [(name, row) for name, rows in groups if (row := median_turn(rows)) is not None]
    return _document([(name, row, list(spans(row.marks_ms))) for name, row in chosen])


def median_turn(rows: Sequence[Row]) -> Row | None:
    """The turn whose voice-to-voice is the (lower) median; None when there is none."""
    answered = [row for row in timed(rows) if row.voice_to_voice_ms is not None]
    if not answered:
        return None
    middle = statistics.median_low(row.voice_to_voice_ms or 0.0 for row in answered)
    return next(row for row in answered if row.voice_to_voice_ms == middle)


def _document(groups: Sequence[tuple[str, Row, list[Span]]]) -> str:
    latest = max((span.end for _, _, stages in groups for span in stages), default=1000.0)
    earliest = min(0.0, *(span.start for _, _, stages in groups for span in stages), 0.0)
    scale = (WIDTH - LABELS - FIGURES) / (latest - earliest)

    def x(milliseconds: float) -> float:
        return LABELS + (milliseconds - earliest) * scale

    body: list[str] = []
    y = 34
    for name, row, stages in groups:
        body.append(
            f'<text x="10" y="{y}" font-weight="bold">{escape(name)}: {row.voice_to_voice_ms:.0f} ms'
            f" ({escape(row.clip)})</text>"
        )
        y += 10
        for span in stages:
            width = max(1.0, (span.end - span.start) * scale)
            body += [
                f'<text x="{LABELS - 10}" y="{y + 14}" text-anchor="end">{escape(span.name)}</text>',
                f'<rect x="{x(span.start):.1f}" y="{y}" width="{width:.1f}" height="{BAR - 6}" rx="2" '
                f'fill="{COLOURS[span.name]}"/>',
                f'<text x="{x(span.end) + 6:.1f}" y="{y + 14}" fill="#555">{span.start:.0f}–{span.end:.0f}</text>',
            ]
            y += BAR
        y += 30
    return _frame(body, [(tick, x(tick)) for tick in _ticks(earliest, latest)], y + 10)


def _ticks(earliest: float, latest: float) -> list[int]:
    """Round numbers of milliseconds, about eight of them."""
    step = next(step for step in (50, 100, 200, 500, 1000, 2000, 5000, 10**6) if (latest - earliest) / step <= 9)
    first = -int(-earliest // step) * step
    return list(range(first, int(latest) + 1, step))


def _frame(body: Sequence[str], ticks: Sequence[tuple[int, float]], height: int) -> str:
    lines = [
        f'<line x1="{x:.1f}" y1="16" x2="{x:.1f}" y2="{height - 22}" stroke="#ddd"/>'
        f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" fill="#555">{tick} ms</text>'
        for tick, x in ticks
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="12">',
            "<title>From the end of the question to the answer: the median turn</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            *lines,
            *body,
            "</svg>\n",
        ]
    )
