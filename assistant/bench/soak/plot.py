"""Memory and voice-to-voice of a soak as a picture, one above the other on one time axis."""

from collections.abc import Iterator, Sequence

from assistant.bench.soak.report import Report
from assistant.bench.soak.trend import Point

WIDTH = 960
LEFT = 70
RIGHT = 20
PANEL = 180
GAP = 44
"""Pixels: the picture, its margins, the height of one panel and what is between two."""

COLOURS = {"memory": "#3b78b8", "memory of its own": "#2f9e78", "voice-to-voice": "#8a5bb5", "missed turn": "#d0402b"}

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10**6)


def course(report: Report) -> str:
    """An SVG document."""
    end_s = max((sample.at_s for sample in report.samples), default=60.0)
    memory = [(sample.at_s, sample.reading.memory_mb) for sample in report.samples]
    own = [(sample.at_s, sample.reading.anonymous_mb) for sample in report.samples]
    answered = [(each.at_s, each.voice_to_voice_ms) for each in report.exchanges if each.voice_to_voice_ms is not None]
    missed = [(each.at_s, 0.0) for each in report.exchanges if each.missed]
    upper = _Panel(GAP, end_s, max((value for _, value in memory), default=1.0), "MB")
    lower = _Panel(PANEL + 2 * GAP, end_s, max((value for _, value in answered), default=1.0), "ms")
    return _frame(
        [
            *upper.frame(["memory", "memory of its own"]),
            upper.line(memory, COLOURS["memory"]),
            upper.line(own, COLOURS["memory of its own"]),
            *lower.frame(["voice-to-voice", "missed turn"]),
            *lower.dots(answered, COLOURS["voice-to-voice"]),
            *lower.dots(missed, COLOURS["missed turn"]),
        ]
    )


class _Panel:
    """Axes from 0 to `most` over `end_s` seconds, with its top at `top`."""

    def __init__(self, top: int, end_s: float, most: float, unit: str) -> None:
        self._top = top
        self._end_s = max(end_s, 1.0)
        self._most = max(most, 1.0) * 1.05
        self._unit = unit

    def frame(self, names: Sequence[str]) -> Iterator[str]:
        """Lines across, their figures, and what each colour means."""
        for value in _ticks(self._most):
            y = self._y(value)
            yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value:g} {self._unit}</text>'
        for minutes in _ticks(self._end_s / 60):
            x, bottom = self._x(minutes * 60), self._top + PANEL
            yield f'<line x1="{x:.1f}" y1="{self._top}" x2="{x:.1f}" y2="{bottom}" stroke="#eee"/>'
            yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">{minutes:g} min</text>'
        for number, name in enumerate(names):
            x = LEFT + number * 160
            yield f'<rect x="{x}" y="{self._top - 20}" width="10" height="10" fill="{COLOURS[name]}"/>'
            yield f'<text x="{x + 15}" y="{self._top - 11}">{name}</text>'

    def line(self, points: Sequence[Point], colour: str) -> str:
        path = " ".join(f"{self._x(time):.1f},{self._y(value):.1f}" for time, value in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'

    def dots(self, points: Sequence[Point], colour: str) -> Iterator[str]:
        for time, value in points:
            yield f'<circle cx="{self._x(time):.1f}" cy="{self._y(value):.1f}" r="2.5" fill="{colour}"/>'

    def _x(self, seconds: float) -> float:
        return LEFT + seconds / self._end_s * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return self._top + PANEL - max(0.0, value) / self._most * PANEL


def _ticks(most: float) -> list[float]:
    """Round numbers from 0, about eight of them."""
    step = next(step for step in STEPS if most / step <= 9)
    return [number * step for number in range(int(most / step) + 1)]


def _frame(body: Sequence[str]) -> str:
    height = 2 * PANEL + 3 * GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="12">',
            "<title>Memory of the daemon and voice-to-voice while it is talked to</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            *body,
            "</svg>\n",
        ]
    )
