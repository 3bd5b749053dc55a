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


async def test_a_dead_device_is_an_error_for_whoever_waits_for_it() -> None:
    playback = ScriptedPlayback()
    await playback.write(np.ones(10 * RATE, np.float32))
    playback.dead = True
    with pytest.raises(AssistantError, match="unplugged"):
        await playback.write(np.ones(1, np.float32))
    with pytest.raises(AssistantError, match="unplugged"):
        await playback.drain()
    assert playback.played == 0
