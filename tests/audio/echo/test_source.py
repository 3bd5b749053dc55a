import subprocess
import sys
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.reference import Reference
from assistant.audio.echo.source import EchoCancelledSource
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.bench.clips import Clip
from assistant.vad.silero import Silero
from tests.audio.echoes import SimulatedMicrophone, at_level, level_db, open_echoing_room, reverberant, room_noise

pytestmark = pytest.mark.anyio

PATIENCE_S = 60
ATTEMPTS = 5
LOSS_DB = 10.0


@pytest.fixture(scope="module")
def played(clips: dict[str, Clip]) -> Samples:
    """What the assistant says: 16 s of speech."""
    said = [read_audio(clips[name].path, max_s=60) for name in ("dict_jfk", "dict_leichenhalle_de")]
    return at_level(np.concatenate(said), -20)


async def listen(
    near: Samples, played: Samples, *, jitter_s: float = 0.0, gap: int = 0
) -> tuple[list[AudioBlock], EchoCancelledSource]:
    reference = Reference(LISTENING_RATE)
    microphone = SimulatedMicrophone(near, played, reference, jitter_s=jitter_s, gap=gap)
    source = EchoCancelledSource(microphone, reference, EchoCanceller())
    async with aclosing(source.blocks()) as blocks:
        return [block async for block in blocks], source


def speech_blocks(samples: Samples) -> list[bool]:
    detector = Silero()
    starts = range(0, len(samples) - BLOCK + 1, BLOCK)
    return [detector.probability(samples[start : start + BLOCK]) >= 0.5 for start in starts]


def position_of(sound: Samples, within: Samples) -> int:
    size = len(within) + len(sound)
    match = np.fft.irfft(np.fft.rfft(within, size) * np.conj(np.fft.rfft(sound, size)), size)
    return int(match[: len(within)].argmax())


@pytest.mark.parametrize("jitter_s", [0.0, 0.01])
async def test_voice_activity_does_not_hear_the_assistant(played: Samples, jitter_s: float) -> None:
    near = reverberant(played, loss_db=LOSS_DB) + room_noise(len(played))
    blocks, source = await listen(near, played, jitter_s=jitter_s)
    assert source.echo_free
    heard = speech_blocks(np.concatenate([block.samples for block in blocks]))
    assert sum(speech_blocks(near)[190:]) > 70
    assert sum(heard[190:]) == 0


@pytest.mark.parametrize("name", ["cmd_set_timer", "cmd_living_room_lamp", "q_grapefruit_in_french"])
async def test_voice_activity_hears_the_user_over_the_assistant(
    played: Samples, clips: dict[str, Clip], name: str
) -> None:
    clip = at_level(read_audio(clips[name].path, max_s=60), -30)
    began = 10 * LISTENING_RATE // BLOCK * BLOCK
    user = np.zeros(len(played), np.float32)
    user[began : began + len(clip)] = clip
    blocks, source = await listen(reverberant(played, loss_db=LOSS_DB) + user + room_noise(len(played)), played)
    alone = np.flatnonzero(speech_blocks(user))
    heard = np.flatnonzero(speech_blocks(np.concatenate([block.samples for block in blocks]))[190:]) + 190
    assert alone[0] <= heard[0] <= alone[0] + 6
    assert len(heard) >= 0.6 * len(alone)
    assert source.echo_free


