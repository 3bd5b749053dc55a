"""When a person begins, pauses, resumes and finishes, over scripted probabilities."""

import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.config.schema import Turns
from assistant.turns.segmenter import Committed, Resumed, Segmenter, Signal, SoftEnd, SpeechStarted

TURNS = Turns(mode="silence", onset_ms=96, soft_end_ms=96, endpoint_ms=480, max_utterance_s=4)


def blocks(milliseconds: int) -> int:
    return milliseconds * LISTENING_RATE // 1000 // BLOCK


def listen(segmenter: Segmenter, *spans: tuple[float, int], start: int = 0) -> list[Signal]:
    """Feed spans of (probability, milliseconds), each a whole number of blocks."""
    signals: list[Signal] = []
    for probability, milliseconds in spans:
        for _ in range(blocks(milliseconds)):
            signals += segmenter.feed(probability, start, start + BLOCK)
            start += BLOCK
    return signals


def kinds(signals: list[Signal]) -> list[type]:
    return [type(signal) for signal in signals]


def test_a_sentence_starts_softly_ends_and_is_committed() -> None:
    signals = listen(Segmenter(TURNS), (0.0, 320), (0.9, 960), (0.0, 640))
    onset, end = blocks(320) * BLOCK, blocks(1280) * BLOCK
    assert signals == [
        SpeechStarted(onset=onset, at=onset + 3 * BLOCK),
        SoftEnd(speech_end=end, at=end + 3 * BLOCK),
        Committed(speech_end=end, at=end + 15 * BLOCK),
    ]


def test_a_click_shorter_than_the_onset_is_not_speech() -> None:
    assert listen(Segmenter(TURNS), (0.0, 320), (0.9, 64), (0.0, 960)) == []


def test_clicks_do_not_add_up_to_an_onset() -> None:
    assert listen(Segmenter(TURNS), *[(0.9, 64), (0.0, 32)] * 10) == []


def test_a_pause_between_words_is_resumed_and_ends_softly_again() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 480), (0.0, 256), (0.9, 480), (0.0, 480))
    assert kinds(signals) == [SpeechStarted, SoftEnd, Resumed, SoftEnd, Committed]


def test_a_probability_that_hovers_below_the_threshold_keeps_speech_going() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 320), (0.4, 640))
    assert kinds(signals) == [SpeechStarted, SoftEnd, Resumed]


def test_a_fall_from_certain_speech_ends_it_softly_before_there_is_silence() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 480), (0.6, 96), (0.0, 480))
    end = blocks(480) * BLOCK
    assert signals[1] == SoftEnd(speech_end=end, at=end + 3 * BLOCK)
    assert signals[2] == Committed(speech_end=end + 3 * BLOCK, at=end + 18 * BLOCK)


def test_a_voice_that_grows_faint_but_goes_on_is_heard_again() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 480), (0.6, 640), (0.0, 480))
    assert kinds(signals) == [SpeechStarted, SoftEnd, Resumed, SoftEnd, Committed]


def test_faint_speech_after_silence_is_speech() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 480), (0.0, 256), (0.6, 480), (0.0, 480))
    assert kinds(signals) == [SpeechStarted, SoftEnd, Resumed, SoftEnd, Committed]


def test_a_commit_waits_as_long_as_endpointing_says() -> None:
    segmenter = Segmenter(Turns(onset_ms=96, soft_end_ms=32, complete_ms=192, incomplete_ms=960))
    assert kinds(listen(segmenter, (0.9, 480), (0.0, 160))) == [SpeechStarted, SoftEnd]
    segmenter.endpointing.judged(0.99)
    assert kinds(listen(segmenter, (0.0, 32), start=20 * BLOCK)) == [Committed]


def test_what_was_judged_of_one_pause_does_not_shorten_the_next() -> None:
    segmenter = Segmenter(Turns(onset_ms=96, soft_end_ms=32, complete_ms=192, incomplete_ms=960))
    listen(segmenter, (0.9, 480), (0.0, 160))
    segmenter.endpointing.judged(0.99)
    assert kinds(listen(segmenter, (0.9, 320), (0.0, 640), start=20 * BLOCK)) == [Resumed, SoftEnd]


def test_resuming_needs_the_full_threshold() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 320), (0.0, 128), (0.4, 640))
    assert kinds(signals) == [SpeechStarted, SoftEnd, Committed]


def test_speech_without_end_is_committed_at_the_longest_utterance() -> None:
    signals = listen(Segmenter(TURNS), (0.9, 8000))
    assert kinds(signals) == [SpeechStarted, SoftEnd, Committed]
    assert signals[-1].at == pytest.approx(4 * LISTENING_RATE, abs=BLOCK)


def test_nothing_comes_after_commit_until_it_is_rearmed() -> None:
    segmenter = Segmenter(TURNS)
    listen(segmenter, (0.9, 320), (0.0, 640))
    assert listen(segmenter, (0.9, 960), start=100 * BLOCK) == []
    segmenter.rearm()
    assert kinds(listen(segmenter, (0.9, 320), (0.0, 640), start=200 * BLOCK)) == [SpeechStarted, SoftEnd, Committed]
