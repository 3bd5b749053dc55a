"""A loudspeaker that records what it plays, for replies that go to a file."""

import numpy as np

from assistant.audio.pcm import Samples
from assistant.audio.simulated.paced import PacedLoudspeaker


class ReplyRecorder(PacedLoudspeaker):
    """An `AudioSink` whose `rate` is that of the first playback."""

    name = "recorder"

    def __init__(self) -> None:
        super().__init__()
        self._sounds: list[tuple[int, Samples]] = []

    @property
    def samples(self) -> Samples:
        """Sound played so far, from its first sample to its last, including silence between."""
        self.catch_up()
        if not self._sounds:
            return np.zeros(0, np.float32)
        first = self._sounds[0][0]
        last, end = self._sounds[-1]
        played = np.zeros(last + len(end) - first, np.float32)
        for start, sound in self._sounds:
            played[start - first : start - first + len(sound)] = sound
        return played

    def _taken(self, start: int, out: Samples, count: int) -> None:
        if count:
            self._sounds.append((start, out[:count]))
