from contextlib import aclosing

import anyio
import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, BLOCK_S, AudioBlock
from assistant.audio.simulated.recording import Recording
from assistant.testing.clock import jump

pytestmark = pytest.mark.anyio

SAMPLES = np.linspace(0.1, 1.0, 1200, dtype=np.float32)


async def hear(recording: Recording, count: int) -> list[tuple[AudioBlock, float]]:
    """The first blocks, each with the time at which it came."""
    heard = []
    async with aclosing(recording.blocks()) as blocks:
        async for block in blocks:
            heard.append((block, anyio.current_time()))
            if len(heard) == count:
                break
    return heard


async def test_the_recording_is_followed_by_silence_without_end() -> None:
    heard = await hear(Recording(SAMPLES), 100)
    assert all(len(block.samples) == BLOCK for block, _ in heard)
    samples = np.concatenate([block.samples for block, _ in heard])
    np.testing.assert_array_equal(samples[:1200], SAMPLES)
    assert not samples[1200:].any()
    assert [block.start for block, _ in heard] == [number * BLOCK for number in range(100)]


async def test_a_block_comes_when_its_last_sample_has_been_captured() -> None:
    began = anyio.current_time()
    heard = await hear(Recording(SAMPLES), 100)
    for number, (block, came_at) in enumerate(heard, start=1):
        assert block.captured_at == pytest.approx(began + number * BLOCK_S)
        assert came_at == pytest.approx(block.captured_at, abs=1e-6)
        assert block.moment(0) == pytest.approx(began)


async def test_a_late_listener_gets_everything_at_once_and_is_on_time_again() -> None:
    began = anyio.current_time()
    came = []
    async with aclosing(Recording(SAMPLES).blocks()) as blocks:
        async for block in blocks:
            came.append(anyio.current_time() - began)
            if len(came) == 1:
                jump(10 * BLOCK_S)
            if len(came) == 15:
                break
            assert block.captured_at == pytest.approx(began + len(came) * BLOCK_S)
    in_blocks = np.array(came) / BLOCK_S
    np.testing.assert_allclose(in_blocks, [1, *[11] * 10, 12, 13, 14, 15], atol=1e-3)
