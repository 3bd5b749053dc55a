"""What was said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user said in a turn, and what was heard of the answer."""

    said: str
    heard: str
