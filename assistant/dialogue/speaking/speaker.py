"""What the stack of what is being said needs of each: the answer of a turn, or an announcement."""

from typing import Protocol

from assistant.dialogue.turn.ending import TurnEnd


class Speaker(Protocol):
    """Has, or is to have, the voice of the assistant."""

    number: int

    @property
    def start(self) -> int:
        """The sample of the audio clock that the question begins with; 0 where none was spoken."""

    @property
    def can_reopen(self) -> bool:
        """Whether the user may go on with the question, so that it is answered anew."""

    @property
    def words(self) -> str:
        """What the user said; empty where nothing was."""

    @property
    def spoken(self) -> str:
        """What has been synthesised so far."""

    @property
    def playing_since(self) -> float | None:
        """Monotonic time since which it can be heard; None before that."""

    def lower(self, gain: float) -> None:
        """Play quieter, by the factor `gain`, until `restore`."""

    def hold(self) -> None:
        """Let nothing be heard until `restore`."""

    def restore(self) -> None:
        """Go on where it was lowered or held."""

    def interrupt(self, end: TurnEnd) -> None:
        """Give it up at once."""
