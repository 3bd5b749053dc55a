import anyio
import numpy as np
import pytest

from assistant.audio.pcm import Samples
from assistant.audio.playback import FADE_S, MAX_QUEUED_S
from assistant.audio.simulated.paced import PERIOD_S
from assistant.audio.simulated.recorder import ReplyRecorder
from assistant.testing.clock import jump

pytestmark = pytest.mark.anyio

RATE = 22_050


def sound(seconds: float, level: float = 0.5, rate: int = RATE) -> Samples:
    return np.full(round(seconds * rate), level, np.float32)


async def test_what_is_written_is_played_in_real_time_and_kept() -> None:
    recorder = ReplyRecorder()
    noise = np.random.default_rng(1).uniform(-1, 1, 3 * RATE).astype(np.float32)
    began = anyio.current_time()
    playback = recorder.play(RATE)
    for piece in np.split(noise, [100, 5000, 40_000]):
        await playback.write(piece)
    await playback.drain()
    assert anyio.current_time() - began == pytest.approx(3.0, abs=2 * PERIOD_S)
    assert recorder.rate == RATE
    np.testing.assert_array_equal(recorder.samples, noise)
    assert playback.played == len(noise)


async def test_the_first_sample_is_handed_over_within_a_period() -> None:
    playback = ReplyRecorder().play(RATE)
    assert playback.started_at is None
    wrote_at = anyio.current_time()
    await playback.write(sound(1))
    assert playback.started_at is None
    jump(PERIOD_S)
    assert playback.started_at is not None
    assert wrote_at < playback.started_at <= wrote_at + PERIOD_S


async def test_playing_goes_on_without_being_looked_at() -> None:
    playback = ReplyRecorder().play(RATE)
    await playback.write(sound(1))
    jump(0.5)
    assert playback.played / RATE == pytest.approx(0.5, abs=PERIOD_S)
    jump(100)
    assert playback.played == RATE


async def test_the_writer_waits_while_much_is_queued() -> None:
    playback = ReplyRecorder().play(RATE)
    began = anyio.current_time()
    await playback.write(sound(2))
    assert anyio.current_time() == began
    await playback.write(sound(1))
    assert anyio.current_time() - began == pytest.approx(2 - MAX_QUEUED_S, abs=2 * PERIOD_S)


async def test_a_late_writer_leaves_silence_as_long_as_it_was_heard() -> None:
    recorder = ReplyRecorder()
    playback = recorder.play(RATE)
    await playback.write(sound(0.1))
    jump(1.0)
    await playback.write(sound(0.1))
    await playback.drain()
    loud = np.flatnonzero(recorder.samples)
    assert len(loud) == 2 * len(sound(0.1))
    assert np.diff(loud).max() / RATE == pytest.approx(0.9, abs=2 * PERIOD_S)


async def test_silence_before_the_first_playback_and_after_the_last_is_not_kept() -> None:
    recorder = ReplyRecorder()
    assert len(recorder.samples) == 0
    jump(5)
    playback = recorder.play(RATE)
    jump(5)
    await playback.write(sound(0.5))
    await playback.drain()
    jump(5)
    np.testing.assert_array_equal(recorder.samples, sound(0.5))


async def test_a_stopped_playback_fades_out_and_takes_no_more() -> None:
    recorder = ReplyRecorder()
    playback = recorder.play(RATE)
    await playback.write(sound(2))
    jump(0.5)
    playback.stop()
    before = playback.played
    await playback.write(sound(2))
    await playback.drain()
    played = recorder.samples
    assert len(played) == playback.played == before + round(FADE_S * RATE)
    assert played[before - 1] == 0.5
    assert played[-1] == 0.0
    assert np.abs(np.diff(played)).max() < 0.01


async def test_a_playback_stopped_before_it_began_is_never_heard() -> None:
    recorder = ReplyRecorder()
    playback = recorder.play(RATE)
    await playback.write(sound(1))
    playback.stop()
    await playback.drain()
    jump(1)
    assert playback.started_at is None
    assert len(recorder.samples) == 0


async def test_the_next_playback_ends_the_one_before_it() -> None:
    recorder = ReplyRecorder()
    first = recorder.play(RATE)
    await first.write(sound(2))
    jump(0.5)
    second = recorder.play(RATE)
    await second.write(sound(0.2, level=-0.25))
    await second.drain()
    faded = first.played - round(FADE_S * RATE)
    np.testing.assert_array_equal(recorder.samples[:faded], sound(2)[:faded])
    np.testing.assert_array_equal(recorder.samples[first.played :], sound(0.2, level=-0.25))


async def test_a_playback_at_another_rate_is_converted_and_counts_in_its_own() -> None:
    recorder = ReplyRecorder()
    await recorder.play(RATE).drain()
    playback = recorder.play(16_000)
    await playback.write(sound(0.99999, rate=16_000))
    await playback.drain()
    assert recorder.rate == RATE
    assert playback.played == 16_000
    assert len(recorder.samples) == RATE
    assert np.median(recorder.samples) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("length", [1, 799, 22_051])
async def test_everything_counts_as_played_in_the_end_however_rates_round(rate: int, length: int) -> None:
    recorder = ReplyRecorder()
    await recorder.play(RATE).drain()
    playback = recorder.play(rate)
    await playback.write(np.full(length, 0.5, np.float32))
    await playback.drain()
    assert playback.played == length


async def test_a_writer_that_waits_is_released_when_its_playback_is_stopped() -> None:
    playback = ReplyRecorder().play(RATE)
    await playback.write(sound(60))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(playback.write, sound(1))
        await anyio.sleep(1)
        playback.stop()
        stopped_at = anyio.current_time()
    assert anyio.current_time() - stopped_at < 0.2


async def test_playback_can_go_on_after_it_was_drained() -> None:
    recorder = ReplyRecorder()
    playback = recorder.play(RATE)
    for _ in range(2):
        await playback.write(sound(0.1))
        await playback.drain()
    assert playback.played == 2 * len(sound(0.1))
    assert np.count_nonzero(recorder.samples) == playback.played
