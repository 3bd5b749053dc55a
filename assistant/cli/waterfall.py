"""Draw the latency waterfall of a turn with characters: one bar per stage on a common time axis."""

from rich.table import Table
from rich.text import Text

from assistant.events import Marks
from assistant.telemetry.stages import spans

WIDTH = 34
"""Characters of the longest bar; with names and figures a line fits into 80 columns."""


def waterfall(marks: Marks) -> Table:
    """Draw the stages between `marks`, in milliseconds after the end of speech.

    A stage that began while the user was still speaking starts at the left edge.
    """
    stages = list(spans(marks))
    longest = max((stage.end for stage in stages), default=1.0)
    table = Table.grid(padding=(0, 1))
    for stage in stages:
        offset = round(max(stage.start, 0.0) / longest * WIDTH)
        length = max(1, round(stage.end / longest * WIDTH) - offset)
        style = "dim" if stage.name == "silence until commit" else "cyan"
        bar = Text(" " * offset + "━" * length, style=style)
        table.add_row(f"  {stage.name}", bar, Text(f"{stage.start:.0f} → {stage.end:.0f} ms", style="dim"))
    return table
