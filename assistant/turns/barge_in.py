"""What to do with the assistant's voice when the user speaks over it: a pure state machine.

Playback is lowered as soon as there may be speech, held (silent, but not given up) when it goes on, and given up when
it turns out to be words for the assistant. A click, a cough or an "mhm" restores it where it was held. So the assistant
falls silent at once, and still does not lose its sentence to a cough. Time is samples of the audio clock.
"""

from enum import Enum, auto

from assistant.language.remarks import Remark
from assistant.turns.segmenter import samples

DUCK_MS = 32
"""Speech after which playback is lowered, once the echo canceller has converged: one block."""

HOLD_MS = 64
"""Speech after which playback is held then, or held back where it has not begun.

A canceller suppresses much of a user who speaks while the loudspeaker does, so what is held late is understood late:
with 160 ms the answer was silent 351 ms after the onset of the user's speech (median of 23 recordings), and 465 ms
where the echo was loud.
"""

DUCK_UNCONVERGED_MS = 64
HOLD_UNCONVERGED_MS = 480
"""The same before that: what voice activity hears may be the assistant's own voice."""

WORD_MS = 160
"""Less speech than that is no word, and what was held for it goes on as soon as what was lowered."""

SUSTAINED_MS = 1200
"""Speech after which it is no cough, whatever recognition makes of it; not before the canceller has converged."""

GAP_MS = 96
"""Silence inside speech that does not begin it anew."""

RESTORE_MS = 256
"""Silence after which playback goes on as before if it was lowered only, or held for less than a word."""

LOST_MS = 2500
"""Silence after which playback that was held goes on although nobody has said what was heard."""


class Do(Enum):
    """What is to be done with playback."""

    DUCK = auto()
    HOLD = auto()
    RESTORE = auto()
    STOP = auto()


class BargeIn:
    """Fed with every block while the assistant has something to say, whether it is playing already or not."""

    def __init__(self) -> None:
        self.quiet()

    def quiet(self) -> None:
        """The assistant has nothing to say any more."""
        self._state: Do = Do.RESTORE
        self._speech = 0
        self._last: int | None = None

    @property
    def is_disturbed(self) -> bool:
        """Playback is lowered, held or given up."""
        return self._state is not Do.RESTORE

    def heard(self, is_speech: bool, start: int, end: int, *, playing: bool, converged: bool) -> Do | None:
        """Take the block from sample `start` to `end`. `playing`: the assistant is audible; before that, speech holds
        the answer back at once. `converged`: nothing of it is left in the block."""
        if self._state is Do.STOP:
            return None
        if not is_speech:
            return self._silence(end)
        if self._last is not None and start - self._last > samples(GAP_MS):
            self._speech = 0
        self._speech += end - start
        self._last = end
        return self._sustained(playing, converged)

    def understood(self, remark: Remark, *, own: bool, finished: bool) -> Do | None:
        """Recognition has words for what is being said; `own` if they are the assistant's, `finished` if the user
        has paused after them."""
        if self._state is Do.STOP:
            return None
        if not own and remark is not Remark.BACKCHANNEL:
            return self._to(Do.STOP)
        return self._to(Do.RESTORE) if finished and self.is_disturbed else None

    def _sustained(self, playing: bool, converged: bool) -> Do | None:
        duck = samples(DUCK_MS if converged else DUCK_UNCONVERGED_MS)
        hold = samples(HOLD_MS if converged or not playing else HOLD_UNCONVERGED_MS)
        if converged and self._speech >= samples(SUSTAINED_MS):
            return self._to(Do.STOP)
        if self._speech >= hold and self._state is not Do.HOLD:
            return self._to(Do.HOLD)
        if playing and self._speech >= duck and self._state is Do.RESTORE:
            return self._to(Do.DUCK)
        return None

    def _silence(self, end: int) -> Do | None:
        if self._last is None or not self.is_disturbed:
            return None
        is_word = self._state is Do.HOLD and self._speech >= samples(WORD_MS)
        if end - self._last < samples(LOST_MS if is_word else RESTORE_MS):
            return None
        return self._to(Do.RESTORE)

    def _to(self, state: Do) -> Do:
        self._state = state
        if state is Do.RESTORE:
            self._speech = 0
        return state
