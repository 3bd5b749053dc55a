"""The recordings of a soak."""

import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.bench.clips import Clip
from assistant.bench.conversation.wake import spot
from assistant.bench.soak.stimuli import select_stimuli
from assistant.errors import AssistantError, Code
from assistant.wake.words import WakeWords


def test_each_wake_word_wakes_once_and_a_recording_of_two_is_split(clips: dict[str, Clip]) -> None:
    wakes = select_stimuli(list(clips.values()), ["okay_nabu"]).wakes
    assert [wake.name for wake in wakes] == ["wake_okay_nabu_pmw1", "wake_okay_nabu_pmw3", "wake_okay_nabu_pmw3"]
    silence = np.zeros(LISTENING_RATE // BLOCK * BLOCK, np.float32)
    for wake in wakes:
        assert 0.5 < len(wake.samples) / LISTENING_RATE < 1.5
        samples = np.concatenate([silence, wake.samples, silence])
        assert len(list(spot(samples, WakeWords({"okay_nabu": "auto"})))) == 1


def test_questions_are_complete_english_requests_with_an_answer(clips: dict[str, Clip]) -> None:
    stimuli = select_stimuli(list(clips.values()), ["okay_nabu"])
    names = {question.name for question in stimuli.questions}
    assert {"q_what_time_is_it_r3", "cmd_set_timer"} <= names
    assert not names & {"cmd_stop", "cmd_yes", "q_weather_today_zh_az", "wakecmd_computer_weather"}
    assert [stop.name for stop in stimuli.stops] == ["cmd_stop"]
    assert {noise.name[:5] for noise in stimuli.noises} == {"noise"}


def test_missing_recordings_are_named(clips: dict[str, Clip]) -> None:
    with pytest.raises(AssistantError, match="wake words hey_nobody") as error:
        select_stimuli(list(clips.values()), ["hey_nobody"])
    assert error.value.code is Code.AUDIO_UNREADABLE
    with pytest.raises(AssistantError, match="questions"):
        select_stimuli([clips["wake_okay_nabu_pmw1"]], ["okay_nabu"])
