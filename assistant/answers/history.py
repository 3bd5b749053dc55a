"""What was said before, kept as long as it fits into the context of the language model."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from assistant.answers.prompt import build, one_line
from assistant.config.schema import Llm
from assistant.errors import AssistantError, Code
from assistant.llm.base import Message
from assistant.store.exchanges import Exchange

CountTokens = Callable[[Sequence[Message]], int]
"""Tokens of the whole prompt that messages become."""

KEPT_PART = 0.5
"""Part of the room for the history that is filled again after old exchanges were dropped.

Dropping moves everything behind it, so that the model has to evaluate it again (llama.cpp can move what it has, other
engines cannot). Dropping just enough would do that in every turn once the context is full; dropping half of it, about
once in fourteen turns with the default context of 2048 (turns of 64 tokens, as short questions to SmolLM2 make).
"""

LONGEST_TOKEN = 32
"""Characters a token that no text exceeds on average; longer text is refused without counting. English has 4 to 5."""


TEMPLATE_TOKENS = 32
"""Tokens that a chat template puts around one message at most; ChatML needs 5, Llama 3 needs 6 and a head of 25."""


def _tokens_at_most(messages: Sequence[Message]) -> int:
    """An upper bound that needs no tokeniser, which takes 3 ms: no token is shorter than a byte."""
    return sum(len(message.content.encode("utf-8", "replace")) + TEMPLATE_TOKENS for message in messages)


def nowhere(exchange: Exchange) -> None:
    """Writes nothing down."""


class History:
    """The exchanges of a conversation. Its methods may be called in any thread, but not at the same time.

    It begins with those that were `remembered`; each new one is handed to `keep`.
    """

    def __init__(
        self, settings: Llm, remembered: Sequence[Exchange] = (), keep: Callable[[Exchange], None] = nowhere
    ) -> None:
        self.configure(settings)
        self._exchanges = list(remembered)
        self._keep = keep

    def configure(self, settings: Llm) -> None:
        """Follow `settings` from now on."""
        self._system_prompt = settings.system_prompt
        self._context = settings.context_tokens
        self._room = settings.context_tokens - settings.max_reply_tokens

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Oldest first."""
        return tuple(self._exchanges)

    def add(self, said: str, heard: str) -> None:
        """Remember a committed turn. One of which nothing was heard is not remembered: the user will ask again, and an
        empty answer in the prompt teaches a small model to give empty answers."""
        if said.strip() and heard.strip():
            exchange = Exchange(one_line(said), one_line(heard))
            self._exchanges.append(exchange)
            self._keep(exchange)

    def clear(self) -> int:
        """Forget everything; how many exchanges that were."""
        forgotten, self._exchanges = len(self._exchanges), []
        return forgotten

    def prompt(self, said: str, count: CountTokens) -> list[Message]:
        """The messages that ask for an answer to `said`, with as much of the history as leaves room for the reply.

        When they do not fit, the oldest exchanges are forgotten, several at once (see `KEPT_PART`). This depends on
        `said` only in its length, so forgetting for a revision that is cancelled later costs nothing but memory.

        Raises `AssistantError`: `text.empty`, `text.too_long` when `said` alone leaves no room for the reply, and
        `config.invalid` when the system prompt does. What `count` raises goes through.
        """
        said = one_line(said)
        if len(said) > self._context * LONGEST_TOKEN:
            raise self._too_long(len(said) // LONGEST_TOKEN)
        messages = build(self._system_prompt, self._exchanges, said)
        if _tokens_at_most(messages) <= self._room or count(messages) <= self._room:
            return messages
        self._forget(said, count)
        return build(self._system_prompt, self._exchanges, said)

    def _forget(self, said: str, count: CountTokens) -> None:
        """Drop the fewest exchanges after which the rest fills no more than `KEPT_PART` of its room."""
        fixed = count(build(self._system_prompt, (), said))
        if fixed > self._room:
            raise self._no_room(fixed, count)
        limit = fixed + int((self._room - fixed) * KEPT_PART)

        def fits(dropped: int) -> bool:
            return count(build(self._system_prompt, self._exchanges[dropped:], said)) <= limit

        del self._exchanges[: bisect_left(range(len(self._exchanges)), True, key=fits)]

    def _no_room(self, needed: int, count: CountTokens) -> AssistantError:
        head = count(build(self._system_prompt, (), ""))
        if head <= self._room:
            return self._too_long(needed)
        return AssistantError(
            Code.CONFIG_INVALID,
            f"llm.system_prompt takes {head} tokens, but llm.context_tokens ({self._context}) less llm.max_reply_tokens"
            f" leaves {self._room}; shorten it, or change these numbers",
        )

    def _too_long(self, needed: int) -> AssistantError:
        return AssistantError(
            Code.TEXT_TOO_LONG,
            f"The text needs at least {needed} tokens of the language model, of which {self._room} are free;"
            " say less at once, or raise llm.context_tokens",
        )
