"""Trials of wake words, and streams without any."""

import pytest

from assistant.audio.decode import read_audio
from assistant.bench.clips import Clip
from assistant.bench.conversation.trial import LoadedClip
from assistant.bench.conversation.wake import is_negative, negatives, spot, wake_trials
from assistant.wake.words import WakeWords

WORDS = {"hey_jarvis": 0.8}


def load(clips: dict[str, Clip], *names: str) -> list[LoadedClip]:
    return [LoadedClip(clips[name], read_audio(clips[name].path, max_s=60)) for name in names]


def test_a_wake_word_is_detected_near_far_and_over_noise(clips: dict[str, Clip]) -> None:
    chosen = load(clips, "wake_hey_jarvis_pmw1", "wake_alexa_pmw2", "noise_office_ambience")
    trials = list(wake_trials(chosen, list(WORDS), lambda: WakeWords(WORDS)))
    assert [(trial.clip, trial.variant) for trial in trials] == [
        ("wake_hey_jarvis_pmw1", variant) for variant in ("near", "far", "noise 1")
    ]
    assert all(trial.passed for trial in trials)
    assert all(trial.ms is not None and -200 < trial.ms < 400 for trial in trials)


def test_another_wake_word_is_a_miss(clips: dict[str, Clip]) -> None:
    chosen = load(clips, "wake_alexa_pmw2")
    [trial, _] = wake_trials(chosen, ["alexa"], lambda: WakeWords(WORDS))
    assert not trial.passed
    assert trial.ms is None


def test_negative_streams_hold_everything_but_the_wake_words(clips: dict[str, Clip]) -> None:
    chosen = load(clips, "wake_hey_jarvis_pmw1", "q_what_time_is_it_r3", "cmd_yes", "noise_office_ambience")
    streams = list(negatives(chosen, list(WORDS)))
    assert len(streams) == 1 + 2 + 1 + 3, "noise, near and far, over the noise, and three of overlapping voices"
    assert not [wake for stream in streams for wake in spot(stream, WakeWords(WORDS))]


@pytest.mark.parametrize(
    ("name", "negative"),
    [("wake_jarvis_wwb02", False), ("wake_hey_mycroft_pmw3", True), ("q_what_time_is_it_r3", True)],
)
def test_a_clip_with_part_of_the_wake_word_is_not_negative(clips: dict[str, Clip], name: str, negative: bool) -> None:
    assert is_negative(clips[name], list(WORDS)) is negative
