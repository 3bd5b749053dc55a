"""What the language model is given: a head that never changes, what was said before, and the user's words.

The key/value cache of the model holds the tokens of the last prompt and reply, and evaluates again only from the first
token that differs. So nothing that changes from turn to turn stands before the history.
"""

from collections.abc import Iterable

from assistant.errors import AssistantError, Code
from assistant.llm.base import Message
from assistant.store.exchanges import Exchange


def build(system_prompt: str, exchanges: Iterable[Exchange], said: str) -> list[Message]:
    """The messages of a prompt. The roles of user and assistant alternate, as many chat templates demand."""
    head = [Message("system", system_prompt)] if system_prompt else []
    history = [
        message
        for exchange in exchanges
        for message in (Message("user", exchange.said), Message("assistant", exchange.heard))
    ]
    return [*head, *history, Message("user", said)]


def one_line(text: str) -> str:
    """`text` with single spaces for all white space. Raises `AssistantError` (`text.empty`) when nothing is left."""
    words = text.split()
    if not words:
        raise AssistantError(Code.TEXT_EMPTY, "The text for the language model is empty; say or write something")
    return " ".join(words)
