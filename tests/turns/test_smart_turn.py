"""Smart Turn on recorded speech."""

from pathlib import Path

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip
from assistant.errors import AssistantError, Code
from assistant.turns.smart_turn import SmartTurn

SILENCE_S = 0.2


@pytest.fixture(scope="module")
def model(turn_path: Path) -> SmartTurn:
    model = SmartTurn(turn_path, threads=2)
    model.warm_up()
    return model


def until(clip: Clip, end_s: float) -> Samples:
    """`clip` up to `end_s` and a silence."""
    audio = read_audio(clip.path, max_s=60)[: round(end_s * LISTENING_RATE)]
    return np.pad(audio, (0, round(SILENCE_S * LISTENING_RATE)))


@pytest.mark.parametrize(
    "name", ["q_what_time_is_it_r3", "q_date_today_r3", "cmd_set_timer", "q_weather_today_zh_az", "q_asr_status_ja"]
)
def test_a_whole_sentence_sounds_finished(model: SmartTurn, clips: dict[str, Clip], name: str) -> None:
    assert model.probability(until(clips[name], clips[name].speech_end_s or 0)) > 0.9


@pytest.mark.parametrize(("name", "end_s"), [("dict_jfk", 4.35), ("q_hotel_rooms_ko", 2.62), ("dict_arenas_es", 4.77)])
def test_half_a_sentence_does_not(model: SmartTurn, clips: dict[str, Clip], name: str, end_s: float) -> None:
    assert model.probability(until(clips[name], end_s)) < 0.5


def test_more_than_it_looks_at_may_be_given(model: SmartTurn) -> None:
    assert 0 <= model.probability(np.zeros(20 * LISTENING_RATE, np.float32)) <= 1


def test_a_broken_model_is_told_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "turn.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(AssistantError) as raised:
        SmartTurn(path, threads=1)
    assert raised.value.code is Code.MODEL_CORRUPT


def test_a_model_for_something_else_fails_at_its_first_use(voice_path: Path) -> None:
    with pytest.raises(AssistantError) as raised:
        SmartTurn(voice_path, threads=1).warm_up()
    assert raised.value.code is Code.TURN_FAILED
