"""Telling words from what Whisper makes up out of noise, silence and padding."""

import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto

NOISE = 1.85
"""Doubt, twice the no-speech probability less the average log probability, from which a hypothesis is noise.

Measured with whisper-base on the trimmed window, on 308 cuts of speech (whole clips, at the soft end, at the endpoint,
20 and 40 dB quieter, over office noise and jazz) and 657 of noise (silence, white and brown noise, hum, clicks, music,
rooms and the pauses of the recordings, in several lengths and levels, also with silence after them). Speech that is
recognised rightly has 1.8 at most (a whole file with pauses; Chinese 1.6; "Stop!" 1.17 and every other English question
or command, as the pipeline cuts it, less); noise that ends 1.98 and more, but for 6 cuts of 4 places (1.62 to 1.77); 5
become words. A limit for each measure (0.4 and -0.8) let 22 through, most as "Thank you."; Whisper's own (0.6, -1.0)
268. The core of it is tested with the real model.
"""

HOPELESS = -1.4
"""Average log probability below which even what is surely speech is worth another look."""

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
    doubt = 2 * hypothesis.no_speech_probability - hypothesis.average_log_probability
    if not re.search(r"\w", hypothesis.text) or doubt > NOISE:
        return Verdict.NOISE
    repeats = compression_ratio(hypothesis.text) > COMPRESSIBLE
    if repeats or not hypothesis.ended or hypothesis.average_log_probability < HOPELESS:
        return Verdict.WENT_WRONG
    return Verdict.WORDS


def compression_ratio(text: str) -> float:
    """Length of `text` in UTF-8 over its length after zlib; OpenAI's measure for repetition."""
    content = text.encode()
    return len(content) / len(zlib.compress(content))
