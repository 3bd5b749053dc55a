"""The part of a reply that was played, when its playback was cut off."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpokenClause:
    """A clause of the reply and where its audio lies: samples from the start of the reply, at the voice's rate."""

    text: str
    start: int
    end: int


def heard_text(clauses: Sequence[SpokenClause], played: int) -> str:
    """Return the text whose audio is within the first `played` samples.

    A clause that was cut counts with the whole words (characters, in a script
    without spaces) within its share that was played: speech within a clause is even
    enough, and a word too few in the history does less harm than one that was not played.
    """
    return " ".join(part for clause in clauses if (part := _heard_part(clause, played)))


def _heard_part(clause: SpokenClause, played: int) -> str:
    if played >= clause.end:
        return clause.text
    if played <= clause.start:
        return ""
    share = (played - clause.start) / (clause.end - clause.start)
    characters = clause.text[: int(len(clause.text) * share)]
    if " " not in clause.text:
        return characters
    return characters.rpartition(" ")[0]
