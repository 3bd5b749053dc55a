"""Telling the user from voices in the background, such as a television: by loudness, learned while nobody is heard.

Voice activity hears speech in both. The user is nearer and louder; what was there before the wake word is the
background. Pure: levels are decibels of full scale, time is samples of the audio clock.
"""

from collections import deque

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples, level

LEARNED_S = 10.0
"""How far back the background is looked at."""

WAKE_WORD_S = 1.6
"""The end of that is left out: it is the wake word, said by the user. The longest of the recordings takes 1.3 s."""

ENOUGH_S = 0.3
"""Background speech that is enough to know its level."""

PERCENTILE = 90
"""Of the levels of the background's speech, and of the user's: its loud syllables."""

SEPARATE_DB = 9.0
"""The user must be so much louder than the background; otherwise they are not told apart and the turn is ended by its
longest duration."""

SHARE = 0.4
"""Where between background and user the border lies, nearer to the background: the user's voice falls at the end."""

SYLLABLE = 4
"""Blocks (128 ms) of which the loudest counts, so that a soft consonant is not taken for the background."""


class Background:
    """The speech that was heard while it was for nobody."""

    def __init__(self) -> None:
        self._speech: deque[tuple[int, float]] = deque()

    def heard(self, samples: Samples, end: int) -> None:
        """A block of speech, ending at sample `end`, that is not for the assistant."""
        self._speech.append((end, level(samples)))
        while end - self._speech[0][0] > (LEARNED_S + WAKE_WORD_S) * LISTENING_RATE:
            self._speech.popleft()

    def level(self, at: int) -> float | None:
        """How loud it was before a wake word that ended at sample `at`; None when there was little or nothing."""
        begin, end = at - (LEARNED_S + WAKE_WORD_S) * LISTENING_RATE, at - WAKE_WORD_S * LISTENING_RATE
        levels = [loudness for heard, loudness in self._speech if begin <= heard <= end]
        enough = ENOUGH_S * LISTENING_RATE / BLOCK
        return float(np.percentile(levels, PERCENTILE)) if len(levels) >= enough else None


class Foreground:
    """Of one user, before the `background` (its level; None when there is none)."""

    def __init__(self, background: float | None) -> None:
        self._background = background
        self._levels: list[float] = []
        self._latest: deque[float] = deque(maxlen=SYLLABLE)

    def is_user(self, samples: Samples) -> bool:
        """Whether a block that voice activity takes for speech is the user's; call it with every such block."""
        if self._background is None:
            return True
        loudness = level(samples)
        self._levels.append(loudness)
        self._latest.append(loudness)
        user = float(np.percentile(self._levels, PERCENTILE))
        if user - self._background < SEPARATE_DB:
            return True
        return max(self._latest) > self._background + SHARE * (user - self._background)
