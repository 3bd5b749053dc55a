"""Checks of audio before a model gets it: what cannot work is refused with the reason."""

from dataclasses import dataclass

import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.errors import AssistantError, Code

MIN_S = 0.05
"""Seconds of audio below which there is nothing to recognise: shorter than any spoken word, a header and a click."""

SILENT_DB = -78.0
QUIET_DB = -60.0
CLIPPED_SHARE = 0.9
LOUD_SHARE = 0.01
"""Peak level in dB of full scale, and share of samples at full scale, from which audio is refused or warned of.

Word error rate of whisper-base on eight English clips of tests/speech (peak normalised, scaled, rounded to 16 bits):

    peak, dB        0     -50    -60    -66    -72    -78
    error rate    0.04   0.04   0.08   0.15   0.36   2.83
    gain, dB        0     12     24     36     48     60
    at full scale 0.00   0.06   0.25   0.45   0.72   0.85
    error rate    0.04   0.13   0.21   0.40   0.62   0.83

The recordings have peaks from -22 dB (the room without speech: -33 dB) and at most 0.0002 of their samples at full
scale. A muted microphone gives zeros or a last bit that flickers: -84 dB and less.
"""

_FULL_SCALE = 0.999


@dataclass(frozen=True)
class Advice:
    """What to do about a recording, by what is wrong with it."""

    silent: str
    quiet: str
    loud: str


FOR_FILES = Advice(
    silent="is it the right file, and the right track of it?",
    quiet="amplify it, or export it louder",
    loud="export it with a lower level, from its source",
)
FOR_MICROPHONES = Advice(
    silent="is the microphone muted, or another one the default? see `assistant devices`",
    quiet="raise the recording level",
    loud="lower the recording level",
)


def check_audio(samples: Samples, *, where: str, advice: Advice = FOR_FILES) -> list[str]:
    """Return warnings about a recording at `LISTENING_RATE` that may not be recognised well, a sentence each.

    Raises `AssistantError` when it cannot be: `audio.unreadable` (values that are not numbers), `audio.empty`,
    `audio.silent`, `audio.clipped`. `where` names the recording in messages, and `advice` is what they say to do.
    """
    if len(samples) < MIN_S * LISTENING_RATE:
        raise AssistantError(Code.AUDIO_EMPTY, f"{where}: {_milliseconds(samples)} of audio; record a whole sentence")
    if not np.isfinite(samples).all():
        raise AssistantError(Code.AUDIO_UNREADABLE, f"{where}: it holds values that are not numbers; record it again")
    return [*_check_level(samples, where, advice), *_check_clipping(samples, where, advice)]


def _check_level(samples: Samples, where: str, advice: Advice) -> list[str]:
    peak = float(np.abs(samples).max())
    level = 20 * np.log10(peak) if peak > 0 else -np.inf
    if level < SILENT_DB:
        raise AssistantError(
            Code.AUDIO_SILENT,
            f"{where}: silence; {advice.silent}",
        )
    if level < QUIET_DB:
        return [f"{where}: very quiet (its loudest moment is at {level:.0f} dB); {advice.quiet}"]
    return []


def _check_clipping(samples: Samples, where: str, advice: Advice) -> list[str]:
    share = float((np.abs(samples) >= _FULL_SCALE).mean())
    if share >= CLIPPED_SHARE:
        raise AssistantError(
            Code.AUDIO_CLIPPED,
            f"{where}: {share:.0%} of it is at full scale, only noise is left; {advice.loud}",
        )
    if share >= LOUD_SHARE:
        return [f"{where}: overdriven ({share:.0%} of it is at full scale); {advice.loud}"]
    return []


def _milliseconds(samples: Samples) -> str:
    return f"{1000 * len(samples) / LISTENING_RATE:.0f} ms"
