"""Recordings that come over the socket, from a file descriptor or in chunks, and are never written to disk."""

import os
import stat
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial

import anyio
import anyio.to_thread
import numpy as np

from assistant import blocking
from assistant.audio.decode import Decoded
from assistant.audio.foreign import decode_confined
from assistant.audio.pcm import LISTENING_RATE, Samples, from_int16
from assistant.audio.resample import Resampler
from assistant.blocking import StopFlag
from assistant.errors import AssistantError, Code
from assistant.flow import Flow

MAX_S = 600.0
"""Seconds of a recording; `assistant transcribe` takes longer ones without keeping the daemon busy."""

MAX_BYTES = 64 * 2**20
"""Bytes of a recording, encoded or not."""

MAX_ALL_BYTES = 128 * 2**20
"""Bytes of all recordings that come in chunks, together."""

READ_S = MAX_S + 60.0
"""Seconds in which a file descriptor has to come to its end; it may be somebody who speaks."""

BEATEN_S = 0.01
"""Until a pipe is looked at again whose bytes another process has taken."""

READ_BYTES = 65_536
"""Bytes that are read from a file descriptor at a time."""

PIECE = LISTENING_RATE // 2
"""Samples that are handed on at a time: half a second, so that partial transcripts come in time."""


class Allowance:
    """Bytes that the recordings of all clients may have taken at a time."""

    def __init__(self) -> None:
        self.left = MAX_ALL_BYTES


class Recording:
    """The bytes of one recording on their way from the client."""

    def __init__(self, allowance: Allowance) -> None:
        self._flow: Flow[bytes] = Flow()
        self._allowance = allowance
        self._size = 0

    def close(self) -> None:
        """Give back what it has taken of the allowance."""
        self._allowance.left += self._size
        self._size = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes.

        Raises `AssistantError` (`audio.too_long`, `ipc.invalid_params` after the last, `ipc.busy`).
        """
        if self._flow.ended:
            raise AssistantError(Code.IPC_INVALID_PARAMS, "the last chunk of this recording has come already")
        if self._size + len(data) > MAX_BYTES:
            raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording has at most {MAX_BYTES // 2**20} MiB")
        if len(data) > self._allowance.left:
            raise AssistantError(Code.IPC_BUSY, f"{MAX_ALL_BYTES // 2**20} MiB of recordings wait; try again later")
        self._allowance.left -= len(data)
        self._size += len(data)
        self._flow.put(data)

    def end(self) -> None:
        """Have `chunks` end."""
        self._flow.end()

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what has come, in order, until the end."""
        return self._flow.items()


async def from_descriptor(take: Callable[[], int]) -> AsyncGenerator[bytes, None]:
    """Yield what can be read from the file that `take` hands over, which is closed at the end.

    It is taken when the first bytes are asked for, which may never be. Raises `AssistantError` (`audio.*`).

    Others may read from the same pipe, so that there is nothing to read when it was said that there is: a read never
    waits on the event loop, and all of them together have `READ_S`.
    """
    size = 0
    file = take()
    try:
        read = _reader(file)
        ends_at = anyio.current_time() + READ_S
        while True:
            with anyio.fail_after(ends_at - anyio.current_time()):
                data = await read()
            if not data:
                return
            size += len(data)
            if size > MAX_BYTES:
                raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording has at most {MAX_BYTES // 2**20} MiB")
            yield data
    except TimeoutError as error:
        raise AssistantError(
            Code.AUDIO_TOO_LONG,
            f"the file descriptor had not come to its end after {READ_S:.0f} s; close the other one",
        ) from error
    except OSError as error:
        raise AssistantError(Code.AUDIO_UNREADABLE, f"the file descriptor cannot be read: {error.strerror}") from error
    finally:
        os.close(file)


def _reader(file: int) -> Callable[[], Awaitable[bytes]]:
    """Return what reads the next bytes of `file`. Raises `AssistantError` for what is no file, pipe or socket."""
    mode = os.fstat(file).st_mode
    if stat.S_ISREG(mode):
        return partial(anyio.to_thread.run_sync, os.read, file, READ_BYTES, abandon_on_cancel=True)
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return partial(_read_when_ready, file)
    raise AssistantError(Code.AUDIO_UNREADABLE, "the file descriptor is no file, pipe or socket; pass one of these")


async def _read_when_ready(file: int) -> bytes:
    buffer = bytearray(READ_BYTES)
    while True:
        await anyio.wait_readable(file)
        try:
            return bytes(buffer[: os.preadv(file, [buffer], -1, os.RWF_NOWAIT)])
        except BlockingIOError:
            await anyio.sleep(BEATEN_S)  # somebody else was faster


async def decoded(chunks: AsyncGenerator[bytes, None], warnings: list[str]) -> AsyncGenerator[Samples, None]:
    """Yield the audio of an encoded file, once all of it has come, and add what is wrong with it to `warnings`.

    Cancelling kills the process that decodes it. Raises `AssistantError` (`audio.*`).
    """
    memory = os.memfd_create("recording", os.MFD_CLOEXEC)
    try:
        async for data in chunks:
            os.write(memory, data)
        found = await blocking.call(partial(_decode, memory), name="decoding")
    finally:
        os.close(memory)
    warnings += found.warnings
    for start in range(0, len(found.samples), PIECE):
        yield found.samples[start : start + PIECE]


def _decode(memory: int, stop: StopFlag) -> Decoded:
    return decode_confined(memory, name="the recording", max_s=MAX_S, stop=stop)


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
