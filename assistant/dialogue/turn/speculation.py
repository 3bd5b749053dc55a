"""What to do next in a turn: a pure state machine that decides when to recognise, to answer ahead and to let go.

It takes what happened and returns what is to be done. It holds no clock, engine or task; time is samples of the
utterance.
"""

from dataclasses import dataclass
from enum import IntEnum

from assistant.asr.base import Transcription
from assistant.asr.streaming import same_words
from assistant.audio.pcm import LISTENING_RATE


@dataclass(frozen=True, slots=True)
class Recognise:
    """Recognise the first `length` samples of the utterance; on the full window when a draft was doubtful."""

    length: int
    full_window: bool = False


@dataclass(frozen=True, slots=True)
class StopRecognising:
    """End the pass in progress, which is out of date; what it still finds counts."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Let the language model read these words: the utterance probably begins with them."""

    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Begin a revision that answers these words, in place of any other."""

    words: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Cancel the revision: it answers what the user did not say, or not only."""


@dataclass(frozen=True, slots=True)
class Release:
    """The turn is committed and its words are certain: open the gate of the revision, or end without an answer."""

    words: str


Action = Recognise | StopRecognising | Prepare | Answer | Withdraw | Release


class Effort(IntEnum):
    """How much work ahead the machine can do; each step includes those before it."""

    FULL = 0
    FEWER_PASSES = 1
    """Passes while the user speaks are half as frequent."""
    NO_SPECULATION = 2
    """Nothing is answered before the commit."""
    NO_PARTIALS = 3
    """Nothing is recognised before the commit."""


RECENT_S = 0.25
"""A hypothesis over audio that ends at most so long before the end of speech is worth answering while the last pass is
at work. Of 23 English questions and commands Whisper base has the same words 0.1 s before the end in 19, 0.2 s in 14,
0.25 s in 12, 0.4 s in 4."""


NEW_WORDS = 3
"""Words after which the language model reads the utterance anew."""


