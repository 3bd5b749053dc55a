"""A user before a television, both recorded speech, with the real voice activity detector."""

from collections.abc import Iterator

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples, level
from assistant.bench.clips import Clip, read_clips
from assistant.config.schema import Turns
from assistant.turns.foreground import PERCENTILE, Background, Foreground
from assistant.turns.segmenter import Committed, Segmenter
from assistant.vad.silero import Silero
from tests.conftest import SPEECH

SPEAKS_AT_S = 12
"""When the user begins to speak."""


def loudness(audio: Samples) -> float:
    blocks = audio[: len(audio) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return float(np.percentile([level(block) for block in blocks], PERCENTILE))


def clips(*kinds: str) -> Iterator[tuple[Clip, Samples]]:
    for clip in read_clips([SPEECH]):
        if clip.kind in kinds and clip.speech_end_s is not None and clip.end_confidence == "high":
            yield clip, read_audio(clip.path, max_s=60)


def rooms(below_db: float) -> Iterator[tuple[Samples, int]]:
    """Half a minute of television `below_db` quieter than a user who speaks in it, and where the user's speech ends."""
    television = np.concatenate([audio for _, audio in clips("dictation")])
    for number, (clip, audio) in enumerate(clips("question", "command")):
        assert clip.speech_end_s is not None
        speech = audio[: int(clip.speech_end_s * LISTENING_RATE)]
        offset = number * 31 * LISTENING_RATE % (len(television) - 30 * LISTENING_RATE)
        room = television[offset : offset + 30 * LISTENING_RATE].copy()
        room *= 10 ** ((loudness(speech) - below_db - loudness(room)) / 20)
        begin = SPEAKS_AT_S * LISTENING_RATE
        room[begin : begin + len(speech)] += speech
        yield room.astype(np.float32), begin + len(speech)


def ended(room: Samples, *, told_apart: bool) -> int | None:
    """The end of the turn that begins after `SPEAKS_AT_S`, in samples."""
    activity, background, segmenter = Silero(), Background(), Segmenter(Turns(mode="silence"))
    foreground: Foreground | None = None
    for start in range(0, len(room) - BLOCK, BLOCK):
        block, end = room[start : start + BLOCK], start + BLOCK
        probability = activity.probability(block)
        is_speech = probability >= 0.5
        if end < SPEAKS_AT_S * LISTENING_RATE:
            if is_speech:
                background.feed(block, end)
            continue
        foreground = foreground or Foreground(background.level(end) if told_apart else None)
        if is_speech and not foreground.is_user(block):
            probability = 0.0
        for signal in segmenter.feed(probability, start, end):
            if isinstance(signal, Committed):
                return signal.speech_end
    return None


def test_a_television_does_not_hold_the_turn_open() -> None:
    scenes = list(rooms(below_db=15))
    late = LISTENING_RATE // 2

    def in_time(*, told_apart: bool) -> int:
        found = [(ended(room, told_apart=told_apart), end) for room, end in scenes]
        return sum(at is not None and at < end + late for at, end in found)

    assert len(scenes) >= 20
    assert in_time(told_apart=True) >= 0.95 * len(scenes)
    assert in_time(told_apart=False) <= 0.75 * len(scenes)


def test_the_background_is_what_was_heard_before_the_wake_word() -> None:
    background = Background()
    for second, amplitude in ((1, 0.01), (2, 0.01), (12, 0.5)):
        for block in range(15):
            end = second * LISTENING_RATE + block * BLOCK
            background.feed(np.full(BLOCK, amplitude, np.float32), end)
    assert background.level(13 * LISTENING_RATE) == pytest.approx(-40, abs=0.1)
    assert background.level(30 * LISTENING_RATE) is None


def test_where_nothing_was_heard_before_everything_is_the_user() -> None:
    foreground = Foreground(Background().level(LISTENING_RATE))
    assert foreground.is_user(np.full(BLOCK, 1e-4, np.float32))


def test_a_user_who_is_hardly_louder_is_not_told_apart() -> None:
    foreground = Foreground(-40.0)
    for amplitude in (0.02, 0.02, 0.01, 0.01, 0.01, 0.01, 0.01):
        assert foreground.is_user(np.full(BLOCK, amplitude, np.float32))
