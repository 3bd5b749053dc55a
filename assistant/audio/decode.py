"""Recordings from files: WAV of every kind, and every other format that PyAV reads.

FFmpeg, inside PyAV, accepts WAV files as recorders and streams leave them (a length of zero, of 4 GB, or longer than
the file), so one path serves all formats.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.errors import AssistantError, Code

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

INTEGER_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}
"""Full scale of FFmpeg's integer sample formats; it delivers 24 bits as the upper ones of 32."""

TRUSTED_LENGTH = {"wav", "w64", "flac", "mov", "ogg", "aiff"}
"""Formats (the first of FFmpeg's names) that state their length; in others FFmpeg guesses it from bit rates."""

FILLED_LATER = {"wav", "w64"}
"""Formats whose length is written when the recording ends, and is therefore often wrong."""

MIN_SHARE = 0.9
"""Share of its stated length below which a file was cut off on its way here.

Intact FLAC, AAC, Opus and AIFF files of 0.3 to 10 s have 0.99 or more: packets and encoder delay round it.
"""


def read_audio(path: Path, *, max_s: float) -> Samples:
    """Decode the recording in `path` to `LISTENING_RATE`, all channels averaged; at most `max_s` seconds.

    A WAV file that is shorter than its header states is taken as it is. A recording with float samples beyond full
    scale is scaled down as a whole. Raises `AssistantError`: `audio.unreadable` for a file that is no intact recording;
    `audio.too_long`, before decoding where the file states its length, otherwise after `max_s`.
    """
    import av

    try:
        # A playlist could make FFmpeg fetch from the network: it gets an open file and may open nothing else.
        with _open(path) as file, av.open(file, "r", options={"protocol_whitelist": "none"}) as container:
            samples = _read(container, path, max_s)
    except av.FFmpegError as error:
        raise _unreadable(path, "not a recording in a known format, or damaged") from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    peak = np.abs(samples).max(initial=1.0)
    return samples / peak if peak > 1.0 else samples


def _open(path: Path) -> BinaryIO:
    if path.exists() and not path.is_file():
        raise _unreadable(path, "not a file")
    return path.open("rb")


def _read(container: "InputContainer", path: Path, max_s: float) -> Samples:
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise _unreadable(path, "no sound in it")
    form = container.format.name.partition(",")[0]
    stated_s = _stated_s(stream) if form in TRUSTED_LENGTH else None
    if stated_s is not None and stated_s > max_s:
        raise _too_long(path, _length(stated_s), max_s)
    pieces: list[Samples] = []
    total = 0
    for piece in _resampled(container.decode(stream), path):
        pieces.append(piece)
        total += len(piece)
        if total > max_s * LISTENING_RATE:
            raise _too_long(path, f"more than {_length(max_s)}", max_s)
    total_s = total / LISTENING_RATE
    if stated_s is not None and form not in FILLED_LATER and total_s < MIN_SHARE * stated_s:
        raise _damaged(path, f"cut short: {total_s:.1f} s of {stated_s:.1f} s are there")
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _stated_s(stream: "AudioStream") -> float | None:
    if stream.duration is None or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base)


def _resampled(frames: Iterator["AudioFrame"], path: Path) -> Iterator[Samples]:
    """Yield the audio of `frames` at `LISTENING_RATE`, as it is decoded."""
    rate = 0
    for frame in frames:
        if rate == 0:
            rate = frame.sample_rate
            resampler = Resampler(rate, LISTENING_RATE)
        elif frame.sample_rate != rate:
            raise _damaged(path, "its sampling rate changes on the way")
        samples = _mono(frame)
        # Checked before resampling, which would spread one value that is not a number over its neighbours.
        if not np.isfinite(samples).all():
            raise _damaged(path, "it holds values that are not numbers")
        yield resampler.push(samples)
    if rate:
        yield resampler.finish()


def _mono(frame: "AudioFrame") -> Samples:
    values = frame.to_ndarray()
    if frame.format.is_packed:
        values = values.reshape(-1, frame.layout.nb_channels).T
    samples: NDArray[np.float64] = values.mean(axis=0, dtype=np.float64)
    scale = INTEGER_SCALE.get(frame.format.name.removesuffix("p"))
    if frame.format.name.startswith("u8"):
        samples -= 128.0
    if scale is not None:
        samples /= scale
    return samples.astype(np.float32)


def _unreadable(path: Path, why: str, hint: str = "give a sound file, for example WAV or MP3") -> AssistantError:
    return AssistantError(Code.AUDIO_UNREADABLE, f"{path}: {why}; {hint}")


def _damaged(path: Path, how: str) -> AssistantError:
    return _unreadable(path, how, "copy or export it again")


def _too_long(path: Path, length: str, max_s: float) -> AssistantError:
    return AssistantError(
        Code.AUDIO_TOO_LONG, f"{path}: {length} of audio; at most {_length(max_s)} are taken here: cut it into parts"
    )


def _length(seconds: float) -> str:
    """Format a length of time for people."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
