"""WAV files that FFmpeg takes for something else are what they say."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio import wav_header
from assistant.audio.decode import decode, joined
from tests.audio.files import EXTENSIBLE, pack, wav

VALUES = np.array([-1.0, -0.5, 0.0, 0.25, 0.9921875])


def samples(content: bytes) -> np.ndarray:
    return joined(decode(io.BytesIO(content), name="a", max_s=60)).samples


@pytest.mark.parametrize(("bits", "valid"), [(32, 24), (32, 20), (24, 20), (16, 12)])
def test_fewer_valid_bits_than_bits_are_the_upper_ones(bits: int, valid: int) -> None:
    content = bytearray(wav(pack(VALUES, bits), bits=bits, extensible=True))
    struct.pack_into("<H", content, content.index(b"fmt ") + 26, valid)
    np.testing.assert_allclose(samples(bytes(content)), VALUES, atol=2.0**-11)


def big_endian(bits: int) -> bytes:
    data = pack(VALUES, bits)
    width = bits // 8
    swapped = b"".join(data[at : at + width][::-1] for at in range(0, len(data), width))
    form = struct.pack(">HHIIHH", 1, 1, 16_000, 16_000 * width, width, bits)
    body = b"WAVEfmt " + struct.pack(">I", 16) + form + b"data" + struct.pack(">I", len(swapped)) + swapped
    return b"RIFX" + struct.pack(">I", len(body)) + body


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_big_endian_samples_keep_their_value(bits: int) -> None:
    np.testing.assert_allclose(samples(big_endian(bits)), VALUES, atol=1e-6)


def test_other_files_are_as_they_are() -> None:
    for content in (wav(pack(VALUES, 16)), wav(pack(VALUES, 24), bits=24, extensible=True), b"", b"RIFF", b"OggS"):
        file = io.BytesIO(content)
        assert wav_header.mended(file) is file
        assert file.tell() == 0


@given(st.binary(max_size=80), st.sampled_from([b"RIFX", b"RIFF"]), st.integers(0, 2**32 - 1))
def test_any_header_is_read_or_left_alone(rest: bytes, magic: bytes, size: int) -> None:
    content = magic + struct.pack("<I", size) + b"WAVE" + b"fmt " + struct.pack("<IH", 40, EXTENSIBLE) + rest
    assert isinstance(wav_header.mended(io.BytesIO(content)).read(), bytes)
