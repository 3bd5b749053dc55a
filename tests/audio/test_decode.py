import http.server
import io
import os
import re
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio.decode import Decoded, decode, joined, read_audio
from assistant.audio.pcm import Samples
from assistant.bench.clips import Clip
from assistant.errors import AssistantError, Code
from tests.audio.files import FLOAT, PCM, Form, check_readable_or_refused, encode, pack, wav

VALUES = np.array([-1.0, -0.5, 0.0, 0.25, 0.9921875])


def read(path: Path, content: bytes, max_s: float = 60.0) -> Samples:
    path.write_bytes(content)
    return read_audio(path, max_s=max_s)


def refusal(path: Path, max_s: float = 60.0) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        read_audio(path, max_s=max_s)
    assert caught.value.message.startswith(f"{path}: ")
    assert "\n" not in caught.value.message
    return caught.value


def tone(rate: int, seconds: float = 2.0, frequency: float = 1000.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def assert_is_the_tone(samples: Samples, seconds: float = 2.0) -> None:
    """Half of full scale, 1000 Hz, at 16 kHz, and of the right length."""
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(seconds * 16_000, abs=1200)
    middle = samples[4000:12_000]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=0.1)
    assert np.abs(np.fft.rfft(middle)).argmax() == 500


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("bits", "kind"), [(8, PCM), (16, PCM), (24, PCM), (32, PCM), (32, FLOAT), (64, FLOAT)])
def test_every_kind_of_wav_sample_keeps_its_value(tmp_path: Path, bits: int, kind: int, extensible: bool) -> None:
    content = wav(pack(VALUES, bits, kind), bits=bits, kind=kind, extensible=extensible)
    np.testing.assert_array_equal(read(tmp_path / "a.wav", content), VALUES.astype(np.float32))


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_every_rate_becomes_16_khz(tmp_path: Path, rate: int) -> None:
    samples = read(tmp_path / "a.wav", wav(pack(tone(rate).astype(np.float64), 16), rate=rate))
    assert_is_the_tone(samples)
    assert len(samples) == 32_000


@pytest.mark.parametrize("stated", [0, 0xFFFFFFFF, 0x7FFFF000, 1_000_000])
def test_a_wav_file_whose_header_states_a_wrong_length_is_read_to_its_end(tmp_path: Path, stated: int) -> None:
    content = wav(pack(tone(16_000).astype(np.float64), 16), stated=stated)
    assert len(read(tmp_path / "a.wav", content)) == 32_000


def test_a_wav_file_cut_within_a_sample_loses_that_sample_only(tmp_path: Path) -> None:
    content = wav(pack(VALUES, 16))
    np.testing.assert_array_equal(read(tmp_path / "a.wav", content[:-1]), VALUES[:-1].astype(np.float32))


def test_a_wav_file_without_samples_is_an_empty_recording(tmp_path: Path) -> None:
    assert len(read(tmp_path / "a.wav", wav(b""))) == 0


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("form", ["mp3", "flac", "ogg", "ipod", "mp4", "webm", "aiff"])
def test_other_formats_are_read_whatever_the_file_is_called(tmp_path: Path, form: Form, channels: int) -> None:
    assert_is_the_tone(read(tmp_path / "recording", encode(tone(48_000), form, channels=channels)))


def test_recorded_speech_is_the_same_from_flac_as_from_wav(clips: dict[str, Clip], tmp_path: Path) -> None:
    original = read_audio(clips["cmd_stop"].path, max_s=60)
    packed = read(tmp_path / "a.flac", encode(original, "flac", rate=16_000))
    np.testing.assert_allclose(packed, original, atol=1 / 32_768)


def decoded(content: bytes, max_s: float = 60.0) -> Decoded:
    return joined(decode(io.BytesIO(content), name="a", max_s=max_s))


@pytest.mark.parametrize(("form", "index_first"), [("flac", False), ("mp4", True), ("aiff", False), ("ogg", False)])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.97])
def test_of_a_file_that_was_cut_short_what_is_there_is_read(form: Form, index_first: bool, share: float) -> None:
    content = encode(tone(48_000, 8), form, index_first=index_first)
    found = decoded(content[: round(len(content) * share)])
    seconds = len(found.samples) / 16_000
    assert share * 8 - 1.0 < seconds < 8
    if form != "ogg":  # whose length stands at its end
        (warning,) = found.warnings
        lost = float(re.findall(r"([\d.]+) s of 8.0 s could not be read", warning)[0])
        assert lost == pytest.approx(8 - seconds, abs=0.1)


@pytest.mark.parametrize("form", ["flac", "mp4", "aiff"])
def test_a_file_of_which_hardly_anything_is_left_is_refused(form: Form) -> None:
    content = encode(tone(48_000, 30), form, index_first=True)
    with pytest.raises(AssistantError) as caught:
        decoded(content[: round(len(content) * 0.06)])
    assert caught.value.code is Code.AUDIO_UNREADABLE


