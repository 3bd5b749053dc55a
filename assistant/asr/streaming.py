"""Recognition while somebody speaks: what of the successive hypotheses is stable, and what may still change.

The rule is local agreement (Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System", 2023):
the words that two successive hypotheses begin with in common are stable.
"""

import re
from dataclasses import dataclass

from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.audio.pcm import Samples
from assistant.blocking import StopFlag

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages written without spaces between words; their unit is the character."""

SURE = 0.8
"""Probability from which the language that a partial pass detected is kept for the rest of the utterance. No question
or command of the recordings whose language is detected wrongly reaches it (0.75 at most)."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A transcript that is still growing."""

    stable: str
    """Does not change any more, but may grow."""
    tentative: str
    """The rest of the latest hypothesis."""


class LocalAgreement:
    """Fed with successive hypotheses of one utterance, tells what they agree on."""

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._previous: list[str] = []

    def update(self, text: str, language: str) -> Partial:
        """Take the next hypothesis, of more audio than the one before."""
        space = "" if language in UNSPACED else " "
        units = text.split() if space else list(re.sub(r"\s", "", text))
        agreed = _common(self._previous, units)
        if agreed > len(self._stable):
            self._stable += units[len(self._stable) : agreed]
        self._previous = units
        return Partial(space.join(self._stable), space.join(units[len(self._stable) :]))


class StreamingTranscriber:
    """One utterance: partial passes while it grows, then the final one. `language` None detects it."""

    def __init__(self, recognizer: SpeechRecognizer, language: str | None) -> None:
        self._recognizer = recognizer
        self._language = language
        self._agreement = LocalAgreement()

    def attempt(self, audio: Samples, stop: StopFlag) -> Partial:
        """A pass over the utterance so far. Raises `AssistantError` (`asr.failed`)."""
        found = self._recognizer.transcribe(audio, language=self._language, stop=stop)
        if found.text and found.language_probability >= SURE:
            self._language = found.language
        return self._agreement.update(found.text, found.language)

    def final(self, audio: Samples, stop: StopFlag) -> Transcription:
        """The pass over the whole utterance. Raises `AssistantError` (`asr.failed`)."""
        return self._recognizer.transcribe(audio, language=self._language, stop=stop)


def _common(first: list[str], second: list[str]) -> int:
    """How many units both begin with; case and punctuation do not matter."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if _bare(one) != _bare(other):
            break
        count += 1
    return count


def _bare(unit: str) -> str:
    return re.sub(r"\W", "", unit).casefold()
