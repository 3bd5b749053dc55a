"""The language model as a responder: it has an answer to everything, and comes last."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from assistant.answers.base import Act, Answer, Cost, Part, Question, Responder
from assistant.answers.history import History
from assistant.answers.prompt import FittedPrompt, PromptBuilder
from assistant.config.schema import Llm
from assistant.engines.model import ModelHandle
from assistant.errors import AssistantError, Code
from assistant.events import Provenance
from assistant.llm.base import CountTokens, Message
from assistant.store.exchanges import Exchange

ENDINGS = ".?!…-,"
"""What the speaker goes on with decides how a sentence ends, so these are left out while it is being read."""


class Forget:
    """An effect: what did not fit into the prompt any more is forgotten, so that the next one begins as this one did.

    That it is forgotten does no harm to a question that goes on: it is longer, and has less room.
    """

    can_undo = True

    def __init__(self, history: History, exchanges: tuple[Exchange, ...]) -> None:
        self._history = history
        self._exchanges = exchanges

    async def run(self) -> None:
        self._history.forget(self._exchanges)

    async def undo(self) -> None:
        """Do nothing: what was forgotten is not needed."""


class ModelResponder(Responder):
    """Asks the language model behind `handle`, with a prompt as `settings` say."""

    name = "model"

    def __init__(self, handle: ModelHandle, settings: Llm) -> None:
        self._handle = handle
        self._settings = settings
        self._prompts = PromptBuilder(settings)

    async def answer(self, question: Question) -> Answer:
        cost = Cost()
        return Answer(
            Provenance(kind="model", name=self._handle.engine.name),
            partial(self._write, question, cost),
            ahead=self._handle.writes_ahead,
            cost=cost,
        )

    async def read(self, question: Question) -> None:
        """Evaluate the prompt, so that it is in the key/value cache when the question is complete."""
        said = question.text.rstrip(ENDINGS)
        exchanges = question.history.exchanges
        await self._handle.read(lambda count: self._prompts.build(exchanges, said, count).messages)

    async def _write(self, question: Question, cost: Cost) -> AsyncGenerator[Part, None]:
        fitted: FittedPrompt | None = None

        def prompt(count: CountTokens) -> list[Message]:
            nonlocal fitted
            fitted = fitted or self._prompts.build(question.history.exchanges, question.text, count)
            return list(fitted.messages)

        generation = self._handle.generate(
            prompt,
            max_tokens=self._settings.max_reply_tokens,
            urgency=question.urgency,
            deadline=question.deadline,
        )
        begun = has_words = False
        async with aclosing(generation.pieces()) as pieces:
            async for piece in pieces:
                if not begun and fitted is not None and fitted.left_out:
                    yield Act(Forget(question.history, fitted.left_out))
                begun, has_words = True, has_words or bool(piece.strip())
                cost.usage, cost.work_s = generation.usage, generation.work_s
                yield piece
        cost.usage, cost.work_s = generation.usage, generation.work_s
        if not has_words:
            name = self._handle.engine.name
            raise AssistantError(Code.REPLY_EMPTY, f"{name} wrote nothing in answer; ask again or in other words")
