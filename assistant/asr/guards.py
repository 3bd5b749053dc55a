"""Telling words from what Whisper makes up out of noise, silence and padding."""

import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto

NO_SPEECH = 0.4
DOUBTFUL = -0.8
HOPELESS = -1.4
"""No-speech probability, and average log probability, beyond which a hypothesis is noise.

Measured with whisper-base on trimmed windows over tests/speech, each clip as it is, cut at the soft end and at the
endpoint, 20 and 40 dB quieter, and with office noise and jazz 20 and 10 dB below it (396 cuts with speech, 465 without:
silence, white and brown noise, hum, clicks, music, rooms). Speech that is recognised rightly and not 40 dB quieter lies
on the right side of both by at least 0.09 ("Play the Beatles." with three seconds of silence: 0.5 and -0.71; "Stop!":
0.16 and -1.09). Noise beyond neither is a loop, which has no end, or comes from half a second. Whisper's own rule, 0.6
and -1.0, lets half of the noise through as "Thank you." and the like. The core of it is tested with the real model.
"""

COMPRESSIBLE = 2.0
"""Length over zlib length of a text that repeats itself; Whisper uses 2.4 for the text of 30 s. The longest of the
recordings' right transcripts, a sentence of Kennedy's that uses its words twice, has 1.35; three repetitions have 2.6.
"""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What one decoding gave, with the model's own measures of confidence."""

    text: str
    average_log_probability: float
    """Natural logarithm, over all tokens and the end of text; 0 is certain."""
    no_speech_probability: float
    ended: bool
    """False when it ran into the bound on its length."""


class Verdict(Enum):
    """What to make of a hypothesis."""

    WORDS = auto()
    NOISE = auto()
    WENT_WRONG = auto()
    """It repeats itself, has no end, or is hardly believed by the model: to be decoded again on the full window."""


def judge(hypothesis: Hypothesis) -> Verdict:
    """What `hypothesis` is."""
    doubtful = hypothesis.average_log_probability < DOUBTFUL
    if not re.search(r"\w", hypothesis.text) or (doubtful and hypothesis.no_speech_probability > NO_SPEECH):
        return Verdict.NOISE
    repeats = compression_ratio(hypothesis.text) > COMPRESSIBLE
    if repeats or not hypothesis.ended or hypothesis.average_log_probability < HOPELESS:
        return Verdict.WENT_WRONG
    return Verdict.WORDS


def compression_ratio(text: str) -> float:
    """Length of `text` in UTF-8 over its length after zlib; OpenAI's measure for repetition."""
    content = text.encode()
    return len(content) / len(zlib.compress(content))
