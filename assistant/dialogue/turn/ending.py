"""The ways in which a turn ends."""

from enum import StrEnum


class TurnEnd(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    """The answer was played, or could not be given: then there is an error."""
    NOTHING = "nothing"
    """No words were recognised."""
    DISMISSED = "dismissed"
    """The user wanted no answer: "never mind"."""
    INTERRUPTED = "interrupted"
    """The user spoke over the answer, or it was given up in another way."""
    REOPENED = "reopened"
    """The user went on with the question; another turn answers it as a whole."""
    DISCARDED = "discarded"
    """What was said was not meant for the assistant; the turn emits nothing."""
