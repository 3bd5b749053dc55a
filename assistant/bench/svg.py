"""What the suites' plots share: the SVG document around them, and round numbers on their axes."""

from collections.abc import Iterable

WIDTH = 960
"""Pixels."""

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10**6)
MAX_STEPS = 9


def document(title: str, body: Iterable[str], height: int) -> str:
    """Return an SVG document of `WIDTH` by `height` pixels on a white background."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="12">',
            f"<title>{title}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            *body,
            "</svg>\n",
        ]
    )


def ticks(low: float, high: float) -> list[float]:
    """Return the multiples of a round number that lie between `low` and `high`, ten at most."""
    step = next(step for step in STEPS if (high - low) / step <= MAX_STEPS)
    first = -int(-low // step)
    return [number * step for number in range(first, int(high / step) + 1)]
