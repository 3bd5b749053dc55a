"""Recognition during speech: which words of the successive hypotheses are stable, and which may still change.

The rule is local agreement (Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System", 2023):
the longest common prefix of two successive hypotheses is stable.
"""

import re
from dataclasses import dataclass

from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.audio.pcm import Samples
from assistant.blocking import StopFlag

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages written without spaces between words; their unit is the character."""

MIN_LANGUAGE_PROBABILITY = 0.8
"""Probability at which the language detected in a draft is kept for the rest of the utterance. No question or command
of the recordings whose language is detected wrongly reaches it (0.75 at most), but a single word ("Las" taken for
Arabic) may: a doubtful draft drops the language again."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A transcript that is still growing."""

    stable: str
    """Words that no longer change; more may follow them."""
    tentative: str
    """The rest of the latest hypothesis, which may change."""


class LocalAgreement:
    """Finds the stable prefix in the successive hypotheses of one utterance."""

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._previous: list[str] = []

    def update(self, text: str, language: str) -> Partial:
        """Add the next hypothesis, which covers more audio than the one before."""
        space = "" if language in UNSPACED else " "
        units = text.split() if space else list(re.sub(r"\s", "", text))
        agreed = _common(self._previous, units)
        if agreed > len(self._stable):
            self._stable += units[len(self._stable) : agreed]
        self._previous = units
        return Partial(space.join(self._stable), space.join(units[len(self._stable) :]))


class StreamingTranscriber:
    """Recognises one utterance: drafts while it grows, then a final pass. `language` None detects the language.

    Every pass decodes the whole utterance. Stable words are not forced on the decoder as a prefix: CTranslate2 steps
    through a forced prefix token by token, so that nothing is saved (a transcript of ten tokens takes 150 ms; with
    three, five and eight of them given 156, 141 and 151 ms), and a word that two passes got wrong would stay wrong.
    """

    def __init__(self, recognizer: SpeechRecognizer, language: str | None) -> None:
        self._recognizer = recognizer
        self._given = self._language = language
        self._agreement = LocalAgreement()

    def draft(self, audio: Samples, stop: StopFlag) -> Transcription:
        """Recognise the utterance so far. Raises `AssistantError` (`asr.failed`)."""
        found = self._recognizer.transcribe(audio, language=self._language, stop=stop, draft=True)
        if found.inconclusive:
            self._language = self._given
        elif found.text and found.language_probability >= MIN_LANGUAGE_PROBABILITY:
            self._language = found.language
        return found

    def agree(self, found: Transcription) -> Partial:
        """Add a draft to those before it and split its text into stable and tentative."""
        return self._agreement.update(found.text, found.language)

    def attempt(self, audio: Samples, stop: StopFlag) -> Partial:
        """Do `draft`, then `agree`."""
        return self.agree(self.draft(audio, stop))

    def on_full_window(self, audio: Samples, stop: StopFlag) -> Transcription:
        """Recognise an utterance whose draft is doubtful. Raises `AssistantError` (`asr.failed`)."""
        return self._recognizer.transcribe(audio, language=self._language, stop=stop, full_window=True)

    def final(self, audio: Samples, stop: StopFlag) -> Transcription:
        """Recognise the whole utterance, a second time if in doubt. Raises `AssistantError` (`asr.failed`)."""
        return self._recognizer.transcribe(audio, language=self._language, stop=stop)


def same_words(one: str, other: str) -> bool:
    """Return whether two transcripts differ at most in case and punctuation."""
    return [bare for unit in one.split() if (bare := _bare(unit))] == [
        bare for unit in other.split() if (bare := _bare(unit))
    ]


def _common(first: list[str], second: list[str]) -> int:
    """Count the units of the common prefix, ignoring case and punctuation."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if _bare(one) != _bare(other):
            break
        count += 1
    return count


def _bare(unit: str) -> str:
    return re.sub(r"\W", "", unit).casefold()
