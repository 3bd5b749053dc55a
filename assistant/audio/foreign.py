"""Recordings of strangers, decoded in a child process that may nothing (see `assistant.host.sandbox`)."""

import io
import wave
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from assistant.audio.decode import Decoded, decode, joined, opened, scaled
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.blocking import NeverStop, StopFlag
from assistant.errors import AssistantError, Code
from assistant.host.sandbox import Failure, Limits, SandboxError, work_confined

MEMORY_BYTES = 1024 * 2**20
"""Address space of the child, most of which is what Python, NumPy and FFmpeg map and never touch."""

MIN_WITHIN_S = 30.0
MAX_REAL_TIME_FACTOR = 0.25
"""Time for decoding: of an ordinary recording the child takes 0.001 of its length, on a small board perhaps 0.01."""

PIECE = LISTENING_RATE * 8
"""Samples that are sent at a time, at most."""


class _Parameters(msgspec.Struct, frozen=True):
    name: str
    max_s: float


def read_recording(path: Path, *, max_s: float, stop: StopFlag | None = None) -> Decoded:
    """Decode the recording in `path`. Raises as `decode_confined` does."""
    with opened(path) as file:
        return decode_confined(file.fileno(), name=str(path), max_s=max_s, stop=stop)


def decode_confined(file: int, *, name: str, max_s: float, stop: StopFlag | None = None) -> Decoded:
    """Decode the recording in the open `file`, of at most `max_s` seconds. `name` stands for it in messages.

    Raises `AssistantError` as `decode` does, also where the recording takes its decoder down, and `sandbox.Stopped`
    once `stop` is set.
    """
    try:
        *pieces, last = work_confined(
            "assistant.audio.foreign",
            "decode_pieces",
            file,
            msgspec.json.encode(_Parameters(name, max_s)),
            limits=Limits(memory_bytes=MEMORY_BYTES, processor_s=round(MIN_WITHIN_S + MAX_REAL_TIME_FACTOR * max_s)),
            max_bytes=round((max_s + 1) * LISTENING_RATE) * np.float32().itemsize,
            within_s=MIN_WITHIN_S + MAX_REAL_TIME_FACTOR * max_s,
            stop=stop or NeverStop(),
        )
    except SandboxError as error:
        hint = "install the assistant again" if error.failure is Failure.CRASH else "convert it to WAV"
        raise AssistantError(Code.AUDIO_UNREADABLE, f"{name}: {error}; export it again, or {hint}") from error
    samples = [np.frombuffer(piece, np.float32) for piece in pieces]
    return scaled(samples, tuple(msgspec.json.decode(last, type=list[str])))


def decode_pieces(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Decode in the child: yield samples as bytes, and return the warnings as JSON."""
    wanted = msgspec.json.decode(parameters, type=_Parameters)
    pieces = decode(file, name=wanted.name, max_s=wanted.max_s)
    while True:
        try:
            found = next(pieces)
        except StopIteration as end:
            return msgspec.json.encode(end.value)
        for part in _parts(found):
            yield part.tobytes()


def prepare() -> None:
    """Decode a recording of our own, so that everything is loaded."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(44_100)
        out.writeframes(np.arange(44_100, dtype=np.int16).tobytes())
    file.seek(0)
    joined(decode(file, name="", max_s=1.0))


def _parts(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), PIECE):
        yield samples[start : start + PIECE]
