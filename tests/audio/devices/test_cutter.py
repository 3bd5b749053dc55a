"""From deliveries of a device to blocks on the audio clock."""

from collections.abc import Iterator

import pytest

from assistant.audio.devices.cutter import BlockCutter
from assistant.audio.devices.inbox import Delivery
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock
from tests.audio.devices.deliveries import PERIOD, RATE, delivered


def cut(cutter: BlockCutter, deliveries: Iterator[Delivery]) -> list[AudioBlock]:
    return [block for delivery in deliveries for block in cutter.cut(delivery)]


def assert_tells_its_time(block: AudioBlock, *, captured_from: float) -> None:
    """Its samples, its place on the audio clock and its moment all mean the same instant."""
    middle = BLOCK // 2
    assert block.samples[middle] == pytest.approx(captured_from + (block.start + middle) / LISTENING_RATE, abs=0.001)
    assert block.captured_at == pytest.approx(100 + captured_from + block.end / LISTENING_RATE)


def test_blocks_follow_each_other_and_know_when_they_were_captured() -> None:
    blocks = cut(BlockCutter(RATE), delivered(200))
    assert [block.start for block in blocks] == [number * BLOCK for number in range(len(blocks))]
    assert all(len(block.samples) == BLOCK for block in blocks)
    assert len(blocks) * BLOCK / LISTENING_RATE == pytest.approx(2.0, abs=0.05)
    for block in blocks[2:]:
        assert_tells_its_time(block, captured_from=0)


def test_a_gap_is_counted_and_the_audio_clock_goes_on_over_it() -> None:
    cutter = BlockCutter(RATE)
    before, after = cut(cutter, delivered(100)), cut(cutter, delivered(100, start=150))
    assert after[0].start == 150 * PERIOD * LISTENING_RATE // RATE
    assert cutter.dropped == after[0].start - before[-1].end
    for block in after[2:]:
        assert_tells_its_time(block, captured_from=0)


def test_the_audio_clock_begins_when_listening_does() -> None:
    cutter = BlockCutter(RATE)
    blocks = cut(cutter, delivered(100, start=1000))
    assert blocks[0].start == 0
    assert cutter.dropped == 0
    for block in blocks[2:]:
        assert_tells_its_time(block, captured_from=1000 * PERIOD / RATE)


def test_the_audio_clock_goes_on_over_the_time_between_two_devices() -> None:
    before = BlockCutter(RATE)
    last = cut(before, delivered(100))[-1]
    first = cut(before.successor(RATE), delivered(100, start=300))[0]
    assert first.start - last.end == pytest.approx(2 * LISTENING_RATE, abs=2 * BLOCK)
    assert first.captured_at - last.captured_at == pytest.approx((first.end - last.end) / LISTENING_RATE, abs=0.02)
