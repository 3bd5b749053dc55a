"""The simulated room on a virtual clock."""

from contextlib import aclosing

import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples, level
from assistant.bench.conversation.simulated_room import USER_DB, SimulatedRoom, at_speech_level
from assistant.testing.clock import JumpingLoop

SECOND = LISTENING_RATE


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": JumpingLoop}


pytestmark = pytest.mark.anyio


def voice(seconds: float, seed: int = 5) -> Samples:
    return (np.random.default_rng(seed).standard_normal(round(seconds * SECOND)) * 0.1).astype(np.float32)


@pytest.mark.parametrize("loss_db", [10.0, 20.0])
async def test_the_echo_in_the_microphone_is_attenuated_by_the_loss(loss_db: float) -> None:
    room = SimulatedRoom(loss_db)
    captured: list[Samples] = []
    async with aclosing(room.microphone.blocks()) as blocks:
        playback = room.loudspeaker.play(LISTENING_RATE)
        await playback.write(voice(2.0))
        async for block in blocks:
            captured.append(block.samples)
            if block.end > 2 * SECOND:
                break
    echo = np.concatenate(captured)[SECOND : 2 * SECOND]
    assert level(echo) == pytest.approx(level(voice(2.0)) - loss_db, abs=1.0)


async def test_the_end_and_the_length_of_a_sound_are_known() -> None:
    room = SimulatedRoom(20.0)
    async with aclosing(room.microphone.blocks()) as blocks:
        playback = room.loudspeaker.play(LISTENING_RATE)
        await playback.write(voice(1.0))
        async for block in blocks:
            if block.end >= 3 * SECOND:
                break
    assert room.played_s == pytest.approx(1.0, abs=0.01)
    assert room.silent_from(SECOND // 2) == pytest.approx(1.07 * SECOND, abs=0.03 * SECOND)
    assert room.silent_from(2 * SECOND) == 2 * SECOND, "there was no sound"


async def test_the_microphone_picks_up_the_user_at_the_returned_position() -> None:
    room = SimulatedRoom(20.0)
    captured: list[Samples] = []
    at = 0
    async with aclosing(room.microphone.blocks()) as blocks:
        async for block in blocks:
            captured.append(block.samples)
            if block.end == 10 * BLOCK:
                at = room.say(voice(0.5))
            if block.end > SECOND:
                break
    everything = np.concatenate(captured)
    assert at == 10 * BLOCK
    assert level(everything[:at]) < -60
    np.testing.assert_allclose(everything[at : at + SECOND // 2], voice(0.5), atol=0.01)


def test_silence_has_no_speech_that_could_be_scaled() -> None:
    silence = np.zeros(BLOCK, np.float32)
    assert np.array_equal(at_speech_level(silence, USER_DB), silence)
