"""What nothing here can do: said so, where a language model would claim that it has done it."""

from collections.abc import AsyncGenerator

from assistant.answers.base import Answer, Part, Question, Responder
from assistant.events import REFUSAL, Provenance
from assistant.language.deeds import asks_deed
from assistant.language.tables import tables_of


class DeedsResponder(Responder):
    """Refuses what asks for a deed, in the languages that have patterns for it.

    Responders that can do something stand before it in `answers.order`.
    """

    name = "deeds"

    def __init__(self, expected: str) -> None:
        """`expected` is the language that most is asked in; its patterns are compiled now, which takes 20 ms."""
        asks_deed("", expected)

    async def answer(self, question: Question) -> Answer | None:
        if not asks_deed(question.text, question.known_language):
            return None
        sentence = tables_of(question.reply_language).phrases.cannot
        if not sentence:
            return None

        async def say() -> AsyncGenerator[Part, None]:
            yield sentence

        return Answer(Provenance(kind=REFUSAL, name=self.name), say)
