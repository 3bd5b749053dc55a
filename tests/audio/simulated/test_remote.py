"""Microphone and loudspeaker of another machine, on a clock that jumps."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import anyio
import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, BLOCK_S, AudioBlock, Samples
from assistant.audio.simulated.paced import PERIOD_S
from assistant.audio.simulated.remote import (
    AHEAD_S,
    MAX_WAITING,
    QUIET_PERIODS,
    STALLED_S,
    RemoteLoudspeaker,
    RemoteMicrophone,
)
from assistant.testing.clock import jump

pytestmark = pytest.mark.anyio

RATE = 22_050


def numbered(number: int) -> Samples:
    """A block of which each sample is `number`."""
    return np.full(BLOCK, number, np.float32)


async def take(microphone: RemoteMicrophone, count: int) -> list[tuple[AudioBlock, float]]:
    """The next blocks, each with the time at which it came."""
    taken: list[tuple[AudioBlock, float]] = []
    async with aclosing(microphone.blocks()) as blocks:
        async for block in blocks:
            taken.append((block, anyio.current_time()))
            if len(taken) == count:
                break
    return taken


async def test_what_is_put_comes_out_in_order_and_at_once() -> None:
    microphone = RemoteMicrophone(lambda: True)
    began = anyio.current_time()
    for number in range(1, 6):
        microphone.put(numbered(number))
    taken = await take(microphone, 5)
    assert [block.samples[0] for block, _ in taken] == [1, 2, 3, 4, 5]
    assert [block.start for block, _ in taken] == [number * BLOCK for number in range(5)]
    assert {came_at for _, came_at in taken} == {began}
    assert microphone.dropped == 0


async def test_a_block_that_is_put_later_wakes_the_listener() -> None:
    microphone = RemoteMicrophone(lambda: False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, microphone, 1)
        await anyio.sleep(3)
        microphone.put(numbered(1))


async def test_a_slow_listener_loses_the_oldest_blocks_and_they_are_counted() -> None:
    microphone = RemoteMicrophone(lambda: True)
    for number in range(MAX_WAITING + 3):
        microphone.put(numbered(number))
    assert microphone.dropped == 3 * BLOCK
    taken = [block for block, _ in await take(microphone, MAX_WAITING)]
    assert taken[0].samples[0] == 3
    assert taken[-1].samples[0] == MAX_WAITING + 2
    assert taken[0].start == 3 * BLOCK


async def test_silence_takes_the_place_of_samples_that_stall_while_anything_depends_on_the_time() -> None:
    microphone = RemoteMicrophone(lambda: True)
    microphone.put(numbered(1))
    began = anyio.current_time()
    taken = await take(microphone, 4)
    assert [block.samples.any() for block, _ in taken] == [True, False, False, False]
    assert [block.start for block, _ in taken] == [number * BLOCK for number in range(4)]
    expected = [0, STALLED_S, STALLED_S + BLOCK_S, STALLED_S + 2 * BLOCK_S]
    assert [came_at - began for _, came_at in taken] == pytest.approx(expected)


async def test_after_a_pause_silence_follows_at_once_and_in_real_time() -> None:
    microphone = RemoteMicrophone(lambda: True)
    microphone.put(numbered(1))
    microphone.pause()
    began = anyio.current_time()
    taken = await take(microphone, 3)
    assert [came_at - began for _, came_at in taken] == pytest.approx([0, BLOCK_S, 2 * BLOCK_S])


async def test_samples_that_are_expected_again_get_their_time_to_arrive() -> None:
    microphone = RemoteMicrophone(lambda: True)
    microphone.pause()
    microphone.expect()
    began = anyio.current_time()
    [(silence, came_at)] = await take(microphone, 1)
    assert not silence.samples.any()
    assert came_at - began == pytest.approx(STALLED_S)


async def test_the_clock_stands_still_while_nothing_depends_on_the_time() -> None:
    needed = True
    microphone = RemoteMicrophone(lambda: needed)
    microphone.put(numbered(1))
    microphone.pause()
    async with aclosing(microphone.blocks()) as blocks:
        first, second = await anext(blocks), await anext(blocks)
        assert (first.samples.max(), second.samples.max()) == (1.0, 0.0)
        assert second.start == first.end
        needed = False
        with anyio.move_on_after(3600) as waiting:
            await anext(blocks)
        assert waiting.cancelled_caught


async def test_what_is_put_while_muted_is_discarded_and_not_counted() -> None:
    microphone = RemoteMicrophone(lambda: True)
    microphone.mute()
    microphone.put(numbered(1))
    assert microphone.muted
    microphone.unmute()
    microphone.put(numbered(2))
    [(block, _)] = await take(microphone, 1)
    assert block.samples[0] == 2
    assert block.start == BLOCK
    assert microphone.dropped == 0


@dataclass
class Recorder:
    """An outlet that keeps what it is given, and when."""

    calls: list[tuple[str, float]] = field(default_factory=list)
    sounds: list[tuple[Samples, float]] = field(default_factory=list)
    rate: int = 0
    gone: bool = False

    async def started(self, rate: int) -> None:
        self.rate = rate
        self.calls.append(("started", anyio.current_time()))

    async def sound(self, samples: Samples) -> None:
        if self.gone:
            raise anyio.BrokenResourceError
        self.sounds.append((samples, anyio.current_time()))

    async def stopped(self) -> None:
        self.calls.append(("stopped", anyio.current_time()))

    @property
    def samples(self) -> Samples:
        return np.concatenate([samples for samples, _ in self.sounds])

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@asynccontextmanager
async def running(outlet: Recorder) -> AsyncIterator[RemoteLoudspeaker]:
    loudspeaker = RemoteLoudspeaker(RATE, outlet)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(loudspeaker.run)
        yield loudspeaker
        tasks.cancel_scope.cancel()


async def test_sound_is_sent_whole_between_a_start_and_a_stop() -> None:
    outlet = Recorder()
    noise = np.random.default_rng(1).uniform(0.1, 1, RATE).astype(np.float32)
    async with running(outlet) as loudspeaker:
        playback = loudspeaker.play(RATE)
        await playback.write(noise)
        await playback.drain()
        await anyio.sleep(1)
    assert outlet.names == ["started", "stopped"]
    assert outlet.rate == RATE
    np.testing.assert_array_equal(outlet.samples[: len(noise)], noise)
    assert not outlet.samples[len(noise) :].any()


async def test_sound_is_sent_in_real_time_and_a_little_ahead() -> None:
    outlet = Recorder()
    async with running(outlet) as loudspeaker:
        began = anyio.current_time()
        playback = loudspeaker.play(RATE)
        await playback.write(np.full(2 * RATE, 0.5, np.float32))
        await playback.drain()
        drained_at = anyio.current_time()
    last_at = max(sent_at for samples, sent_at in outlet.sounds if samples.any())
    assert drained_at - last_at == pytest.approx(AHEAD_S, abs=2 * PERIOD_S)
    for seconds in np.arange(0.1, 1.9, 0.1):
        sent_s = sum(len(samples) for samples, sent_at in outlet.sounds if sent_at <= began + seconds) / RATE
        assert sent_s == pytest.approx(seconds, abs=2 * PERIOD_S)


async def test_a_short_gap_is_sent_as_silence_and_a_long_one_ends_the_sound() -> None:
    outlet = Recorder()
    tone = np.full(RATE // 10, 0.5, np.float32)
    until_stop_s = QUIET_PERIODS * PERIOD_S - AHEAD_S  # a playback is drained when its last sample is due
    async with running(outlet) as loudspeaker:
        for gap_s in (until_stop_s / 2, until_stop_s * 2, until_stop_s * 2):
            playback = loudspeaker.play(RATE)
            await playback.write(tone)
            await playback.drain()
            await anyio.sleep(gap_s)
    assert outlet.names == ["started", "stopped", "started", "stopped"]


async def test_nothing_is_sent_while_nothing_is_played() -> None:
    outlet = Recorder()
    async with running(outlet):
        await anyio.sleep(60)
    assert outlet.calls == []
    assert outlet.sounds == []


async def test_a_stopped_playback_is_silent_within_what_was_sent_ahead() -> None:
    outlet = Recorder()
    async with running(outlet) as loudspeaker:
        playback = loudspeaker.play(RATE)
        await playback.write(np.full(10 * RATE, 0.5, np.float32))
        await anyio.sleep(1)
        playback.stop()
        stopped_at = anyio.current_time()
        await anyio.sleep(1)
    loud_until = max(sent_at for samples, sent_at in outlet.sounds if samples.any())
    assert loud_until - stopped_at <= 2 * PERIOD_S
    assert outlet.names == ["started", "stopped"]


async def test_a_late_sender_catches_up() -> None:
    outlet = Recorder()
    async with running(outlet) as loudspeaker:
        playback = loudspeaker.play(RATE)
        await playback.write(np.full(RATE, 0.5, np.float32))
        await anyio.sleep(0.1)
        jump(0.5)
        await playback.drain()
    assert np.count_nonzero(outlet.samples) == RATE


async def test_an_outlet_whose_machine_has_gone_ends_the_loudspeaker() -> None:
    loudspeaker = RemoteLoudspeaker(RATE, Recorder(gone=True))
    await loudspeaker.play(RATE).write(np.full(RATE, 0.5, np.float32))
    with pytest.raises(anyio.BrokenResourceError):
        await loudspeaker.run()
