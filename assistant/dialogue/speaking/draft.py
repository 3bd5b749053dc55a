"""A reply while it is being written: the clauses to speak that it becomes."""

from collections.abc import AsyncGenerator

import anyio.lowlevel

from assistant.tts.clauses import Clause, ClauseCutter
from assistant.tts.normalisation import TextNormaliser

PART = 200
"""Characters that are worked at without a pause: 16 ms of a text in a script that the voice cannot read, 6 ms of words.
"""


class Draft:
    """Fed with pieces of text; `language` is that of the voice."""

    def __init__(self, language: str) -> None:
        self._speakable = TextNormaliser(language)
        self._cutter = ClauseCutter(language)

    def feed(self, piece: str) -> list[Clause]:
        """Take the next piece; return the clauses that it completes."""
        return self._cutter.feed(self._speakable.feed(piece))

    async def take(self, text: str) -> AsyncGenerator[Clause, None]:
        """As `feed`, a part at a time: a long text would keep the event loop to itself."""
        for start in range(0, len(text), PART):
            if start:
                await anyio.lowlevel.checkpoint()
            for clause in self.feed(text[start : start + PART]):
                yield clause

    def rest(self) -> list[Clause]:
        """Return the clauses that are left at the end of the text."""
        return [*self._cutter.feed(self._speakable.flush()), *self._cutter.flush()]


def clauses_of(text: str, language: str) -> list[Clause]:
    """Cut a whole text into clauses."""
    draft = Draft(language)
    return [*draft.feed(text), *draft.rest()]
