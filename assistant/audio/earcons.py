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


class Tone(StrEnum):
    """What rings, each kind with a melody of its own."""

    TIMER = "timer"
    ALARM = "alarm"
    REMINDER = "reminder"


A5, C6, E6 = 880.0, 1046.5, 1318.51

MELODIES: dict[Tone, tuple[tuple[float, float], ...]] = {
    Tone.TIMER: ((A5, 0.09), (0.0, 0.05), (A5, 0.09), (0.0, 0.05), (A5, 0.09), (0.0, 0.25)) * 2,
    Tone.ALARM: ((C5, 0.14), (E5, 0.14), (G5, 0.14), (C6, 0.28), (0.0, 0.2)) * 2,
    Tone.REMINDER: ((G5, 0.12), (E6, 0.3), (0.0, 0.2)),
}
"""Notes of what rings; 0 hertz is a pause."""


def melody(tone: Tone, rate: int, peak: float) -> Samples:
    """Synthesise what rings, at `rate` Hz and with `peak` of full scale; 0.6 to 1.6 seconds."""
    notes = [_note(hertz, seconds, rate, peak) for hertz, seconds in MELODIES[tone]]
    return np.concatenate(notes)


def sound(earcon: Earcon) -> Samples:
    """Synthesise an earcon at `RATE`, at most a quarter of a second."""
    return np.concatenate([_note(hertz, seconds, RATE, LEVEL) for hertz, seconds in NOTES[earcon]])


def _note(hertz: float, seconds: float, rate: int, peak: float) -> Samples:
    """Synthesise a sine with a soft octave above it, which small loudspeakers reproduce better than the fundamental."""
    time = np.arange(round(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * hertz * time) + 0.3 * np.sin(4 * np.pi * hertz * time)
    edge = round(EDGE_S * rate)
    envelope = np.ones(len(time))
    envelope[:edge] = np.sin(np.linspace(0, np.pi / 2, edge)) ** 2
    envelope[-edge:] = envelope[:edge][::-1]
    return (peak / 1.3 * wave * envelope).astype(np.float32)
