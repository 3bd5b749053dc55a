"""Answers in text: written by the language model while it is not wanted for a conversation that is spoken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from assistant import blocking
from assistant.answers.history import History
from assistant.blocking import Either, Emit, StopFlag
from assistant.config.schema import Llm
from assistant.dialogue.speaking.revision import Outcome
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.llm.base import Message

AT_ONCE = 6
"""Pieces (tokens, as a rule) that are written before they are handed on and others may use the language model: 80 ms
at 79 tokens a second. Going on costs one token that is evaluated again."""


class TextAnswers:
    """Gives way to whoever claims the engines' right of way: an answer stops in the middle and goes on later."""

    def __init__(self, engines: Engines, settings: Llm, history: History) -> None:
        self._engines = engines
        self._settings = settings
        self._history = history

    async def write(self, question: str, outcome: Outcome | None = None) -> AsyncGenerator[str, None]:
        """The answer to `question`, piece by piece; it is remembered when it is complete. Use it with `aclosing`.

        What it costs is noted in `outcome`. Raises `AssistantError` (`text.*`, `llm.*`, `reply.empty`).
        """
        outcome = outcome or Outcome()
        shares = self._engines.model.shares_processor
        writing = self._in_turns(question, outcome) if shares else self._all_at_once(question, outcome)
        async with aclosing(writing) as pieces:
            async for piece in pieces:
                outcome.mark("first_token")
                outcome.reply += piece
                yield piece
        if not outcome.reply.strip():
            raise AssistantError(
                Code.REPLY_EMPTY, f"{self._engines.model.name} wrote nothing in answer; ask again or in other words"
            )
        self._history.add(question, outcome.reply)

    async def _in_turns(self, question: str, outcome: Outcome) -> AsyncGenerator[str, None]:
        """A few words at a time; between them the model is free for others."""
        ended = False
        while not ended:
            await self._engines.right_of_way.free()
            made: list[str] = []
            async with self._engines.generating:
                ended = await blocking.call(partial(self._go_on, question, outcome, made), name="writing")
            if made:
                yield "".join(made)

    def _go_on(self, question: str, outcome: Outcome, made: list[str], stop: StopFlag) -> bool:
        """Write the next words into `made`; whether the answer has ended."""
        model = self._engines.model
        messages = self._history.prompt(question, model.count_tokens)
        if outcome.reply:
            messages.append(Message("assistant", outcome.reply))
        left = self._settings.max_reply_tokens - (outcome.usage.generated if outcome.usage else 0)
        wanted = Either(Either(stop, self._engines.right_of_way), _Enough(made))
        with outcome.working("llm"):
            usage = model.generate(messages, max_tokens=left, emit=made.append, stop=wanted)
        outcome.note(usage)
        return usage.generated >= left or not wanted.is_set()

    async def _all_at_once(self, question: str, outcome: Outcome) -> AsyncGenerator[str, None]:
        """A language model that works elsewhere, and may be asked by several."""
        limit = self._settings.max_reply_tokens

        def generate(emit: Emit[str], stop: StopFlag) -> None:
            model = self._engines.model
            messages = self._history.prompt(question, model.count_tokens)
            with outcome.working("llm"):
                outcome.note(model.generate(messages, max_tokens=limit, emit=emit, stop=stop))

        async with aclosing(blocking.stream(generate, name="writing", ahead=limit)) as pieces:
            async for piece in pieces:
                yield piece


class _Enough:
    """A stop flag that is set when so many pieces were made that others get their turn."""

    def __init__(self, made: list[str]) -> None:
        self._made = made

    def is_set(self) -> bool:
        return len(self._made) >= AT_ONCE
