"""What nothing here can do: said so, where a language model would claim that it has done it."""

from collections.abc import AsyncGenerator

from assistant import blocking
from assistant.answers.base import Answer, Part, Question, Responder
from assistant.events import REFUSAL, Provenance
from assistant.language.deeds import asks_deed
from assistant.language.tables import tables_of


class DeedsResponder(Responder):
    """Refuses what asks for a deed, in the languages that have patterns for it.

    Responders that can do something stand before it in `answers.order`.
    """

    name = "deeds"

    def __init__(self) -> None:
        self._compiled: set[str] = set()
        """Languages whose patterns are; that takes up to 0.1 s, in which the event loop would stand still."""

    async def answer(self, question: Question) -> Answer | None:
        language = question.known_language
        if language not in self._compiled:
            await blocking.call(lambda stop: asks_deed("", language), name="patterns")
            self._compiled.add(language)
        if not asks_deed(question.text, question.known_language):
            return None
        sentence = tables_of(question.reply_language).phrases.cannot
        if not sentence:
            return None

        async def say() -> AsyncGenerator[Part, None]:
            yield sentence

        return Answer(Provenance(kind=REFUSAL, name=self.name), say)