class Plan:
    """The plan of one turn.

    `interval` is the least new audio, in samples, that makes another pass while the user speaks worthwhile; None for
    no such passes. `effort` may change at any time. `beside` allows answering while the last pass is at work. A turn
    that is `held` is only recognised until `admitted`: it may not be for the assistant.
    """

    def __init__(self, interval: int | None, effort: Effort, *, beside: bool, held: bool = False) -> None:
        self._interval = interval
        self._beside = beside
        self._held = held
        self.effort = effort
        self._at_work: int | None = None
        """Samples that the pass in progress is over."""
        self._covered = 0
        """Samples that the latest pass was over."""
        self._length = 0
        self._speech_end: int | None = None
        """Where the present pause began; None while the user speaks."""
        self._hypothesis = ""
        self._prepared = 0
        """Words that the language model has read."""
        self._committed = False
        self._final: str | None = None
        """The words up to the present pause, once they are certain."""
        self._answered: str | None = None
        """The words that the current revision answers."""

    @property
    def in_pause(self) -> bool:
        return self._speech_end is not None

    @property
    def is_certain(self) -> bool:
        """The user is silent, and everything said so far has been recognised."""
        return self._final is not None

    def begun(self, length: int) -> None:
        """Begin the utterance with `length` samples from before it was certain that the user speaks."""
        self._length = self._covered = length

    def grown(self, length: int, *, falling: bool = False) -> list[Action]:
        """Extend the utterance to `length` samples; `falling` if the voice may just be fading."""
        self._length = length
        return [] if self.in_pause else self._next_partial(falling)

    def paused(self, speech_end: int) -> list[Action]:
        """Take the soft end: no speech since sample `speech_end`."""
        self._speech_end = speech_end
        if self.effort >= Effort.NO_SPECULATION:
            return []
        if self._at_work is None:
            return [*self._last_pass(), *self._speculate()]
        if self._at_work < speech_end:
            return [StopRecognising(), *self._speculate()]
        return self._speculate()

    def resumed(self) -> list[Action]:
        """Speech after all. A pass in progress goes on: its words are the beginning of the utterance."""
        self._speech_end = None
        self._final = None
        return self._withdraw()

    def recognised(self, covered: int, found: Transcription, *, stable: bool, stopped: bool) -> list[Action]:
        """Take the result of a pass over `covered` samples: `stable` if it has the same words as the one before it,
        `stopped` if it ended early and so found nothing."""
        self._at_work = None
        self._covered = covered
        if stopped:
            return self._last_pass() if self.in_pause else self._next_partial()
        if found.inconclusive and self.in_pause and self._is_last(covered):
            return [self._recognise(covered, full_window=True)]
        if found.text:
            self._hypothesis = found.text
        if not self.in_pause:
            return self._while_speaking(found, stable)
        if not self._is_last(covered):
            return [*self._last_pass(), *self._speculate()]
        self._final = found.text
        return [*self._settle(found.text), *self._release()]

    def admitted(self) -> list[Action]:
        """Answer it: the turn is for the assistant after all."""
        self._held = False
        return [] if self._final is None else [*self._settle(self._final), *self._release()]

    def committed(self) -> list[Action]:
        """Take the commit: the user has finished."""
        self._committed = True
        if self._final is None and self._at_work is None:
            return self._last_pass()
        return self._release()

    def _while_speaking(self, found: Transcription, stable: bool) -> list[Action]:
        actions: list[Action] = []
        if found.text and self._answered is not None and not same_words(self._answered, found.text):
            actions += self._withdraw()
        if found.text and self.effort < Effort.NO_SPECULATION and self._answered is None and not self._held:
            is_whole = stable and found.text.endswith((".", "?", "!", "。", "？", "！"))
            actions += self._answer(found.text) if is_whole else self._prepare(found.text)
        return [*actions, *self._next_partial()]

    def _next_partial(self, falling: bool = False) -> list[Action]:
        """Begin another pass if there is enough new audio and none at work: late ones are skipped, never queued.

        Half of what is enough otherwise will do when the voice is falling: a word ends there, perhaps the last one, and
        then the pass has begun before the soft end.

        Measured on two cores (17 questions and commands, interleaved): every 500 ms, 0.47 cores are busy while the user
        speaks and voice-to-voice is 656 ms; every 700 ms 0.38 and 672 ms; every 900 ms 0.31 and 628 ms.
        """
        if self._interval is None or self.effort >= Effort.NO_PARTIALS or self._at_work is not None:
            return []
        interval = self._interval * (2 if self.effort >= Effort.FEWER_PASSES else 1) // (2 if falling else 1)
        return [self._recognise(self._length)] if self._length - self._covered >= interval else []

    def _prepare(self, words: str) -> list[Action]:
        """Reading costs the same few tokens of the prompt's end each time, so it waits for several new words."""
        count = len(words.split())
        if count - self._prepared < NEW_WORDS:
            return []
        self._prepared = count
        return [Prepare(words)]

    def _last_pass(self) -> list[Action]:
        return [self._recognise(self._length)]

    def _recognise(self, length: int, full_window: bool = False) -> Recognise:
        self._at_work = length
        return Recognise(length, full_window)

    def _is_last(self, covered: int) -> bool:
        return self._speech_end is not None and covered >= self._speech_end

    def _speculate(self) -> list[Action]:
        """Answer what was understood shortly before the end, while the last pass is at work."""
        if not self._beside or self.effort >= Effort.NO_SPECULATION:
            return []
        if self._speech_end is None or not self._hypothesis:
            return []
        if self._speech_end - self._covered > RECENT_S * LISTENING_RATE:
            return []
        return self._settle(self._hypothesis)

    def _settle(self, words: str) -> list[Action]:
        """See to it that the revision answers `words`; one that does already is kept."""
        if self._held:
            return []
        if not words:
            return self._withdraw()
        if self._answered is not None and same_words(self._answered, words):
            return []
        return self._answer(words)

    def _answer(self, words: str) -> list[Action]:
        self._answered = words
        return [Answer(words)]

    def _withdraw(self) -> list[Action]:
        if self._answered is None:
            return []
        self._answered = None
        return [Withdraw()]

    def _release(self) -> list[Action]:
        is_due = self._committed and self._final is not None and not self._held
        return [Release(self._final or "")] if is_due else []
