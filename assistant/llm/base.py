"""What the conversation needs of a language model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.blocking import Emit, StopFlag


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a generation cost. `reused` prompt tokens were in the key/value cache, `evaluated` ones were not."""

    reused: int
    evaluated: int
    generated: int


class LanguageModel(Protocol):
    """A loaded language model. Calls must not overlap, unless it works elsewhere (see `shares_processor`)."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str:
        """What it really runs on, for example `cpu`, `cuda` or `http`."""

    @property
    def context_tokens(self) -> int:
        """Prompt and reply together must fit into this many tokens."""

    @property
    def shares_processor(self) -> bool:
        """Whether it works on the cores that the voice works on. Such an engine goes on with a reply when the last of
        the messages is the beginning of it, so that the two can take turns."""

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        """Emit the reply to `messages` piece by piece, each a non-empty piece of text, and return what it cost.

        `max_tokens` 0 only evaluates the prompt, so that its key/value cache is warm. Returns within a token (a batch
        of the prompt) of `stop` being set. Raises `AssistantError` (`llm.failed`, `llm.unreachable`).
        """

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the whole prompt that `messages` become; an engine that cannot know overestimates."""

    def close(self) -> None:
        """Free the model. The engine is not used afterwards."""
