"""Pauses in recordings, and their stretching."""

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, level
from assistant.bench.clips import Clip
from assistant.bench.conversation.pauses import SEAM, has_pause, lengths, stretched


def test_a_pause_is_neither_a_plosive_nor_a_long_silence(clips: dict[str, Clip]) -> None:
    paused = {name for name, clip in clips.items() if has_pause(clip)}
    assert {"cmd_coffee_s2i13", "dict_tornadoes_pause", "wakecmd_hey_mycroft_wake_up"} <= paused
    assert not paused & {"cmd_yes", "wake_okay_nabu_pmw3", "dict_jfk"}, "no pause, or one of more than a second"


def test_a_pause_is_only_stretched_by_a_noticeable_length(clips: dict[str, Clip]) -> None:
    assert lengths(clips["cmd_coffee_s2i13"]) == [0.32, 0.5, 0.9]
    assert lengths(clips["dict_tornadoes_pause"]) == [0.86]


@pytest.mark.parametrize("name", ["cmd_coffee_s2i13", "dict_tornadoes_pause", "cmd_book_flight"])
def test_a_stretched_pause_stays_quiet_and_the_speech_stays_unchanged(clips: dict[str, Clip], name: str) -> None:
    clip = clips[name]
    samples = read_audio(clip.path, max_s=60)
    longer = stretched(clip, samples, 1.5)
    extra = len(longer) - len(samples)
    assert extra == round(1.5 * LISTENING_RATE) - round((clip.max_inner_pause_s or 0) * LISTENING_RATE)
    first = int(np.flatnonzero(longer[: len(samples)] != samples)[0])
    last = len(samples) - int(np.flatnonzero(longer[::-1][: len(samples)] != samples[::-1])[0])
    assert abs(first - last) <= SEAM, "all of the speech is there, before or after the insertion"
    assert level(longer[first : first + extra]) < level(samples) - 15
