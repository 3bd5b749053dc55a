"""What an attempt at an answer came to, as far as it went."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from assistant.answers.acts import Claim
from assistant.answers.base import Cost
from assistant.answers.text import separated
from assistant.errors import AssistantError
from assistant.events import Provenance


@dataclass
class Outcome:
    """Moments are seconds of the monotonic clock."""

    written: list[str | Claim] = field(default_factory=list)
    """The reply, in the pieces in which it came."""
    spoken: list[str] = field(default_factory=list)
    """The clauses that were synthesised."""
    unfinished: str | None = None
    """The clause that is being synthesised: how long its audio will be is not known yet."""
    spoken_samples: int = 0
    heard: str = ""
    """What of the clauses was played."""
    provenance: Provenance | None = None
    expects_reply: bool | None = None
    """As `Answer.expects_reply`."""
    cost: Cost = field(default_factory=Cost)
    synthesis_s: float = 0.0
    error: AssistantError | None = None
    """Why there is no answer, or only the beginning of one."""
    moments: dict[str, float] = field(default_factory=dict)

    @property
    def reply(self) -> str:
        """What was written, effects included, as they turned out."""
        text, is_after_claim = "", False
        for piece in self.written:
            said, is_claim = (piece, False) if isinstance(piece, str) else (piece.text, True)
            if said:
                text += separated(text, said) if is_claim or is_after_claim else said
                is_after_claim = is_claim
        return text

    @property
    def has_claims(self) -> bool:
        """Whether it says anything that an effect decides."""
        return any(isinstance(piece, Claim) for piece in self.written)

    @property
    def asks(self) -> bool:
        """Whether what was heard of it wants a reply."""
        if self.heard and self.expects_reply is not None:
            return self.expects_reply
        return self.heard.rstrip().endswith(("?", "？", "؟"))

    @property
    def work_s(self) -> dict[str, float]:
        """Stage to the seconds that its engine was at work."""
        return {"llm": self.cost.work_s, "tts": self.synthesis_s}

    def mark(self, name: str) -> None:
        """Note when `name` happened first."""
        self.moments.setdefault(name, time.monotonic())

    @contextmanager
    def synthesising(self) -> Iterator[None]:
        """Count the time spent inside as work of the voice."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.synthesis_s += time.monotonic() - began
