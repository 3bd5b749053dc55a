import numpy as np
import pytest

from assistant.audio.pcm import Samples
from assistant.audio.playback import FADE_S, QueuedPlayback
from assistant.errors import AssistantError, Code

pytestmark = pytest.mark.anyio

RATE = 1000
FADE = round(FADE_S * RATE)


class ScriptedPlayback(QueuedPlayback):
    """On a device that takes samples when the test does, and may be dead."""

    def __init__(self) -> None:
        super().__init__(RATE, RATE)
        self.dead = False

    def _watch(self) -> None:
        if self.dead:
            raise AssistantError(Code.DEVICE_FAILED, "unplugged")

    def taken(self, count: int, now: float = 0.0) -> Samples:
        out = np.full(count, -9, np.float32)
        return out[: self.take(out, now, now + 0.05)]


async def test_the_device_takes_across_pieces_what_there_is_and_no_more() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.arange(5, dtype=np.float32))
    await playback.write(np.arange(5, 12, dtype=np.float32))
    assert playback.taken(3).tolist() == [0, 1, 2]
    assert playback.taken(6).tolist() == [3, 4, 5, 6, 7, 8]
    assert playback.taken(6).tolist() == [9, 10, 11]
    assert playback.taken(6).tolist() == []
    assert playback.played == 12


async def test_it_starts_when_its_first_sample_is_taken() -> None:
    playback = ScriptedPlayback()
    playback.taken(5, now=1.0)
    assert playback.started_at is None
    await playback.write(np.ones(5, np.float32))
    playback.taken(3, now=2.0)
    playback.taken(3, now=3.0)
    assert playback.started_at == 2.0


async def test_after_a_stop_only_a_falling_end_is_taken() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.ones(200, np.float32))
    playback.taken(50)
    playback.stop()
    assert not playback.is_over
    end = playback.taken(100)
    assert len(end) == FADE
    assert end[0] == 1.0
    assert end[-1] == 0.0
    assert (np.diff(end) < 0).all()
    assert playback.is_over
    playback.stop()
    assert len(playback.taken(100)) == 0


async def test_a_change_of_gain_is_a_ramp_and_then_stays() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.ones(200, np.float32))
    assert (playback.taken(50) == 1).all()
    playback.set_gain(0.25, 0.03)
    lowered = playback.taken(50)
    np.testing.assert_allclose(lowered[:30], 1 - 0.75 * np.arange(1, 31) / 30, rtol=1e-6)
    assert (lowered[30:] == 0.25).all()
    assert (playback.taken(20) == 0.25).all()
    assert playback.played == 120


async def test_a_gain_that_changes_again_goes_on_from_where_it_is() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.ones(200, np.float32))
    playback.taken(50)
    playback.set_gain(0.0, 0.04)
    falling = playback.taken(20)
    playback.set_gain(1.0, 0.04)
    rising = playback.taken(60)
    assert falling[-1] == pytest.approx(0.5)
    assert np.abs(np.diff(np.concatenate([falling, rising]))).max() <= 1 / 40 + 1e-6
    assert (rising[40:] == 1).all()


async def test_a_paused_playback_falls_silent_and_goes_on_with_the_next_sample() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.arange(1, 201, dtype=np.float32))
    before = playback.taken(50)
    playback.pause()
    end = playback.taken(100)
    assert len(end) == FADE
    assert end[-1] == 0
    assert len(playback.taken(100)) == 0
    assert playback.played == 50 + FADE
    playback.resume()
    after = playback.taken(200)
    np.testing.assert_allclose(after[:FADE], np.arange(59, 59 + FADE) * np.arange(1, FADE + 1) / FADE, rtol=1e-6)
    np.testing.assert_array_equal(after[FADE:], np.arange(59 + FADE, 201))
    assert len(before) + len(end) + len(after) == playback.played == 200


async def test_a_playback_paused_before_it_began_waits_for_its_first_sample() -> None:
    playback = ScriptedPlayback()
    playback.pause()
    await playback.write(np.ones(50, np.float32))
    assert len(playback.taken(50)) == 0
    assert playback.started_at is None
    playback.resume()
    assert len(playback.taken(50)) == 50


@pytest.mark.parametrize("faded", [0, 3, FADE])
async def test_a_paused_playback_that_is_stopped_is_over_without_a_sound_of_its_own(faded: int) -> None:
    playback = ScriptedPlayback()
    await playback.write(np.ones(200, np.float32))
    playback.taken(50)
    playback.pause()
    end = [playback.taken(faded)]
    playback.stop()
    end.append(playback.taken(100))
    assert (np.diff(np.concatenate([[1.0], *end])) <= 0).all()
    assert len(np.concatenate(end)) <= 2 * FADE
    assert playback.is_over


async def test_a_dead_device_is_an_error_for_a_waiting_writer() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.ones(10 * RATE, np.float32))
    playback.dead = True
    with pytest.raises(AssistantError, match="unplugged"):
        await playback.write(np.ones(1, np.float32))
    with pytest.raises(AssistantError, match="unplugged"):
        await playback.drain()
    assert playback.played == 0
