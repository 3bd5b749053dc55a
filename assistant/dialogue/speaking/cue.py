"""What the assistant says although nobody spoke to it: an announcement, or the answer to a typed question."""

from enum import IntEnum

import anyio

from assistant.dialogue.speaking.revision import Outcome, Revision
from assistant.dialogue.turn.end import End
from assistant.events import Announced


class Priority(IntEnum):
    """Which of the announcements that wait is said first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Cue:
    """Waits until the conversation lets it `run`. `over` is set when nothing of it is at work, or ever will be."""

    words = ""
    start = 0
    goes_on = False

    def __init__(self, revision: Revision, text: str, *, number: int, is_question: bool, priority: Priority) -> None:
        """`revision` says it; its gate is opened here. `is_question`: `text` is to be answered, not read out."""
        self.number = number
        self.text = text
        self.is_question = is_question
        self.priority = priority
        self.end = End.ANSWERED
        self.asked_at = anyio.current_time()
        self.over = anyio.Event()
        self._revision = revision
        self._scope = anyio.CancelScope()
        revision.gate.open()

    @property
    def outcome(self) -> Outcome:
        return self._revision.outcome

    @property
    def spoken(self) -> str:
        return self._revision.spoken

    @property
    def playing_since(self) -> float | None:
        return self._revision.playing_since

    @property
    def asks(self) -> bool:
        """Whether what was heard of it ends with a question."""
        return self._revision.asks

    async def run(self) -> None:
        """Say it. What fails is the outcome's error."""
        try:
            with self._scope:
                if self.is_question:
                    await self._revision.run(self.text)
                else:
                    await self._revision.read_out(self.text)
        finally:
            self.over.set()

    def announced(self) -> Announced:
        """What became of it, where it is an announcement."""
        error = self.outcome.error
        return Announced(
            turn=self.number,
            heard=self.outcome.heard,
            end=self.end.value,
            error=error.code if error is not None else None,
        )

    def lower(self, gain: float) -> None:
        self._revision.lower(gain)

    def hold(self) -> None:
        self._revision.hold()

    def restore(self) -> None:
        self._revision.restore()

    def interrupt(self, end: End) -> None:
        self.end = end
        self._scope.cancel()
