"""Telling words from what Whisper makes up out of noise, silence and padding."""

import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto

NO_SPEECH = 0.4
DOUBTFUL = -0.5
HOPELESS = -1.4
"""No-speech probability, and average log probability, beyond which a hypothesis is noise.

Measured with whisper-base on trimmed windows over tests/speech: 96 cuts with speech (0.1 and 0.45 s after its end), 18
of noise, music and a silent room (2, 5 and 10 s). Speech has a no-speech probability above 0.35 once (0.47, with a log
probability of -0.33), noise below 0.46 once (0.3, with -1.68). Noise is doubtful from -0.59 down. Speech that was
recognised rightly has at least -1.09 ("Stop!"), wrongly -1.5. Whisper's own rule, 0.6 and -1.0, lets half of the noise
through as "Thank you." and the like. `tests/asr/test_faster_whisper.py` repeats it.
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
