"""Telling the user from voices in the background, such as a television, by loudness learned before the wake word.

Voice activity detects speech in both. The user is nearer and louder; speech before the wake word is the background.
Pure: levels are decibels of full scale, time is samples of the audio clock.
"""

from collections import deque

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples, level

BACKGROUND_S = 10.0
"""Stretch before the wake word from which the background is learned, in seconds."""

WAKE_WORD_S = 1.6
"""End of the stretch that is left out: the wake word, said by the user. The longest of the recordings takes 1.3 s."""

MIN_SPEECH_S = 0.3
"""Background speech needed to know its level, in seconds."""

PERCENTILE = 90
"""Percentile of the levels of speech that stands for its loudness: the loud syllables."""

MIN_SEPARATION_DB = 9.0
"""How much louder than the background the user must be, in decibels. Below this they are not told apart, and the turn
ends at its maximum duration."""

BORDER = 0.4
"""Where the border lies between background (0) and user (1): nearer to the background, since voices fall at the end."""

SYLLABLE_BLOCKS = 4
"""Blocks (128 ms) of which the loudest counts, so that a soft consonant is not taken for the background."""


class Background:
    """Levels of recent speech that was not for the assistant."""

    def __init__(self) -> None:
        self._speech: deque[tuple[int, float]] = deque()

    def feed(self, samples: Samples, end: int) -> None:
        """Take a block of speech, ending at sample `end`, that is not for the assistant."""
        self._speech.append((end, level(samples)))
        while end - self._speech[0][0] > (BACKGROUND_S + WAKE_WORD_S) * LISTENING_RATE:
            self._speech.popleft()

    def level(self, at: int) -> float | None:
        """Return its loudness before a wake word that ended at sample `at`; None if there was too little speech."""
        begin, end = at - (BACKGROUND_S + WAKE_WORD_S) * LISTENING_RATE, at - WAKE_WORD_S * LISTENING_RATE
        levels = [loudness for block_end, loudness in self._speech if begin <= block_end <= end]
        is_enough = len(levels) >= MIN_SPEECH_S * LISTENING_RATE / BLOCK
        return float(np.percentile(levels, PERCENTILE)) if is_enough else None


class Foreground:
    """Tells the user of one turn from a background of the given level; None means there is no background."""

    def __init__(self, background: float | None) -> None:
        self._background = background
        self._levels: list[float] = []
        self._latest: deque[float] = deque(maxlen=SYLLABLE_BLOCKS)

    def is_user(self, samples: Samples) -> bool:
        """Tell whether a block of speech is the user's; must be called with every block of speech."""
        if self._background is None:
            return True
        loudness = level(samples)
        self._levels.append(loudness)
        self._latest.append(loudness)
        user = float(np.percentile(self._levels, PERCENTILE))
        if user - self._background < MIN_SEPARATION_DB:
            return True
        return max(self._latest) > self._background + BORDER * (user - self._background)
