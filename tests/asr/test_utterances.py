"""A recording is cut into utterances at its pauses, and nothing that is said is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.asr.utterances import cut_utterances
from assistant.audio.decode import read_audio
from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples
from assistant.bench.clips import Clip
from assistant.vad.silero import Silero


def audio_of(clip: Clip) -> Samples:
    return read_audio(clip.path, max_s=60)


def test_a_question_is_one_piece_with_a_margin_around_its_speech(clips: dict[str, Clip]) -> None:
    clip = clips["q_grapefruit_in_french"]
    assert clip.speech_end_s is not None
    assert clip.speech_start_s is not None
    (piece,) = cut_utterances(audio_of(clip), Silero())
    assert clip.speech_end_s - clip.speech_start_s < len(piece) / LISTENING_RATE < 2.8


def test_questions_with_silence_between_them_are_pieces_of_their_own(clips: dict[str, Clip]) -> None:
    silence = np.zeros(LISTENING_RATE, np.float32)
    names = ["q_what_time_is_it_r3", "q_grapefruit_in_french", "cmd_stop"]
    audio = np.concatenate([part for name in names for part in (audio_of(clips[name]), silence)])
    assert len(list(cut_utterances(audio, Silero()))) == 3


def test_speech_up_to_the_last_sample_is_kept(clips: dict[str, Clip]) -> None:
    clip = clips["wake_hey_jarvis_pmw3"]
    audio = audio_of(clip)
    (piece,) = cut_utterances(audio, Silero())
    assert np.array_equal(piece, audio[-len(piece) :])


def test_speech_without_a_pause_is_cut_to_what_the_recogniser_takes(clips: dict[str, Clip]) -> None:
    clip = clips["cmd_book_flight"]
    spoken = audio_of(clip)[int(0.6 * LISTENING_RATE) : int(6.4 * LISTENING_RATE)]
    pieces = list(cut_utterances(np.tile(spoken, 7), Silero()))
    assert max(len(piece) for piece in pieces) <= 30 * LISTENING_RATE
    assert sum(len(piece) for piece in pieces) > 0.9 * 7 * len(spoken)


def test_a_silent_room_has_no_pieces(clips: dict[str, Clip]) -> None:
    assert list(cut_utterances(audio_of(clips["noise_silence_room"]), Silero())) == []


class Scripted:
    """Voice activity that hears a voice all the time, less of it in the blocks named."""

    def __init__(self, *faint: int) -> None:
        self._faint = faint
        self._block = -1

    def probability(self, block: Samples) -> float:
        self._block += 1
        return 0.6 if self._block in self._faint else 0.9

    def reset(self) -> None:
        self._block = -1

    def close(self) -> None:
        pass


def test_speech_without_a_pause_is_cut_where_it_is_faintest_and_nothing_is_lost_or_doubled() -> None:
    audio = np.arange(90 * LISTENING_RATE, dtype=np.float32)  # every sample is another
    pieces = list(cut_utterances(audio, Scripted(800, 801, 802)))
    np.testing.assert_array_equal(np.concatenate(pieces), audio)
    assert all(len(piece) <= 30 * LISTENING_RATE for piece in pieces)
    assert len(pieces[0]) == pytest.approx(801 * BLOCK, abs=2 * BLOCK)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.integers(1, 50))
@settings(deadline=None, max_examples=50)
def test_however_a_voice_comes_and_goes_no_sample_is_handed_out_twice(scores: list[float], each: int) -> None:
    class Given(Scripted):
        def probability(self, block: Samples) -> float:
            self._block += 1
            return scores[self._block // each % len(scores)]

    audio = np.arange(1, 60 * LISTENING_RATE + 1, dtype=np.float32)
    positions = [piece for piece in cut_utterances(audio, Given()) if len(piece)]
    ends = 0.0
    for piece in positions:
        assert piece[0] > ends
        np.testing.assert_array_equal(np.diff(piece), 1)
        ends = piece[-1]
