"""What the assistant is saying, and what goes on after it: an alarm may cut into an answer."""

from assistant.dialogue.speaking.speaker import Speaker
from assistant.dialogue.turn.ending import TurnEnd


class SpeakerStack:
    """The top speaks, or prepares to; those below are held until it is over."""

    def __init__(self) -> None:
        self.current: Speaker | None = None
        self.last: Speaker | None = None
        """The one that spoke before the current one, or last of all."""
        self.changes = 0
        """How often another speaker, or none, has become the current one."""
        self._held: list[Speaker] = []
        """What goes on when the present one is over, the last of it first."""

    @property
    def is_taken(self) -> bool:
        """The assistant answers, or prepares to."""
        return self.current is not None

    @property
    def is_playing(self) -> bool:
        """What the assistant says can be heard already."""
        return self.current is not None and self.current.playing_since is not None

    def take(self, speaker: Speaker) -> None:
        """Give `speaker` the voice, once what is being said already is over."""
        if self.current is not None:
            speaker.hold()
            self._held.append(speaker)
        else:
            self._put(speaker)

    def cut_in(self, speaker: Speaker) -> None:
        """Give `speaker` the voice now, and let what is being said go on after it."""
        if self.current is not None:
            self.current.hold()
            self._held.append(self.current)
        self._put(speaker)

    def leave(self, speaker: Speaker) -> None:
        """Take the voice from `speaker`, which is over; what it cut into goes on."""
        if speaker is not self.current:
            if speaker in self._held:
                self._held.remove(speaker)
            return
        self.last = speaker
        self._put(self._held.pop() if self._held else None)
        if self.current is not None:
            self.current.restore()

    def give_up(self, end: TurnEnd) -> None:
        """Interrupt what is being said, if anything is, and what would go on after it."""
        for held in self._held:
            held.interrupt(TurnEnd.INTERRUPTED)
        if self.current is not None:
            self.current.interrupt(end)

    def _put(self, speaker: Speaker | None) -> None:
        self.current = speaker
        self.changes += 1
