"""A recording is cut into utterances at its pauses, and nothing that is said is lost."""

import numpy as np

from assistant.asr.utterances import cut_utterances
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
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
