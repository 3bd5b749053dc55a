"""Telling speech from what Whisper hallucinates in noise, silence and padding."""

import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto

from assistant.asr.repetition import find_repetition

MAX_NOISE_SCORE = 1.85
"""Twice the no-speech probability minus the average log probability; a hypothesis with more is noise.

Measured with whisper-base on the trimmed window, on 308 cuts of speech (whole clips, at the soft end, at the endpoint,
20 and 40 dB quieter, over office noise and jazz) and 657 of noise (silence, white and brown noise, hum, clicks, music,
rooms and the pauses of the recordings, in several lengths and levels, also with silence after them). Speech that is
recognised correctly scores 1.8 at most (a whole file with pauses; Chinese 1.6; "Stop!" 1.17; every other English
question or command, as the pipeline cuts it, less). Noise whose hypothesis ends scores 1.98 or more, except for 6 cuts
of 4 places (1.62 to 1.77); 5 pass as words. Separate limits for the two measures (0.4 and -0.8) let 22 pass, most of
them as "Thank you."; Whisper's own (0.6 and -1.0) let 268 pass. The core of this is tested with the real model.
"""

MIN_LOG_PROBABILITY = -1.4
"""Average log probability below which even certain speech is decoded again."""

MAX_COMPRESSION_RATIO = 2.0
"""`compression_ratio` above which a text repeats itself; Whisper uses 2.4 for the text of 30 s. The highest among the
recordings' correct transcripts, a sentence of Kennedy's that uses its words twice, is 1.35; three repetitions have 2.6.
"""

MAX_COUNT = 4
"""Times that a word is said in a row from which the audio has to tell how often it was; "no, no, no" is usual, three
times the same sentence is not."""

LONG_S = 4.0
MIN_LETTERS_PER_S = 4.0
"""Letters for each second from the first loud sound to the last, where these are so far apart, below which words are
missing. A sentence that is said four times and written once has 3.5; of the recordings of tests/speech in languages
with spaces all have more, but for one with a pause of three seconds in it.
"""

MIN_LETTERS_PER_S_TWICE = 8.0
"""The same for a text that consists of one sentence twice, which may have been three or four times: four times in
4.2 s, written twice, has 5.7."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The result of one decoding, with the model's own measures of confidence."""

    text: str
    average_log_probability: float
    """Natural logarithm, over all tokens and the end of text; 0 is certain."""
    no_speech_probability: float
    ended: bool
    """False when decoding was cut off at the maximum length."""
    spaced: bool = True
    """Whether its language has spaces between words."""
    speech_s: float = 0.0
    """Seconds from the first loud sound to the last."""


class Verdict(Enum):
    """How far a hypothesis can be believed."""

    WORDS = auto()
    NOISE = auto()
    SUSPECT = auto()
    """It repeats itself, does not end, or is short for so much speech: worth decoding again on the full window."""
    IMPROBABLE = auto()
    """The model has little confidence in it: likewise."""


def judge(hypothesis: Hypothesis) -> Verdict:
    """Classify `hypothesis` by the limits above."""
    noise_score = 2 * hypothesis.no_speech_probability - hypothesis.average_log_probability
    if not re.search(r"\w", hypothesis.text) or noise_score > MAX_NOISE_SCORE:
        return Verdict.NOISE
    if not hypothesis.ended or _repeats(hypothesis) or _is_short(hypothesis):
        return Verdict.SUSPECT
    if hypothesis.average_log_probability < MIN_LOG_PROBABILITY:
        return Verdict.IMPROBABLE
    return Verdict.WORDS


def _repeats(hypothesis: Hypothesis) -> bool:
    if compression_ratio(hypothesis.text) > MAX_COMPRESSION_RATIO:
        return True
    found = find_repetition(hypothesis.text, spaced=hypothesis.spaced)
    return found is not None and (found.count >= MAX_COUNT or " " in found.unit)


def _is_short(hypothesis: Hypothesis) -> bool:
    """Return whether something has been left out, as of a sentence that is said four times."""
    if not hypothesis.spaced or hypothesis.speech_s < LONG_S:
        return False
    words = re.findall(r"\w+", hypothesis.text.casefold())
    half = len(words) // 2
    twice = half > 1 and words[:half] == words[half:]
    least = MIN_LETTERS_PER_S_TWICE if twice else MIN_LETTERS_PER_S
    return sum(map(len, words)) < least * hypothesis.speech_s


def compression_ratio(text: str) -> float:
    """Divide the length of `text` in UTF-8 by its length after zlib: OpenAI's measure of repetition."""
    content = text.encode()
    return len(content) / len(zlib.compress(content))
