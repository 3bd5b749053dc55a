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
or command of the recordings whose language is detected wrongly reaches it (0.75 at most), but a single word ("Las" for
Arabic) may: a pass that goes wrong ends it."""


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
    """One utterance: passes while it grows, then a last one. `language` None detects it.

    Every pass decodes the whole utterance. What is confirmed is not forced on the decoder as a prefix: CTranslate2
    walks through a forced prefix token by token, so it saves nothing (a transcript of ten tokens takes 150 ms, with
    three, five and eight of them given 156, 141 and 151 ms), and a word that two passes got wrong would stay.
    """

    def __init__(self, recognizer: SpeechRecognizer, language: str | None) -> None:
        self._recognizer = recognizer
        self._given = self._language = language
        self._agreement = LocalAgreement()

    def draft(self, audio: Samples, stop: StopFlag) -> Transcription:
        """A pass over the utterance so far. Raises `AssistantError` (`asr.failed`)."""
        found = self._recognizer.transcribe(audio, language=self._language, stop=stop, draft=True)
        if found.doubtful:
            self._language = self._given
        elif found.text and found.language_probability >= SURE:
            self._language = found.language
        return found

    def agree(self, found: Transcription) -> Partial:
        """What the latest draft and those before it make of the utterance."""
        return self._agreement.update(found.text, found.language)

    def attempt(self, audio: Samples, stop: StopFlag) -> Partial:
        """`draft`, then `agree`."""
        return self.agree(self.draft(audio, stop))

    def on_full_window(self, audio: Samples, stop: StopFlag) -> Transcription:
        """The pass for an utterance whose draft is doubtful. Raises `AssistantError` (`asr.failed`)."""
        return self._recognizer.transcribe(audio, language=self._language, stop=stop, full_window=True)

    def final(self, audio: Samples, stop: StopFlag) -> Transcription:
        """A pass over the whole utterance, and another if that is doubtful. Raises `AssistantError` (`asr.failed`)."""
        return self._recognizer.transcribe(audio, language=self._language, stop=stop)


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts differ in case and punctuation at most."""
    return [bare for unit in one.split() if (bare := _bare(unit))] == [
        bare for unit in other.split() if (bare := _bare(unit))
    ]


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
