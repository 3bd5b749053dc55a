"""The time of day, from the machine's clock."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime

from assistant.answers.base import Answer, Part, Question, Responder
from assistant.events import Provenance
from assistant.language.clock import asks_time, spoken_time


class ClockResponder(Responder):
    """Answers who asks what time it is, in the languages that have a phrase for it. `now` gives the local time."""

    name = "clock"

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        self._now = now

    async def answer(self, question: Question) -> Answer | None:
        if not asks_time(question.text, question.known_language):
            return None
        sentence = spoken_time(self._now().time(), question.reply_language)
        if sentence is None:
            return None

        async def say() -> AsyncGenerator[Part, None]:
            yield sentence

        return Answer(Provenance(kind="skill", name=self.name), say)
