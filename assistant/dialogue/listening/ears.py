"""The first look at each block: voice activity, wake words, and the audio that was captured before."""

from assistant.audio.pcm import AudioBlock
from assistant.config.schema import Turns
from assistant.dialogue.listening.utterance import PreRoll, ScoredBlock
from assistant.engines.detectors import Detectors
from assistant.turns.foreground import Background, Foreground
from assistant.vad.gated import GatedActivity
from assistant.wake.base import Detection
from assistant.wake.candidate import settled

WAKE_S = 3.0
"""Audio that is remembered besides the longest utterance: a wake word and what led to it."""

FADING = 0.9
"""A speech probability that falls below this may be the end: in the block in which speech really ends it is 0.9 in the
median of the recordings in tests/speech, one block before the soft end, and 0.95 and more inside words."""


class Ears:
    """Fed with every block of one source, in order."""

    def __init__(self, detectors: Detectors, turns: Turns) -> None:
        self._activity = GatedActivity(detectors.activity)
        self._activity.reset()
        self._wake = detectors.wake
        self._threshold = turns.threshold
        self._pre_roll = PreRoll(turns.max_utterance_s + WAKE_S)
        self._background = Background()
        self._foreground = Foreground(None)
        self._probability = 0.0
        """Of the block that was listened to last."""

    @property
    def rests(self) -> bool:
        """The room has been quiet for a while."""
        return self._activity.idle

    def hear(self, block: AudioBlock, *, needed: bool) -> ScoredBlock:
        """Take the next block. `needed`: speech in it would mean something, so voice activity has to look closely."""
        scored = ScoredBlock(block, self._activity.probability(block.samples, needed=needed))
        self._pre_roll.push(scored)
        return scored

    async def spot(self, block: AudioBlock) -> Detection | None:
        """Detect the wake word that `block` completes; a second look, where it takes one, is the work of a thread."""
        return await settled(self._wake.detect(block)) if self._wake is not None else None

    def follow_speaker(self, woken: Detection) -> None:
        """Take for the user, from now on, a speaker as loud as the one who said the wake word."""
        self._foreground = Foreground(self._background.level(woken.word_end))

    def note_background(self, scored: ScoredBlock) -> None:
        """Take a block that may hold speech in the background, such as a television's."""
        if scored.probability >= self._threshold:
            self._background.feed(scored.block.samples, scored.block.end)

    def of_user(self, scored: ScoredBlock, *, own_voice: bool) -> ScoredBlock:
        """Replace the probability by that of the user's speech: neither the background nor the assistant (`own_voice`)
        does."""
        if scored.probability < self._threshold:
            return scored
        if not own_voice and self._foreground.is_user(scored.block.samples):
            return scored
        return ScoredBlock(scored.block, 0.0)

    def is_falling(self, probability: float) -> bool:
        """Take the probability of the next block that is listened to; whether the voice may just be fading."""
        falling = probability < FADING <= self._probability
        self._probability = probability
        return falling

    def between(self, start: int, end: int) -> list[AudioBlock]:
        """Return what was captured from sample `start` to `end` of the audio clock, in whole blocks."""
        return [scored.block for scored in self._pre_roll.between(start, end)]
