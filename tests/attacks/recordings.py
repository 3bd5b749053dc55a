"""Recordings that are bombs, or lie about what they are."""

import io
import os
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.attacks.arena import Arena
from tests.attacks.attack import attack
from tests.attacks.descriptors import recognised
from tests.programs import recording

SPEECH = Path(recording("q_what_time_is_it_r3"))

Make = Callable[[], bytes]


def file_of(data: bytes) -> int:
    """A file without a name that holds `data`, as a descriptor at its beginning."""
    memory = os.memfd_create("recording")
    with os.fdopen(os.dup(memory), "wb") as file:
        file.write(data)
    os.lseek(memory, 0, os.SEEK_SET)
    return memory


def media(name: str) -> Callable[[Make], Make]:
    """Add an attack that sends what the decorated function makes."""

    def add(make: Make) -> Make:
        attack(name)(lambda arena: recognised(arena, file_of(make())))
        return make

    return add


def encoded(container: str, codec: str, rate: int, samples: np.ndarray) -> bytes:
    """Encode 16 bit `samples`, shape (channels, samples)."""
    written = io.BytesIO()
    with av.open(written, "w", format=container) as out:
        layout = {1: "mono", 2: "stereo"}[len(samples)]
        stream = out.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        step = 2**16
        for start in range(0, samples.shape[1], step):
            piece = np.ascontiguousarray(samples[:, start : start + step])
            frame = av.AudioFrame.from_ndarray(piece, format="s16p", layout=layout)
            frame.sample_rate = rate
            out.mux(stream.encode(frame))
        if container == "flac":  # the others refuse the last, empty packet of FLAC
            out.mux(stream.encode(None))
    return written.getvalue()


@media("an hour of silence in a few kilobytes of FLAC")
def flac_bomb() -> bytes:
    return encoded("flac", "flac", 8000, np.zeros((1, 8000 * 3600), np.int16))


@media("ten minutes of silence at 655,350 Hz in Matroska")
def matroska_bomb() -> bytes:
    return encoded("matroska", "flac", 655_350, np.zeros((2, 655_350 * 60), np.int16))


@media("a WAV file that claims 4 GB")
def long_header() -> bytes:
    data = bytearray(SPEECH.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    return bytes(data)


@media("a WAV file at 4 GHz")
def fast_header() -> bytes:
    data = bytearray(SPEECH.read_bytes())
    data[24:28] = b"\xff\xff\xff\xff"
    return bytes(data)


@media("a WAV file with 65,535 channels")
def many_channels() -> bytes:
    data = bytearray(SPEECH.read_bytes())
    data[22:24] = b"\xff\xff"
    return bytes(data)


@media("a WAV file of values that are not numbers")
def not_numbers() -> bytes:
    values = np.full(16_000, np.nan, np.float32).tobytes()
    form = struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(values)) + values
    return b"RIFF" + struct.pack("<I", len(body)) + body


@media("a WAV file of full-scale noise")
def loud() -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(np.random.default_rng(0).choice([-32768, 32767], 160_000).astype("<i2").tobytes())
    return written.getvalue()


@media("a playlist that names /etc/passwd")
def playlist() -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


@media("a list of files for FFmpeg's concat")
def concat() -> bytes:
    return b"ffconcat version 1.0\nfile /etc/passwd\nfile http://127.0.0.1/x\n"


@media("an MP3 behind 16 MB of tags")
def tags() -> bytes:
    size = 2**24
    packed = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + packed + bytes(size)


@media("10 MB of random bytes")
def noise() -> bytes:
    return os.urandom(10 * 2**20)


@media("a program")
def program() -> bytes:
    return Path("/proc/self/exe").read_bytes()[: 2**22]


@attack("fifty damaged copies of a recording")
def damaged(arena: Arena) -> str:
    whole = encoded("flac", "flac", 16_000, np.frombuffer(SPEECH.read_bytes()[44:], "<i2")[None])
    random = np.random.default_rng(0)
    codes: dict[str, int] = {}
    for _ in range(50):
        copy = np.frombuffer(whole, np.uint8).copy()
        copy[random.integers(0, len(copy), 20)] = random.integers(0, 256, 20)
        code = recognised(arena, file_of(copy.tobytes()))
        codes[code] = codes.get(code, 0) + 1
    return ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))


@attack("eight recordings at once, given up at once")
def given_up_at_once(arena: Arena) -> str:
    bomb = flac_bomb()
    for number in range(8):
        file = file_of(bomb)
        with arena.line() as line:
            line.begin("transcribe", id=number, files=[file])
        os.close(file)
    return "given up"
