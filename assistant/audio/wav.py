"""Writing WAV files."""

import os
import wave
from pathlib import Path

from assistant.audio.pcm import Samples, to_int16
from assistant.errors import AssistantError, Code


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """Write `samples` as mono 16-bit WAV. `path` then holds the whole recording or, on failure, what it held before.

    Raises `AssistantError` (`audio.not_writable`).
    """
    try:
        _replace(path.resolve(), to_int16(samples).astype("<i2").tobytes(), rate)
    except OSError as error:
        raise AssistantError(
            Code.AUDIO_NOT_WRITABLE, f"{path}: cannot be written: {error.strerror or error}; name another file"
        ) from error


def _replace(path: Path, frames: bytes, rate: int) -> None:
    if path.exists() and not path.is_file():
        raise OSError("it is not a file")  # root must not replace a device such as /dev/null
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file, wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(rate)
            wav.writeframes(frames)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
