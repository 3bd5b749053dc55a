"""The latency waterfall of a turn, drawn with characters: one bar a stage on one time axis."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from assistant.events import Marks

WIDTH = 34
"""Characters of the longest bar: with names and figures a line fits into 80 columns."""

STAGES: tuple[tuple[str, str, str], ...] = (
    ("silence until commit", "speech_end", "commit"),
    ("recognition", "soft_end", "transcript"),
    ("first token", "transcript", "first_token"),
    ("first clause spoken", "first_token", "first_audio"),
    ("waiting at the gate", "first_audio", "playback"),
)
"""Name of the stage, and the marks it lies between."""


def waterfall(marks: Marks) -> Table:
    """The stages of a turn whose marks are given, in milliseconds after the end of speech."""
    spans = list(_spans(marks))
    longest = max((end for _, _, end in spans), default=1.0)
    table = Table.grid(padding=(0, 1))
    for name, start, end in spans:
        offset = round(max(start, 0.0) / longest * WIDTH)
        length = max(1, round(end / longest * WIDTH) - offset)
        bar = Text(" " * offset + "━" * length, style="cyan" if name != "silence until commit" else "dim")
        table.add_row(f"  {name}", bar, Text(f"{start:.0f} → {end:.0f} ms", style="dim"))
    return table


def _spans(marks: Marks) -> Iterator[tuple[str, float, float]]:
    moments = {"speech_end": 0.0}
    moments |= {name: moment for name in Marks.__struct_fields__ if (moment := getattr(marks, name)) is not None}
    for name, first, last in STAGES:
        if first in moments and last in moments and moments[last] > moments[first]:
            yield name, moments[first], moments[last]
