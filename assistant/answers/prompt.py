"""What the language model is given: a head that never changes, what was said before, and the user's words.

The key/value cache of the model holds the tokens of the last prompt and reply, and evaluates again only from the first
token that differs. So nothing that changes from turn to turn stands before the history.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.config.schema import Llm
from assistant.errors import AssistantError, Code
from assistant.llm.base import CountTokens, Message
from assistant.store.exchanges import Exchange

KEPT_PART = 0.5
"""Part of the room for the history that is filled again after old exchanges were left out.

Leaving some out moves everything behind them, so that the model has to evaluate it again (llama.cpp can move what it
has, other engines cannot). Leaving out just enough would do that in every turn once the context is full; half of it,
about once in fourteen turns with the default context of 2048 (turns of 64 tokens, as short questions to SmolLM2 make).
"""

MAX_TOKEN_CHARACTERS = 32
"""Characters a token that no text exceeds on average; longer text is refused without counting. English has 4 to 5."""

MAX_TEMPLATE_TOKENS = 32
"""Tokens that a chat template puts around one message at most; ChatML needs 5, Llama 3 needs 6 and a head of 25."""


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """A prompt that leaves room for the reply."""

    messages: list[Message]
    left_out: tuple[Exchange, ...] = ()
    """The oldest exchanges, which do not fit any more. They are to be forgotten if this prompt is answered for good, so
    that the next one begins as this one does."""


class PromptBuilder:
    """Builds prompts as the settings say. Pure: what was said before is given, and stays as it is."""

    def __init__(self, settings: Llm) -> None:
        self._system_prompt = settings.system_prompt
        self._context = settings.context_tokens
        self._room = settings.context_tokens - settings.max_reply_tokens

    def build(self, exchanges: Sequence[Exchange], said: str, count: CountTokens) -> FittedPrompt:
        """Build the messages that ask for an answer to `said`, with as much of the history as leaves room for the
        reply.

        When it does not fit, the oldest exchanges are left out, several at once (see `KEPT_PART`).

        Raises `AssistantError`: `text.empty`, `text.too_long` when `said` alone leaves no room for the reply, and
        `config.invalid` when the system prompt does. What `count` raises goes through.
        """
        said = one_line(said)
        if len(said) > self._context * MAX_TOKEN_CHARACTERS:
            raise self._too_long(len(said) // MAX_TOKEN_CHARACTERS)
        messages = build(self._system_prompt, exchanges, said)
        if _max_tokens(messages) <= self._room or count(messages) <= self._room:
            return FittedPrompt(messages)
        first = self._first_kept(exchanges, said, count)
        return FittedPrompt(build(self._system_prompt, exchanges[first:], said), tuple(exchanges[:first]))

    def _first_kept(self, exchanges: Sequence[Exchange], said: str, count: CountTokens) -> int:
        """Find how many have to be left out for the rest to fill no more than `KEPT_PART` of its room."""
        fixed = count(build(self._system_prompt, (), said))
        if fixed > self._room:
            raise self._no_room(fixed, count)
        limit = fixed + int((self._room - fixed) * KEPT_PART)

        def fits(dropped: int) -> bool:
            return count(build(self._system_prompt, exchanges[dropped:], said)) <= limit

        return bisect_left(range(len(exchanges)), True, key=fits)

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


def build(system_prompt: str, exchanges: Iterable[Exchange], said: str) -> list[Message]:
    """Build the messages of a prompt. The roles of user and assistant alternate, as many chat templates demand."""
    head = [Message("system", system_prompt)] if system_prompt else []
    history = [
        message
        for exchange in exchanges
        for message in (Message("user", exchange.said), Message("assistant", exchange.heard))
    ]
    return [*head, *history, Message("user", said)]


def one_line(text: str) -> str:
    """Collapse all white space to single spaces. Raises `AssistantError` (`text.empty`) when nothing is left."""
    words = text.split()
    if not words:
        raise AssistantError(Code.TEXT_EMPTY, "The text for the language model is empty; say or write something")
    return " ".join(words)


def _max_tokens(messages: Sequence[Message]) -> int:
    """Bound the number of tokens without the tokeniser, which takes 3 ms: no token is shorter than a byte."""
    return sum(len(message.content.encode("utf-8", "replace")) + MAX_TEMPLATE_TOKENS for message in messages)
