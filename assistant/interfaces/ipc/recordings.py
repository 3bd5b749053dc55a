"""Recordings that come over the socket, from a file descriptor or in chunks, and are never written to disk."""

import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np

from assistant import blocking
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples, from_int16
from assistant.audio.resample import Resampler
from assistant.errors import AssistantError, Code
from assistant.flow import Flow

MAX_S = 600.0
"""Seconds of a recording; `assistant transcribe` takes longer ones without keeping the daemon busy."""

MAX_BYTES = 64 * 2**20
"""Bytes of a recording, encoded or not."""

READ_BYTES = 65_536
"""Bytes that are read from a file descriptor at a time."""

PIECE = LISTENING_RATE // 2
"""Samples that are handed on at a time: half a second, so that partial transcripts come in time."""


class Recording:
    """The bytes of one recording on their way from the client."""

    def __init__(self) -> None:
        self._flow: Flow[bytes] = Flow()
        self._size = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes. Raises `AssistantError` (`audio.too_long`, `ipc.invalid_params` after the last)."""
        if self._flow.ended:
            raise AssistantError(Code.IPC_INVALID_PARAMS, "the last chunk of this recording has come already")
        if self._size + len(data) > MAX_BYTES:
            raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording has at most {MAX_BYTES // 2**20} MiB")
        self._size += len(data)
        self._flow.put(data)

    def end(self) -> None:
        """Have `chunks` end."""
        self._flow.end()

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what has come, in order, until the end."""
        return self._flow.items()


async def from_descriptor(file: int) -> AsyncGenerator[bytes, None]:
    """Yield what can be read from `file`, which is closed at the end. Raises `AssistantError` (`audio.*`)."""
    size = 0
    try:
        waits = not stat.S_ISREG(os.fstat(file).st_mode)
        while True:
            if waits:
                await anyio.wait_readable(file)
                data = os.read(file, READ_BYTES)
            else:
                data = await anyio.to_thread.run_sync(os.read, file, READ_BYTES)
            if not data:
                return
            size += len(data)
            if size > MAX_BYTES:
                raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording has at most {MAX_BYTES // 2**20} MiB")
            yield data
    except OSError as error:
        raise AssistantError(Code.AUDIO_UNREADABLE, f"the file descriptor cannot be read: {error.strerror}") from error
    finally:
        os.close(file)


async def decoded(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[Samples, None]:
    """Yield the audio of an encoded file, once all of it has come. Raises `AssistantError` (`audio.*`)."""
    memory = os.memfd_create("recording", os.MFD_CLOEXEC)
    try:
        async for data in chunks:
            os.write(memory, data)
        path = Path(f"/proc/self/fd/{memory}")
        audio = await blocking.call(lambda stop: read_audio(path, max_s=MAX_S), name="decoding")
    finally:
        os.close(memory)
    for start in range(0, len(audio), PIECE):
        yield audio[start : start + PIECE]


async def bare(chunks: AsyncGenerator[bytes, None], rate: int) -> AsyncGenerator[Samples, None]:
    """Yield the audio of 16 bit samples at `rate` Hz, as it comes. Raises `AssistantError` (`audio.too_long`)."""
    resampler = Resampler(rate, LISTENING_RATE)
    rest, seconds = b"", 0.0
    async for data in chunks:
        whole = rest + data
        even = len(whole) // 2 * 2
        rest = whole[even:]
        samples = from_int16(np.frombuffer(whole[:even], np.int16))
        seconds += len(samples) / rate
        if seconds > MAX_S:
            raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording lasts at most {MAX_S:.0f} s")
        yield resampler.push(samples)
    if rate != LISTENING_RATE:
        yield resampler.finish()
