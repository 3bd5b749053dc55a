"""The energy gate on noise and recorded speech."""

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE
from assistant.bench.clips import Clip
from assistant.vad.energy_gate import HOLD, EnergyGate
from tests.vad.rooms import SECONDS, blocks, room


def test_the_gate_closes_in_a_steady_room_and_a_voice_opens_it(clips: dict[str, Clip]) -> None:
    gate = EnergyGate()
    found = [gate.push(block) for block in blocks(room(10.0))]
    assert found == [True] * (HOLD - 1) + [False] * (len(found) - HOLD + 1)
    speech = blocks(read_audio(clips["q_what_time_is_it_r3"].path, max_s=60))
    found = [gate.push(block) for block in speech]
    assert all(found[np.argmax(found) :])


@pytest.mark.parametrize("noise_db", [-75.0, -50.0, -35.0])
def test_the_gate_closes_however_loud_the_steady_room_is(noise_db: float) -> None:
    gate = EnergyGate()
    assert sum(not gate.push(block) for block in blocks(room(10.0, noise_db))) > 8 * SECONDS


def test_a_noise_that_goes_on_becomes_the_noise_floor() -> None:
    gate = EnergyGate()
    for block in blocks(room(5.0, -65.0)):
        gate.push(block)
    found = [gate.push(block) for block in blocks(room(60.0, -45.0))]
    assert all(found[: 5 * SECONDS])
    assert not any(found[-5 * SECONDS :])


def test_the_gate_closes_soon_after_digital_silence() -> None:
    gate = EnergyGate()
    for block in blocks(np.zeros(5 * LISTENING_RATE, np.float32)):
        gate.push(block)
    found = [gate.push(block) for block in blocks(room(10.0, -65.0))]
    assert not any(found[5 * SECONDS :])