def test_without_its_index_a_file_cannot_be_read(tmp_path: Path) -> None:
    content = encode(tone(48_000, 8), "ipod")
    path = tmp_path / "half"
    path.write_bytes(content[: len(content) // 2])
    assert refusal(path).code == Code.AUDIO_UNREADABLE


@pytest.mark.parametrize("form", ["mp3", "webm"])
def test_of_a_stream_that_was_cut_short_what_is_there_is_used(tmp_path: Path, form: Form) -> None:
    content = encode(tone(48_000, 8), form)
    samples = read(tmp_path / "half", content[: len(content) // 2])
    assert len(samples) == pytest.approx(4 * 16_000, rel=0.1)


@pytest.mark.parametrize("form", ["ipod", "mp3", "flac", "ogg"])
def test_a_damaged_place_costs_no_more_than_what_is_around_it(form: Form) -> None:
    content = bytearray(encode(tone(48_000, 4), form))
    middle = len(content) // 2
    content[middle : middle + 60] = bytes(60)
    found = decoded(bytes(content))
    assert len(found.samples) > 3 * 16_000


def test_a_packet_that_claims_more_than_all_memory_costs_what_follows_it_and_no_more() -> None:
    content = bytearray(encode(tone(48_000, 4), "ipod"))
    sizes = content.index(b"stsz") + 16  # of all packets, four bytes each
    content[sizes + 4 * 100] = 0x33  # 800 MB
    (warning,) = (found := decoded(bytes(content))).warnings
    assert len(found.samples) == pytest.approx(100 * 1024 / 48_000 * 16_000, abs=1200)
    assert "of 4.0 s could not be read" in warning


def test_recordings_one_after_another_in_a_file_are_read_as_one() -> None:
    found = decoded(encode(tone(48_000), "mp3") + encode(tone(44_100), "mp3", rate=44_100))
    assert len(found.samples) == pytest.approx(4 * 16_000, abs=3000)
    assert_is_the_tone(found.samples[: 2 * 16_000])
    assert_is_the_tone(found.samples[-2 * 16_000 :])


def test_what_follows_a_recording_is_left_out() -> None:
    content = encode(tone(48_000), "mp3") + b"TAG" + os.urandom(3000)
    assert len(decoded(content).samples) == pytest.approx(2 * 16_000, abs=4000)


def test_a_whole_recording_has_no_warning() -> None:
    forms: tuple[Form, ...] = ("mp3", "flac", "ogg", "ipod", "mp4", "webm", "aiff")
    assert {form: decoded(encode(tone(48_000), form)).warnings for form in forms} == dict.fromkeys(forms, ())


WHOLE = encode((0.3 * np.sin(np.arange(16_000) / 5)).astype(np.float32), "flac", rate=16_000)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_damage_is_a_shorter_recording_or_an_error(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    check_readable_or_refused(bytes(content))


@pytest.mark.parametrize("content", [b"", b"RIFF", wav(b"")[:30], b"just words\n" * 100, bytes(5000), b"\xff" * 5000])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert refusal(path).code == Code.AUDIO_UNREADABLE


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    error = refusal(path)
    assert error.code == Code.AUDIO_UNREADABLE
    assert "no sound in it" in error.message


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.wav", tmp_path, tmp_path / "pipe"):
        assert refusal(path).code == Code.AUDIO_UNREADABLE


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_a_number_is_silence_and_told(wrong: float) -> None:
    values = np.concatenate([tone(16_000), [wrong] * 1600]).astype(np.float64)
    found = decoded(wav(pack(values, 32, FLOAT), bits=32, kind=FLOAT))
    assert np.isfinite(found.samples).all()
    assert found.warnings == ("it is damaged or cut short: 0.1 s of 2.1 s could not be read",)


def test_a_recording_without_any_number_is_refused() -> None:
    with pytest.raises(AssistantError, match="can be read"):
        decoded(wav(pack(np.full(16_000, np.nan), 32, FLOAT), bits=32, kind=FLOAT))


def test_float_samples_beyond_full_scale_are_scaled_down_together(tmp_path: Path) -> None:
    content = wav(pack(VALUES * 32_768, 32, FLOAT), bits=32, kind=FLOAT)
    np.testing.assert_allclose(read(tmp_path / "a.wav", content), VALUES, atol=1e-6)


def test_hours_of_audio_are_refused_by_their_header(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    seconds = 5 * 3600
    path.write_bytes(wav(b"", stated=seconds * 32_000))
    os.truncate(path, seconds * 32_000)  # a sparse file: the header has to be enough
    error = refusal(path, max_s=3600)
    assert error.code == Code.AUDIO_TOO_LONG
    assert "5 h 00 min of audio; at most 60 min" in error.message


@pytest.mark.parametrize("form", ["mp3", "webm"])
def test_a_file_that_does_not_state_its_length_is_decoded_up_to_the_limit(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "a"
    path.write_bytes(encode(tone(48_000, 5), form))
    error = refusal(path, max_s=2.5)
    assert error.code == Code.AUDIO_TOO_LONG
    assert "more than 2.5 s of audio" in error.message


def test_a_recording_as_long_as_the_limit_is_taken(tmp_path: Path) -> None:
    assert len(read(tmp_path / "a.wav", wav(bytes(64_000)), max_s=2.0)) == 32_000


def test_a_playlist_fetches_nothing(tmp_path: Path) -> None:
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        segment = f"http://127.0.0.1:{server.server_port}/segment.ts"
        path = tmp_path / "a.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{segment}\n#EXT-X-ENDLIST\n")
        assert refusal(path).code == Code.AUDIO_UNREADABLE
        server.shutdown()
    assert asked == []
