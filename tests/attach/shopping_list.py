"""A responder that is no part of the package."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from assistant.answers.base import Act, Answer, Part, Question, Responder
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.events import Provenance

ITEMS: list[str] = []


@dataclass
class Adding:
    """The effect."""

    item: str
    can_undo = True

    async def run(self) -> None:
        ITEMS.append(self.item)

    async def undo(self) -> None:
        ITEMS.remove(self.item)


class ShoppingList(Responder):
    """Understands "Put … on the list"."""

    name = "shopping"

    async def answer(self, question: Question) -> Answer | None:
        verb, *words = question.text.lower().strip(".!").split()
        if verb != "put" or words[-2:] != ["the", "list"]:
            return None
        return Answer(Provenance(kind="skill", name=self.name), lambda: self._put(" ".join(words[:-3])))

    async def _put(self, item: str) -> AsyncGenerator[Part, None]:
        yield Act(Adding(item), done=f"There is {item} on the list.")


def shopping_list(config: Config, engines: Engines) -> Responder:
    return ShoppingList()