@pytest.mark.parametrize("jitter_s", [0.0, 0.01])
async def test_what_was_learnt_before_a_rest_holds_after_it(played: Samples, jitter_s: float) -> None:
    rest = np.zeros(20 * LISTENING_RATE // BLOCK * BLOCK, np.float32)
    played = np.concatenate([played, rest, played])
    near = reverberant(played, loss_db=LOSS_DB) + room_noise(len(played))
    blocks, source = await listen(near, played, jitter_s=jitter_s)
    again = (len(played) + len(rest)) // 2 // BLOCK
    heard = np.concatenate([block.samples for block in blocks])
    assert sum(speech_blocks(near[again * BLOCK :])) > 70
    assert sum(speech_blocks(heard[again * BLOCK :])) == 0
    assert source.echo_free


async def test_while_it_rests_the_blocks_are_the_microphones_and_no_sample_is_lost_at_either_end() -> None:
    near = room_noise(20 * LISTENING_RATE) * 100
    played = np.zeros(len(near), np.float32)
    played[:160] = played[12 * LISTENING_RATE :] = 1e-4
    blocks, _ = await listen(near, played)
    resting = [block for block in blocks if block.reduction_db == 0.0 and block.excess_db is None][10:]
    assert len(resting) * BLOCK / LISTENING_RATE > 6
    for block in resting:
        start = round((block.moment(block.start) - 100) * LISTENING_RATE)
        np.testing.assert_array_equal(block.samples, near[start : start + BLOCK])
    heard = np.concatenate([block.samples for block in blocks])
    for at_s in (3.0, 4.0, 8.0, 11.9, 12.1, 15.0):
        at = round(at_s * LISTENING_RATE)
        found = position_of(near[at : at + 2000], heard)
        assert blocks[found // BLOCK].moment(found) == pytest.approx(100 + at_s, abs=0.001)


async def test_every_sample_keeps_its_moment_and_the_blocks_their_clock() -> None:
    near = room_noise(2 * LISTENING_RATE) * 100
    blocks, _ = await listen(near, np.zeros(len(near), np.float32))
    assert [block.start for block in blocks] == [number * BLOCK for number in range(len(near) // BLOCK)]
    found = position_of(near[16_000:24_000], np.concatenate([block.samples for block in blocks]))
    assert blocks[found // BLOCK].moment(found) == pytest.approx(100 + 1.0, abs=0.001)


async def test_blocks_come_with_what_was_played_when_their_sounds_were_heard(played: Samples) -> None:
    blocks, _ = await listen(played * np.float32(0.5), played)
    for block in blocks[10::20]:
        assert block.far is not None
        start = round((block.moment(block.start) - 100) * LISTENING_RATE)
        np.testing.assert_array_equal(block.far, played[start : start + BLOCK])


async def test_a_gap_of_the_microphone_loses_no_alignment(played: Samples) -> None:
    near = reverberant(played, loss_db=LOSS_DB) + room_noise(len(played))
    blocks, source = await listen(near, played, gap=5000)
    assert [block.end - block.start for block in blocks] == [BLOCK] * len(blocks)
    [jump] = {after.start - before.end for before, after in pairwise(blocks)} - {0}
    assert jump == 5000
    late = np.concatenate([block.samples for block in blocks if block.start > 10 * LISTENING_RATE])
    assert level_db(late) < -60
    assert source.echo_free


async def test_it_is_named_as_its_microphone_and_drops_what_that_does(played: Samples) -> None:
    _, source = await listen(played[:BLOCK], played[:BLOCK])
    assert source.name == "simulation"
    assert source.dropped == 7
    assert not source.echo_free


@pytest.mark.realtime
def test_in_a_room_with_a_sound_server_nothing_of_the_loudspeaker_is_left(
    clips: dict[str, Clip], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.audio.in_room", "cancel", str(clips["dict_jfk"].path)]
    for attempt in range(1, ATTEMPTS + 1):
        with open_echoing_room(LOSS_DB) as room:
            path = tmp_path / f"{attempt}.npz"
            subprocess.run([*command, str(path)], env=room.environment, check=True, timeout=PATIENCE_S)
        heard = np.load(path)
        near, cleaned, far = heard["near"], heard["cleaned"], heard["far"]
        begins = int(np.flatnonzero(np.abs(far) > 0.01)[0])
        late = slice(begins + 4 * LISTENING_RATE, begins + 10 * LISTENING_RATE)
        try:
            assert level_db(near[late]) == pytest.approx(level_db(far[late]) - LOSS_DB, abs=2)
            assert level_db(cleaned[late]) < level_db(near[late]) - 30
            assert sum(speech_blocks(cleaned)[late.start // BLOCK :]) == 0
            assert heard["echo_free"]
            return
        except AssertionError:  # a sound server on a busy machine leaves gaps of its own now and then
            if attempt == ATTEMPTS:
                raise
