"""A reply while it is being written: what the language model wrote, and the clauses to speak that it becomes."""

from assistant.tts.clauses import Clause, ClauseCutter
from assistant.tts.normalisation import TextNormaliser


class Draft:
    """Fed with pieces of text; `language` is that of the voice."""

    def __init__(self, language: str) -> None:
        self._normaliser = TextNormaliser(language)
        self._cutter = ClauseCutter(language)
        self.reply = ""
        """Everything written so far."""
        self.ended = False

    def feed(self, piece: str) -> list[Clause]:
        """Take the next piece; the clauses that have become complete."""
        self.reply += piece
        return self._cutter.feed(self._normaliser.feed(piece))

    def rest(self) -> list[Clause]:
        """The reply has ended: what is left of it."""
        self.ended = True
        return [*self._cutter.feed(self._normaliser.flush()), *self._cutter.flush()]


class Filled:
    """A stop flag that is set as soon as there is a clause."""

    def __init__(self, clauses: list[Clause]) -> None:
        self._clauses = clauses

    def is_set(self) -> bool:
        return bool(self._clauses)
