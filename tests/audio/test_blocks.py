import anyio
import numpy as np
import pytest

from assistant.audio.blocks import Blocks
from assistant.audio.pcm import BLOCK, BLOCK_S, LISTENING_RATE
from assistant.testing.clock import jump

pytestmark = pytest.mark.anyio


async def test_samples_of_any_length_become_blocks_that_follow_each_other() -> None:
    samples = np.arange(5 * BLOCK + 100, dtype=np.float32)
    blocks, found = Blocks(), []
    for piece in np.split(samples, [1, 700, 705, 2000]):
        found += list(blocks.push(piece))
    assert [block.start for block in found] == [number * BLOCK for number in range(5)]
    np.testing.assert_array_equal(np.concatenate([block.samples for block in found]), samples[: 5 * BLOCK])


async def test_the_last_sample_that_arrived_counts_as_captured_just_now() -> None:
    first, second = Blocks().push(np.zeros(2 * BLOCK + 160, np.float32))
    assert second.captured_at == pytest.approx(anyio.current_time() - 160 / LISTENING_RATE)
    assert second.captured_at - first.captured_at == pytest.approx(BLOCK_S)


async def test_the_clock_stands_still_while_nothing_arrives() -> None:
    blocks = Blocks()
    [first] = blocks.push(np.zeros(BLOCK, np.float32))
    jump(10)
    [second] = blocks.push(np.zeros(BLOCK, np.float32))
    assert second.start == first.end
    assert second.captured_at - first.captured_at == pytest.approx(10)
