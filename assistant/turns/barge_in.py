"""Barge-in: a pure state machine that decides what happens to playback when the user speaks over it.

Playback is ducked as soon as there may be speech, held (silent, but not given up) when the speech goes on, and stopped
when it turns out to be words for the assistant. A click, a cough or an "mhm" restores it where it was held. So the
assistant falls silent at once, and still does not lose its sentence to a cough. Time is samples of the audio clock.
"""

from enum import Enum, auto

from assistant.language.remarks import Remark
from assistant.turns.segmenter import samples

DUCK_MS = 32
"""Speech after which playback is ducked, once the echo canceller has converged: one block."""

HOLD_MS = 64
"""Speech after which playback is held then, or held back if it has not begun.

A canceller suppresses much of a user who speaks while the loudspeaker does, so what is held late is understood late:
with 160 ms the answer was silent 351 ms after the onset of the user's speech (median of 23 recordings), and 465 ms
where the echo was loud.
"""

DUCK_UNCONVERGED_MS = 64
HOLD_UNCONVERGED_MS = 480
"""The same before convergence, when voice activity may detect the assistant's own voice."""

MIN_WORD_MS = 160
"""Speech shorter than this is no word: playback that was held for it is restored as soon as if it had been ducked."""

SUSTAINED_MS = 1200
"""Speech that is no cough, whatever recognition makes of it; only once the canceller has converged."""

MAX_GAP_MS = 96
"""Silence inside speech that does not restart its count."""

RESTORE_MS = 256
"""Silence after which playback is restored if it was only ducked, or held for less than a word."""

LOST_MS = 2500
"""Silence after which held playback is restored although recognition has reported no words."""


class PlaybackAction(Enum):
    """What happens to playback."""

    DUCK = auto()
    HOLD = auto()
    RESTORE = auto()
    STOP = auto()


class BargeIn:
    """Takes every block while the assistant has something to say, whether it is already playing or not."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start over: the assistant has nothing more to say."""
        self._state: PlaybackAction = PlaybackAction.RESTORE
        self._speech = 0
        self._last: int | None = None

    @property
    def is_disturbed(self) -> bool:
        """Whether playback is ducked, held or stopped."""
        return self._state is not PlaybackAction.RESTORE

    def feed(self, is_speech: bool, start: int, end: int, *, playing: bool, converged: bool) -> PlaybackAction | None:
        """Take the block from sample `start` to `end`.

        `playing`: the assistant is audible; before that, speech holds the answer back at once. `converged`: the echo
        canceller leaves nothing of the assistant's voice in the block.
        """
        if self._state is PlaybackAction.STOP:
            return None
        if not is_speech:
            return self._silence(end)
        if self._last is not None and start - self._last > samples(MAX_GAP_MS):
            self._speech = 0
        self._speech += end - start
        self._last = end
        return self._sustained(playing, converged)

    def understood(self, remark: Remark, *, own: bool, finished: bool) -> PlaybackAction | None:
        """Take what recognition made of the speech.

        `own`: the words are the assistant's. `finished`: the user has paused after them.
        """
        if self._state is PlaybackAction.STOP:
            return None
        if not own and remark is not Remark.BACKCHANNEL:
            return self._to(PlaybackAction.STOP)
        return self._to(PlaybackAction.RESTORE) if finished and self.is_disturbed else None

    def _sustained(self, playing: bool, converged: bool) -> PlaybackAction | None:
        duck = samples(DUCK_MS if converged else DUCK_UNCONVERGED_MS)
        hold = samples(HOLD_MS if converged or not playing else HOLD_UNCONVERGED_MS)
        if converged and self._speech >= samples(SUSTAINED_MS):
            return self._to(PlaybackAction.STOP)
        if self._speech >= hold and self._state is not PlaybackAction.HOLD:
            return self._to(PlaybackAction.HOLD)
        if playing and self._speech >= duck and self._state is PlaybackAction.RESTORE:
            return self._to(PlaybackAction.DUCK)
        return None

    def _silence(self, end: int) -> PlaybackAction | None:
        if self._last is None or not self.is_disturbed:
            return None
        is_word = self._state is PlaybackAction.HOLD and self._speech >= samples(MIN_WORD_MS)
        if end - self._last < samples(LOST_MS if is_word else RESTORE_MS):
            return None
        return self._to(PlaybackAction.RESTORE)

    def _to(self, state: PlaybackAction) -> PlaybackAction:
        self._state = state
        if state is PlaybackAction.RESTORE:
            self._speech = 0
        return state
