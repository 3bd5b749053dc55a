"""Sound files made by hand, a format at a time."""

import io
import struct
import tempfile
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from assistant.audio.decode import decode, joined
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.errors import AssistantError, Code

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_SUBFORMAT_TAIL = bytes.fromhex("0000 00001000 8000 00aa00389b71".replace(" ", ""))


def wav(
    data: bytes,
    *,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    kind: int = PCM,
    stated: int | None = None,
    extensible: bool = False,
) -> bytes:
    """A WAV file around `data`, whose header states `stated` bytes of it."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", EXTENSIBLE if extensible else kind, channels, rate, rate * frame, frame, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, kind) + _SUBFORMAT_TAIL
    stated = len(data) if stated is None else stated
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", stated) + data
    return b"RIFF" + struct.pack("<I", min(len(body) - len(data) + stated, 0xFFFFFFFF)) + body


def pack(values: NDArray[np.float64], bits: int, kind: int = PCM) -> bytes:
    """`values` in [-1, 1) as the bytes of a WAV file."""
    if kind == FLOAT:
        return values.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return (values * 128 + 128).astype(np.uint8).tobytes()
    integers = (values * 2.0 ** (bits - 1)).astype("<i8")
    return b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in integers)


Form = Literal["mp3", "flac", "ogg", "ipod", "mp4", "webm", "aiff"]
_CODECS = {"mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "ipod": "aac", "mp4": "aac", "webm": "libopus"}


def encode(samples: Samples, form: Form, *, rate: int = 48_000, channels: int = 1, index_first: bool = False) -> bytes:
    """`samples` (at `rate`) in a compressed format, the same on every channel.

    `index_first` moves the index of an MP4 file to its front.
    """
    layout = "stereo" if channels == 2 else "mono"
    with tempfile.NamedTemporaryFile() as file:
        options = {"movflags": "faststart"} if index_first else {}
        with av.open(file.name, "w", format=form, options=options) as container:
            stream = container.add_stream(_CODECS.get(form, "pcm_s16be"), rate=rate)
            assert isinstance(stream, av.AudioStream)
            stream.layout = layout
            frame = av.AudioFrame.from_ndarray(np.repeat(samples, channels)[np.newaxis], format="flt", layout=layout)
            frame.sample_rate = rate
            converter = av.AudioResampler(format=stream.format, layout=layout, rate=rate)
            for converted in [*converter.resample(frame), *converter.resample(None), None]:
                for packet in stream.encode(converted):
                    container.mux(packet)
        return file.read()


def check_readable_or_refused(content: bytes, max_s: float = 60.0) -> None:
    """Check that of damaged `content` sound within bounds is read, or that it is refused as a recording."""
    try:
        found = joined(decode(io.BytesIO(content), name="a", max_s=max_s))
    except AssistantError as error:
        if error.code not in (Code.AUDIO_UNREADABLE, Code.AUDIO_TOO_LONG):
            raise
    else:
        assert np.isfinite(found.samples).all()
        assert np.abs(found.samples).max(initial=0.0) <= 1.0
        assert len(found.samples) <= max_s * LISTENING_RATE
