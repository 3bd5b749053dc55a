"""A reply while it is being written: the clauses to speak that it becomes."""

from assistant.tts.clauses import Clause, ClauseCutter
from assistant.tts.normalisation import TextNormaliser


class Draft:
    """Fed with pieces of text; `language` is that of the voice."""

    def __init__(self, language: str) -> None:
        self._speakable = TextNormaliser(language)
        self._cutter = ClauseCutter(language)

    def feed(self, piece: str) -> list[Clause]:
        """Take the next piece; the clauses that have become complete."""
        return self._cutter.feed(self._speakable.feed(piece))

    def rest(self) -> list[Clause]:
        """The text has ended: what is left of it."""
        return [*self._cutter.feed(self._speakable.flush()), *self._cutter.flush()]


def clauses_of(text: str, language: str) -> list[Clause]:
    """The clauses of a whole text."""
    draft = Draft(language)
    return [*draft.feed(text), *draft.rest()]
