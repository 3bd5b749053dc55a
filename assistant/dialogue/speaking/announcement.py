"""What the assistant says although it was not spoken to: an announcement, or the answer to a typed question."""

from collections.abc import Callable
from enum import IntEnum

import anyio

from assistant.answers.base import Question
from assistant.audio.pcm import Samples
from assistant.dialogue.context import Context
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.revision import Revision
from assistant.dialogue.turn.ending import TurnEnd
from assistant.events import Announced


class Priority(IntEnum):
    """Which of the announcements that wait is said first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Announcement:
    """A `Speaker` that waits until the conversation lets it `run`."""

    words = ""
    start = 0
    can_reopen = False

    def __init__(
        self,
        context: Context,
        text: str,
        *,
        question: Question | None = None,
        priority: Priority = Priority.NORMAL,
        cut_in: bool = False,
        before: Samples | None = None,
        awaits: bool = False,
        written: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Reads `text` out, or answers `question` if there is one; `written` as `Reply`, `cut_in` as `AudioSink`.

        `before` is heard before the text, at the rate of the voice. `awaits`: something is to be said to it, so no wake
        word is needed while it is heard and for a while after it.
        """
        self.number = context.next_turn()
        self.text = text
        self.question = question
        self.priority = priority
        self.end = TurnEnd.ANSWERED
        self.asked_at = anyio.current_time()
        self.over = anyio.Event()
        """Set when it is not at work, nor ever will be."""
        self.awaits = awaits
        self._before = before
        self._room = context.room
        gate = Gate(context.emit)
        gate.open()
        acts = context.acts(self.number)
        self._revision = Revision(self.number, context, gate, acts, counts=True, written=written, cut_in=cut_in)
        self._scope = anyio.CancelScope()
        self.lower = self._revision.lower
        self.hold = self._revision.hold
        self.restore = self._revision.restore

    @property
    def outcome(self) -> Outcome:
        return self._revision.outcome

    @property
    def spoken(self) -> str:
        return self._revision.spoken

    @property
    def playing_since(self) -> float | None:
        return self._revision.playing_since

    async def run(self) -> None:
        """Say it. What fails is the outcome's error."""
        try:
            with self._scope:
                if self.question is not None:
                    await self._revision.run(self.question)
                else:
                    await self._revision.read_out(self.text, self._before)
        except BaseException:
            self.end = TurnEnd.INTERRUPTED  # the room has closed
            raise
        finally:
            self.over.set()

    def announced(self) -> Announced:
        """Make the event of its end, where it is an announcement."""
        error = self.outcome.error
        return Announced(
            turn=self.number,
            room=self._room,
            heard=self.outcome.heard,
            end=self.end.value,
            error=error.code if error is not None else None,
        )

    def interrupt(self, end: TurnEnd) -> None:
        """Give it up at once."""
        self.end = end
        self._scope.cancel()

    def discard(self) -> None:
        """Give it up without its having run; what is over already stays as it is."""
        if not self.over.is_set():
            self.interrupt(TurnEnd.INTERRUPTED)
            self.over.set()
