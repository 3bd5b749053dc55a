"""Of several channels and tracks, those are taken that somebody speaks on."""

import io

import av
import numpy as np
import pytest

from assistant.audio.channels import MIN_SPOKEN_RANGE_DB, ChannelLevels, mixed, spoken_channels
from assistant.audio.decode import Decoded, decode, joined, read_audio
from assistant.audio.pcm import Samples
from assistant.bench.clips import Clip
from tests.audio.files import pack, wav

RATE = 16_000


@pytest.fixture
def speech(clips: dict[str, Clip]) -> Samples:
    return read_audio(clips["q_grapefruit_in_french"].path, max_s=60)


@pytest.fixture
def music(clips: dict[str, Clip], speech: Samples) -> Samples:
    return np.resize(read_audio(clips["noise_music_jazz"].path, max_s=60), len(speech))


def levels(*channels: Samples) -> ChannelLevels:
    found = ChannelLevels()
    together = np.stack(channels)
    for start in range(0, together.shape[1], 1000):
        found.take(together[:, start : start + 1000], RATE)
    return found


def chosen(*channels: Samples) -> tuple[int, ...]:
    found = levels(*channels)
    return spoken_channels(found.ranges, found.correlation)


def test_speech_is_told_from_music_and_noise(clips: dict[str, Clip]) -> None:
    for clip in clips.values():
        (found,) = levels(read_audio(clip.path, max_s=60)).ranges
        if clip.kind != "noise":
            assert found >= MIN_SPOKEN_RANGE_DB, clip.name
        elif clip.name != "noise_dog_bark":
            assert found < MIN_SPOKEN_RANGE_DB, clip.name


def test_the_same_on_both_is_averaged(speech: Samples) -> None:
    assert chosen(speech, speech) == (0, 1)


def test_of_opposite_phases_one_is_taken(speech: Samples) -> None:
    assert len(chosen(speech, -speech)) == 1


def test_a_side_each_of_a_call_is_both(speech: Samples, clips: dict[str, Clip]) -> None:
    other = read_audio(clips["q_megabytes_in_a_bit"].path, max_s=60)
    silence = np.zeros_like
    assert chosen(np.append(speech, silence(other)), np.append(silence(speech), other)) == (0, 1)


@pytest.mark.parametrize("place", [0, 1])
def test_speech_beside_silence_music_or_hum_is_taken_alone(speech: Samples, music: Samples, place: int) -> None:
    hum = (0.3 * np.sin(2 * np.pi * 50 * np.arange(len(speech)) / RATE)).astype(np.float32)
    for other in (np.zeros_like(speech), music, hum):
        assert chosen(*([speech, other] if place == 0 else [other, speech])) == (place,)


def test_of_six_one_that_speech_is_on(speech: Samples, music: Samples) -> None:
    silence = np.zeros_like(speech)
    assert chosen(music, silence, speech, music, silence, music) == (2,)
    assert chosen(speech, speech, speech, speech, speech, music) == (0,)


def test_without_speech_nothing_is_lost(music: Samples) -> None:
    assert chosen(music, np.roll(music, 777)) == (0, 1)


def test_more_channels_than_were_chosen_from_are_averaged() -> None:
    np.testing.assert_array_equal(mixed(np.array([[1.0], [3.0]], np.float32), (5,)), [2.0])


def decoded(content: bytes) -> Decoded:
    return joined(decode(io.BytesIO(content), name="a", max_s=60))


def test_a_stereo_file_of_opposite_phases_is_heard(speech: Samples) -> None:
    frames = np.stack([speech, -speech], axis=1).reshape(-1).astype(np.float64)
    found = decoded(wav(pack(frames, 16), channels=2))
    np.testing.assert_allclose(found.samples, speech, atol=1e-4)


def test_of_several_tracks_the_spoken_one_is_taken_and_told(speech: Samples, music: Samples) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        streams = [out.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(3)]
        for stream, samples in zip(streams, (np.zeros_like(speech), music, speech), strict=True):
            assert isinstance(stream, av.AudioStream)
            frame = av.AudioFrame.from_ndarray((samples * 32_767).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate = RATE
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    found = decoded(file.getvalue())
    np.testing.assert_allclose(found.samples[: len(speech)], speech, atol=1e-3)
    assert found.warnings == ("it has 3 tracks; the one that is most like speech, 3, is taken",)
