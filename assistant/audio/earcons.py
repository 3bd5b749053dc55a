"""Earcons: short sounds that indicate the assistant's state, synthesised from sine waves."""

from enum import StrEnum

import numpy as np

from assistant.audio.pcm import Samples

RATE = 24_000
"""Hz of the earcons."""

LEVEL = 0.2
"""Peak level, of full scale: clear beside a voice, and not startling at night."""

EDGE_S = 0.012
"""Seconds of rise and of fall of each note; without them it clicks."""


class Earcon(StrEnum):
    """The states that have a sound."""

    WAKE = "wake"
    """A wake word was detected."""
    LISTENING = "listening"
    """No wake word is needed for a while."""
    DONE = "done"
    """A wake word is needed again."""
    ERROR = "error"
    """Something failed, or nothing was understood."""
    MUTED = "muted"
    """The microphone is off."""


C5, E5, G5, A3, E4 = 523.25, 659.26, 783.99, 220.0, 329.63

NOTES: dict[Earcon, tuple[tuple[float, float], ...]] = {
    Earcon.WAKE: ((C5, 0.06), (G5, 0.09)),
    Earcon.LISTENING: ((E5, 0.08),),
    Earcon.DONE: ((G5, 0.06), (C5, 0.09)),
    Earcon.ERROR: ((A3, 0.10), (A3, 0.14)),
    Earcon.MUTED: ((E4, 0.07), (A3, 0.12)),
}
"""Notes of each earcon: hertz and seconds. Rising is a beginning, falling an end, low an error."""


def sound(earcon: Earcon) -> Samples:
    """Synthesise an earcon at `RATE`, at most a quarter of a second."""
    return np.concatenate([_note(hertz, seconds) for hertz, seconds in NOTES[earcon]])


def _note(hertz: float, seconds: float) -> Samples:
    """Synthesise a sine with a soft octave above it, which small loudspeakers reproduce better than the fundamental."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * hertz * time) + 0.3 * np.sin(4 * np.pi * hertz * time)
    edge = round(EDGE_S * RATE)
    envelope = np.ones(len(time))
    envelope[:edge] = np.sin(np.linspace(0, np.pi / 2, edge)) ** 2
    envelope[-edge:] = envelope[:edge][::-1]
    return (LEVEL / 1.3 * wave * envelope).astype(np.float32)
