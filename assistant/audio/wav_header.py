"""Headers of WAV files that FFmpeg takes for something else.

It reads 24 valid bits in a container of 32 as floating point (its format f24), and RIFX, the big-endian twin of RIFF,
as if it were little-endian: both give noise, without an error. Such files get the header that they mean.
"""

import io
import struct
from typing import Any, BinaryIO

import numpy as np

EXTENSIBLE = 0xFFFE
PCM = 1

HEAD_BYTES = 4096
"""Bytes at the beginning of a file in which its format stands."""

MAX_SWAPPED = 512 * 2**20
"""Bytes of the largest big-endian file that is turned around, in memory."""


def mended(file: BinaryIO) -> BinaryIO:
    """Return `file`, or what it means if it is one of those."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if head[:4] == b"RIFX" and head[8:12] == b"WAVE":
        return io.BytesIO(_little_endian(file.read(MAX_SWAPPED)))
    position = _valid_bits(head)
    if position is None:
        return file
    return io.BufferedReader(_Patched(file, position, head[position - 4 : position - 2]))


def _valid_bits(head: bytes) -> int | None:
    """Return the position of the number of valid bits if it is less than that of all bits, in a file of integers."""
    start = head.find(b"fmt ", 12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or start < 0 or len(head) < start + 36:
        return None
    (kind,) = struct.unpack_from("<H", head, start + 8)
    bits, _, valid = struct.unpack_from("<HHH", head, start + 22)
    (subformat,) = struct.unpack_from("<H", head, start + 32)
    lies = kind == EXTENSIBLE and subformat == PCM and 0 < valid < bits
    return start + 26 if lies else None


def _little_endian(data: bytes) -> bytes:
    """Turn a RIFX file into a RIFF file; a chunk that is cut off ends it."""
    out = bytearray(b"RIFF" + struct.pack("<I", max(0, len(data) - 8)) + b"WAVE")
    position, width = 12, 2
    while position + 8 <= len(data):
        name = data[position : position + 4]
        (size,) = struct.unpack_from(">I", data, position + 4)
        body = data[position + 8 : position + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            fields = struct.unpack_from(">HHIIHH", body)
            width = max(1, fields[5] // 8)
            body = struct.pack("<HHIIHH", *fields) + body[16:]
        elif name == b"data":
            body = _swapped(body, width)
        out += name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
        position += 8 + size + size % 2
    return bytes(out)


def _swapped(data: bytes, width: int) -> bytes:
    whole = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
    return whole[:, ::-1].tobytes()


class _Patched(io.RawIOBase):
    """A file in which a few bytes read differently."""

    def __init__(self, file: BinaryIO, position: int, patch: bytes) -> None:
        self._file, self._position, self._patch = file, position, patch

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        start = self._file.tell()
        into = memoryview(buffer).cast("B")
        data = self._file.read(len(into))
        into[: len(data)] = data
        for place, value in enumerate(self._patch, self._position):
            if start <= place < start + len(data):
                into[place - start] = value
        return len(data)
