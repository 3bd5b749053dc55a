"""The stages of a turn as spans between its marks, for waterfalls and traces."""

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.events import Marks

STAGES: tuple[tuple[str, str, str], ...] = (
    ("silence until commit", "speech_end", "commit"),
    ("recognition", "soft_end", "transcript"),
    ("first token", "revision", "first_token"),
    ("first sound made", "first_token", "first_audio"),
    ("waiting at the gate", "first_audio", "playback"),
)
"""Name of each stage and the marks it lies between."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stage, in milliseconds after the end of speech."""

    name: str
    start: float
    end: float


def spans(marks: Marks) -> Iterator[Span]:
    """Yield the stages that happened and took time, in the order of `STAGES`."""
    moments = {"speech_end": 0.0}
    moments |= {name: moment for name in Marks.__struct_fields__ if (moment := getattr(marks, name)) is not None}
    for name, first, last in STAGES:
        if first in moments and last in moments and moments[last] > moments[first]:
            yield Span(name, moments[first], moments[last])
