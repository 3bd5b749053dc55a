"""Memory and voice-to-voice over a soak as an SVG: two panels on a common time axis."""

from collections.abc import Iterator, Sequence

from assistant.bench import svg
from assistant.bench.soak.report import SoakReport
from assistant.bench.soak.trend import Point

LEFT = 70
RIGHT = 20
PANEL = 180
GAP = 44
"""Pixels: the margins, the height of a panel and the gap between two."""

COLOURS = {"memory": "#3b78b8", "anonymous memory": "#2f9e78", "voice-to-voice": "#8a5bb5", "missed turn": "#d0402b"}


def draw_soak(report: SoakReport) -> str:
    """Return an SVG document."""
    end_s = max((sample.at_s for sample in report.samples), default=60.0)
    memory = [(sample.at_s, sample.reading.memory_mb) for sample in report.samples]
    anonymous = [(sample.at_s, sample.reading.anonymous_mb) for sample in report.samples]
    answered = [(each.at_s, each.voice_to_voice_ms) for each in report.exchanges if each.voice_to_voice_ms is not None]
    missed = [(each.at_s, 0.0) for each in report.exchanges if each.missed]
    upper = _Panel(GAP, end_s, max((value for _, value in memory), default=1.0), "MB")
    lower = _Panel(PANEL + 2 * GAP, end_s, max((value for _, value in answered), default=1.0), "ms")
    body = [
        *upper.frame(["memory", "anonymous memory"]),
        upper.line(memory, COLOURS["memory"]),
        upper.line(anonymous, COLOURS["anonymous memory"]),
        *lower.frame(["voice-to-voice", "missed turn"]),
        *lower.dots(answered, COLOURS["voice-to-voice"]),
        *lower.dots(missed, COLOURS["missed turn"]),
    ]
    title = "Memory of the daemon and voice-to-voice while it is talked to"
    return svg.document(title, body, 2 * PANEL + 3 * GAP)


class _Panel:
    """Axes from 0 to `highest` over `end_s` seconds, `top` pixels below the top of the plot."""

    def __init__(self, top: int, end_s: float, highest: float, unit: str) -> None:
        self._top = top
        self._end_s = max(end_s, 1.0)
        self._highest = max(highest, 1.0) * 1.05
        self._unit = unit

    def frame(self, names: Sequence[str]) -> Iterator[str]:
        """Yield the grid, its labels and the legend."""
        for value in svg.ticks(0, self._highest):
            y = self._y(value)
            yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{svg.WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value:g} {self._unit}</text>'
        for minutes in svg.ticks(0, self._end_s / 60):
            x, bottom = self._x(minutes * 60), self._top + PANEL
            yield f'<line x1="{x:.1f}" y1="{self._top}" x2="{x:.1f}" y2="{bottom}" stroke="#eee"/>'
            yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">{minutes:g} min</text>'
        for number, name in enumerate(names):
            x = LEFT + number * 160
            yield f'<rect x="{x}" y="{self._top - 20}" width="10" height="10" fill="{COLOURS[name]}"/>'
            yield f'<text x="{x + 15}" y="{self._top - 11}">{name}</text>'

    def line(self, points: Sequence[Point], colour: str) -> str:
        """Connect `points` with a line."""
        path = " ".join(f"{self._x(time):.1f},{self._y(value):.1f}" for time, value in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'

    def dots(self, points: Sequence[Point], colour: str) -> Iterator[str]:
        """Draw a dot at each of `points`."""
        for time, value in points:
            yield f'<circle cx="{self._x(time):.1f}" cy="{self._y(value):.1f}" r="2.5" fill="{colour}"/>'

    def _x(self, seconds: float) -> float:
        return LEFT + seconds / self._end_s * (svg.WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return self._top + PANEL - max(0.0, value) / self._highest * PANEL
