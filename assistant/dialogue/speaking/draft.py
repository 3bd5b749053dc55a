"""A reply while it is being written: the clauses to speak that it becomes."""

from assistant.tts.clauses import Clause, ClauseCutter
from assistant.tts.normalisation import TextNormaliser


class Draft:
    """Fed with pieces of text; `language` is that of the voice."""

    def __init__(self, language: str) -> None:
        self._speakable = TextNormaliser(language)
        self._cutter = ClauseCutter(language)

    def feed(self, piece: str) -> list[Clause]:
        """Take the next piece; return the clauses that it completes."""
        return self._cutter.feed(self._speakable.feed(piece))

    def rest(self) -> list[Clause]:
        """Return the clauses that are left at the end of the text."""
        return [*self._cutter.feed(self._speakable.flush()), *self._cutter.flush()]


def clauses_of(text: str, language: str) -> list[Clause]:
    """Cut a whole text into clauses."""
    draft = Draft(language)
    return [*draft.feed(text), *draft.rest()]
