"""What the household says."""

import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.bench.clips import Clip
from assistant.bench.conversation.wake import spot
from assistant.bench.soak.sayings import gather
from assistant.errors import AssistantError, Code
from assistant.wake.words import WakeWords


def test_each_saying_of_the_wake_word_wakes_once_a_recording_of_two_gives_two(clips: dict[str, Clip]) -> None:
    wakes = gather(list(clips.values()), ["okay_nabu"]).wakes
    assert [wake.name for wake in wakes] == ["wake_okay_nabu_pmw1", "wake_okay_nabu_pmw3", "wake_okay_nabu_pmw3"]
    silence = np.zeros(LISTENING_RATE // BLOCK * BLOCK, np.float32)
    for wake in wakes:
        assert 0.5 < len(wake.samples) / LISTENING_RATE < 1.5
        heard = np.concatenate([silence, wake.samples, silence])
        assert len(list(spot(heard, WakeWords({"okay_nabu": "auto"})))) == 1


def test_questions_are_whole_english_requests_that_want_an_answer(clips: dict[str, Clip]) -> None:
    sayings = gather(list(clips.values()), ["okay_nabu"])
    names = {saying.name for saying in sayings.questions}
    assert {"q_what_time_is_it_r3", "cmd_set_timer"} <= names
    assert not names & {"cmd_stop", "cmd_yes", "q_weather_today_zh_az", "wakecmd_computer_weather"}
    assert [saying.name for saying in sayings.stops] == ["cmd_stop"]
    assert {saying.name[:5] for saying in sayings.noises} == {"noise"}


def test_what_is_missing_is_named(clips: dict[str, Clip]) -> None:
    with pytest.raises(AssistantError, match="wake words hey_nobody") as error:
        gather(list(clips.values()), ["hey_nobody"])
    assert error.value.code is Code.AUDIO_UNREADABLE
    with pytest.raises(AssistantError, match="questions"):
        gather([clips["wake_okay_nabu_pmw1"]], ["okay_nabu"])
