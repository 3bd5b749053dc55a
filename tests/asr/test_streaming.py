"""Which words of a growing transcript are stable."""

import numpy as np
import pytest

from assistant.asr.base import Transcription
from assistant.asr.streaming import LocalAgreement, Partial, StreamingTranscriber
from assistant.audio.pcm import Samples
from assistant.blocking import NeverStop, StopFlag


def test_words_are_stable_once_two_hypotheses_agree() -> None:
    agreement = LocalAgreement()
    assert agreement.update("set a time", "en") == Partial("", "set a time")
    assert agreement.update("set a timer for", "en") == Partial("set a", "timer for")
    assert agreement.update("set a timer for ten minutes", "en") == Partial("set a timer for", "ten minutes")


def test_stable_words_do_not_change_when_a_hypothesis_takes_them_back() -> None:
    agreement = LocalAgreement()
    agreement.update("turn on the light", "en")
    assert agreement.update("turn on the light", "en") == Partial("turn on the light", "")
    assert agreement.update("burn", "en") == Partial("turn on the light", "")
    assert agreement.update("turn on the lights now", "en").stable == "turn on the light"


def test_case_and_punctuation_do_not_count_as_disagreement() -> None:
    agreement = LocalAgreement()
    agreement.update("Hello.", "en")
    assert agreement.update("hello, my friend", "en") == Partial("hello,", "my friend")


def test_languages_without_spaces_agree_character_by_character() -> None:
    agreement = LocalAgreement()
    agreement.update("今天天", "zh")
    assert agreement.update("今天天气怎么样", "zh") == Partial("今天天", "气怎么样")


class Recognizer:
    """Detects German, with a given probability."""

    name = device = "scripted"

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.doubtful = False
        self.asked: list[str | None] = []

    def transcribe(
        self,
        audio: Samples,
        *,
        language: str | None,
        stop: StopFlag,
        draft: bool = False,
        full_window: bool = False,
    ) -> Transcription:
        self.asked.append(language)
        return Transcription("hallo", language or "de", self.probability, 0.1, 1.0, 4.0, self.doubtful)


@pytest.mark.parametrize(("probability", "asked"), [(0.95, [None, "de"]), (0.6, [None, None])])
def test_a_language_detected_with_certainty_is_kept_for_the_final_pass(
    probability: float, asked: list[str | None]
) -> None:
    recognizer = Recognizer(probability)
    transcriber = StreamingTranscriber(recognizer, None)
    transcriber.attempt(np.zeros(16000, np.float32), NeverStop())
    transcriber.final(np.zeros(32000, np.float32), NeverStop())
    assert recognizer.asked == asked


def test_a_language_is_detected_again_after_a_doubtful_pass() -> None:
    recognizer = Recognizer(0.95)
    transcriber = StreamingTranscriber(recognizer, None)
    for recognizer.doubtful in (False, True, False):
        transcriber.draft(np.zeros(16000, np.float32), NeverStop())
    assert recognizer.asked == [None, "de", None]
