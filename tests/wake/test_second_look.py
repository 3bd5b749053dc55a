"""The second look at wake words, with the real models."""

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, to_int16
from assistant.bench.clips import Clip
from assistant.wake import second_look
from assistant.wake.microwakeword import SECOND_LOOKS, packaged_words
from assistant.wake.openwakeword import EMBEDDINGS, WINDOW, SpeechEmbedding
from assistant.wake.second_look import SecondLook
from assistant.wake.words import WakeWords
from tests.wake.test_words import ALL, SAID, listen, recording


def test_a_window_at_once_gives_what_the_library_computes_step_by_step(clips: dict[str, Clip]) -> None:
    from pyopen_wakeword import OpenWakeWordFeatures

    audio = np.resize(read_audio(clips["dict_jfk"].path, max_s=60), 40 * 1280)
    streamed = [each.reshape(-1) for each in OpenWakeWordFeatures.from_builtin().process_streaming(_bytes(audio))]
    at_once = SpeechEmbedding()(audio[:-1568])  # the library waits for a chunk and for eight frames to be full
    assert at_once.shape == (EMBEDDINGS, 96)
    assert np.abs(np.stack(streamed[-EMBEDDINGS:]) - at_once).max() < 1e-3


def _bytes(audio: np.ndarray) -> bytes:
    return to_int16(audio).tobytes()


def test_less_than_a_window_has_silence_before_it(clips: dict[str, Clip]) -> None:
    audio = read_audio(clips["cmd_stop"].path, max_s=60)
    assert len(audio) < WINDOW
    padded = np.concatenate([np.zeros(WINDOW - len(audio), np.float32), audio])
    assert np.array_equal(SpeechEmbedding()(audio), SpeechEmbedding()(padded))


def test_every_packaged_word_has_one() -> None:
    assert set(second_look.WORDS) == set(SECOND_LOOKS) == set(packaged_words())


@pytest.mark.parametrize("name", ["wake_alexa_pmw2", "wake_hey_mycroft_pmw3", "wake_hey_jarvis_pmw3"])
def test_a_word_scores_high_where_it_ends_and_the_others_do_not(clips: dict[str, Clip], name: str) -> None:
    clip = clips[name]
    assert clip.speech_end_s is not None
    audio = read_audio(clip.path, max_s=60)[: round((clip.speech_end_s + 0.1) * LISTENING_RATE)]
    scores = SecondLook().scores(audio)
    assert scores.pop(SAID[name]) > 0.8
    assert max(scores.values()) < 0.1


@pytest.mark.parametrize(("score", "woken"), [(0.0, []), (1.0, ["hey_jarvis"])])
def test_it_decides(clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch, score: float, woken: list[str]) -> None:
    monkeypatch.setattr(SecondLook, "scores", lambda self, audio: dict.fromkeys(second_look.WORDS, score))
    wakes = listen(WakeWords(ALL), recording(clips["wake_hey_jarvis_pmw3"]))
    assert [wake.word for wake in wakes] == woken
    assert all(wake.second_look == 1.0 for wake in wakes)


def test_nobody_looks_while_nobody_says_anything_like_a_word(
    clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SecondLook, "scores", lambda self, audio: pytest.fail("looked"))
    for name in ("cmd_set_timer", "q_what_time_is_it_r3", "noise_office_ambience"):
        assert listen(WakeWords(ALL), recording(clips[name])) == []
