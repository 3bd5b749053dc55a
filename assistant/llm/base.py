"""The language model that a conversation needs."""

from collections.abc import Sequence
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


class LanguageModel(Protocol):
    """A loaded language model. Calls must not overlap, unless it runs elsewhere (see `shares_processor`)."""

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
        """Whether it runs on the same cores as the voice. Such an engine continues a reply whose beginning is the last
        message, so that the two can take turns."""

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        """Emit the reply to `messages` in non-empty pieces of text and return the token counts.

        `max_tokens` 0 only evaluates the prompt, to warm the key/value cache. Once `stop` is set, returns within a
        token, or within a batch of the prompt. Raises `AssistantError` (`llm.failed`, `llm.unreachable`).
        """

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt made from `messages`; an engine that cannot know overestimates."""

    def close(self) -> None:
        """Free the model; the engine must not be used afterwards."""
