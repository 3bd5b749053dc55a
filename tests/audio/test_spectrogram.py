"""The spectrogram is Whisper's own."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.spectrogram import HOP, log_mel
from assistant.bench.clips import Clip


def as_whisper_computes_it(audio: Samples, bands: int) -> Samples:
    features: Samples = FeatureExtractor(feature_size=bands)(audio, padding=0)
    return features


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("name", ["q_grapefruit_in_french", "q_weather_today_zh_az", "noise_music_jazz"])
def test_speech_and_music_have_the_spectrogram_that_whisper_was_trained_on(
    clips: dict[str, Clip], name: str, bands: int
) -> None:
    audio = read_audio(clips[name].path, max_s=60)
    audio = audio[: len(audio) // HOP * HOP]
    np.testing.assert_allclose(log_mel(audio, bands), as_whisper_computes_it(audio, bands), atol=2e-4)


def test_ten_milliseconds_are_a_frame() -> None:
    spectrogram = log_mel(np.zeros(LISTENING_RATE, np.float32), 80)
    assert spectrogram.shape == (80, 100)
    assert spectrogram.dtype == np.float32


def test_a_tone_is_loudest_in_its_own_band() -> None:
    """80 bands share 45.2 mel; 1 kHz is 15 mel, closest to the centre of the 27th."""
    tone = np.sin(np.arange(LISTENING_RATE) * 2 * np.pi * 1000 / LISTENING_RATE).astype(np.float32)
    assert set(log_mel(tone, 80)[:, 2:-2].argmax(axis=0)) == {26}
