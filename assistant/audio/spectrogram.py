"""The log-mel spectrogram that Whisper was trained on, which other models take as well."""

import functools

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import LISTENING_RATE, Samples

FRAME = 400
HOP = 160
"""Samples of a frame (25 ms), and from the start of one to the start of the next (10 ms)."""

MIN_POWER = 1e-10
"""Power that is taken for silence, so that its logarithm exists."""

RANGE = 8.0
"""Orders of magnitude below the loudest value at which the spectrogram is cut off (80 dB)."""

WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)


def log_mel(audio: Samples, bands: int) -> NDArray[np.float32]:
    """Compute the spectrogram of `audio` (16 kHz), shape (`bands`, `len(audio) // HOP`), values about -1 to 1.

    Frames are centred on multiples of `HOP`; the audio is mirrored at both ends. Eight seconds take 3 ms on an idle
    x86 core, 5 ms (the median) on a busy one.
    """
    mirrored = np.pad(audio, FRAME // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, FRAME)[::HOP][: len(audio) // HOP]
    spectrum = np.fft.rfft(frames * WINDOW)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    levels = np.log10(np.maximum(mel_filters(bands) @ power.T, MIN_POWER))
    scaled: NDArray[np.float32] = (np.maximum(levels, levels.max() - RANGE) + 4.0) / 4.0
    return scaled


@functools.cache
def mel_filters(bands: int) -> NDArray[np.float32]:
    """Build triangular filters of equal area, equally spaced in mel from 0 to 8 kHz; shape (`bands`, frequencies)."""
    frequencies = np.fft.rfftfreq(FRAME, 1 / LISTENING_RATE)
    corners = _hertz(np.linspace(0.0, _mel(LISTENING_RATE / 2), bands + 2))
    triangles = [
        np.interp(frequencies, [low, middle, high], [0.0, 2.0 / (high - low), 0.0])
        for low, middle, high in zip(corners, corners[1:], corners[2:], strict=False)
    ]
    return np.array(triangles, np.float32)


LINEAR_HZ = 200 / 3
BEND_HZ = 1000.0
BEND_MEL = BEND_HZ / LINEAR_HZ
LOG_STEP = np.log(6.4) / 27
"""Slaney's mel scale (Auditory Toolbox, 1998): a mel is 200/3 Hz up to 1 kHz, from there a factor of 6.4 is 27 mel."""


def _mel(hertz: float) -> float:
    """Convert a frequency of at least 1 kHz."""
    return float(BEND_MEL + np.log(hertz / BEND_HZ) / LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < BEND_MEL, mel * LINEAR_HZ, BEND_HZ * np.exp((mel - BEND_MEL) * LOG_STEP))
