"""The language model that a conversation needs."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.blocking import Emit, StopFlag


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one generation. Of the prompt, `reused` were in the key/value cache, `evaluated` were not."""

    reused: int
    evaluated: int
    generated: int


CountTokens = Callable[[Sequence[Message]], int]
"""Tokens of the whole prompt that messages become."""

Prompt = Callable[[CountTokens], list[Message]]
"""Makes the messages of a request when the model is free for it. Pure, and may be called in any thread and repeatedly:
what it counts takes milliseconds."""


class LanguageModel(Protocol):
    """A language model loaded into this process. Calls must not overlap.

    It goes on with a reply when the last of the messages is the beginning of it, so that it can take turns with the
    voice, and with other replies.
    """

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str:
        """The processor in use, for example `cpu` or `cuda`, or `http` for a server."""

    @property
    def context_tokens(self) -> int:
        """Capacity of the context, which prompt and reply share."""

    @property
    def shares_processor(self) -> bool:
        """Whether it works on the cores that the voice works on."""

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        """Emit the reply to `messages` in non-empty pieces of text and return the token counts.

        `max_tokens` 0 only evaluates the prompt, to warm the key/value cache. Once `stop` is set, returns within a
        token, or within a batch of the prompt. Raises `AssistantError` (`llm.failed`, `llm.unreachable`).
        """

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt made from `messages`; an engine that cannot know overestimates."""

    def close(self) -> None:
        """Free the model. The engine is not used afterwards."""


class Generation(ABC):
    """A reply while it is being written."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        """What it has cost so far; None before the model was asked."""
        self.work_s = 0.0
        """Seconds that the model was at work for it."""

    @abstractmethod
    def pieces(self) -> AsyncGenerator[str, None]:
        """The reply piece by piece, each a non-empty piece of text. To be used once, with `contextlib.aclosing`.

        Raises `AssistantError` (`llm.failed`, `llm.unreachable`, and what the prompt raises).
        """


class RemoteLanguageModel(ABC):
    """A language model on another machine, or in another process: asynchronous by nature, asked by several at a time.

    It goes on writing while this process does something else.
    """

    name: str
    device: str
    """Says how it is reached, for example `http`."""
    context_tokens: int

    @abstractmethod
    def generate(self, prompt: Prompt, *, max_tokens: int) -> Generation:
        """A reply of at most `max_tokens` tokens."""

    @abstractmethod
    async def read(self, prompt: Prompt) -> None:
        """Have it read the prompt ahead, if that helps it. Raises as `Generation.pieces` does."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close its connections. It is not used afterwards."""
