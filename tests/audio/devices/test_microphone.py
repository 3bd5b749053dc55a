import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.devices.microphone import BUFFER_S, BlockCutter, Heard, Inbox, joined
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.audio.resample import Resampler
from assistant.bench.clips import Clip
from tests.room import Room, listen, open_room, sounds

RATE = 48_000
PERIOD = 480
PATIENCE_S = 60


def delivered(count: int, *, start: int = 0) -> Iterator[Heard]:
    """Periods of a device at `RATE` that began to capture at 100 s; each sample tells its own time since then."""
    for position in range(start * PERIOD, (start + count) * PERIOD, PERIOD):
        times = np.arange(position, position + PERIOD) / RATE
        yield Heard(times.astype(np.float32), position, 100 + (position + PERIOD) / RATE)


def cut(cutter: BlockCutter, heard: Iterator[Heard]) -> list[AudioBlock]:
    return [block for period in heard for block in cutter.cut(period)]


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


def test_a_full_inbox_drops_the_oldest_only() -> None:
    inbox = Inbox(RATE)
    periods = round(3 * BUFFER_S * RATE / PERIOD)
    for heard in delivered(periods):
        inbox.put(heard.samples, heard.captured_at, False)
    kept = inbox.take()
    assert sum(len(heard.samples) for heard in kept) == BUFFER_S * RATE
    assert kept[-1].end == periods * PERIOD
    assert inbox.take() == []


def test_nobody_is_woken_before_there_is_enough_for_a_block() -> None:
    inbox, woken = Inbox(RATE), []
    inbox._wake = lambda: woken.append(len(woken))
    cutter = BlockCutter(RATE)
    periods_a_block = BLOCK * RATE / LISTENING_RATE / PERIOD
    for blocks, expected in ((1, 100 / periods_a_block), (3, 100 / periods_a_block / 3)):
        woken.clear()
        for heard in delivered(100):
            before = len(woken)
            inbox.put(heard.samples, heard.captured_at, False)
            if len(woken) > before:
                assert [block for piece in joined(inbox.take()) for block in cutter.cut(piece)] or before < 2
                inbox.wanted = cutter.wanted(blocks)
        assert len(woken) == pytest.approx(expected, abs=3)


def test_samples_that_the_device_lost_are_estimated_from_its_clock() -> None:
    inbox = Inbox(RATE)
    samples = np.zeros(PERIOD, np.float32)
    inbox.put(samples, 100.0, False)
    inbox.put(samples, 100.0 + 5 * PERIOD / RATE, True)
    inbox.put(samples, 100.0 + 6 * PERIOD / RATE, False)
    assert [heard.position for heard in inbox.take()] == [0, 5 * PERIOD, 6 * PERIOD]


def test_the_inbox_keeps_samples_that_the_device_overwrites() -> None:
    inbox = Inbox(RATE)
    samples = np.ones(PERIOD, np.float32)
    inbox.put(samples, 100.0, False)
    samples[:] = 0
    assert inbox.take()[0].samples.all()


@contextmanager
def hearing(room: Room, seconds: float, path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process in the room that hears by now."""
    command = [sys.executable, "-m", "tests.audio.in_room", "hear", str(seconds), str(path)]
    process = subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hearing\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_microphone_hears_what_is_said_in_the_room(room: Room, clips: dict[str, Clip], tmp_path: Path) -> None:
    with room.recording(tmp_path / "room.wav"), hearing(room, 5.0, tmp_path / "heard.npz") as process:
        room.speak(clips["q_grapefruit_in_french"].path)
        assert process.wait(PATIENCE_S) == 0
    [(start, end)] = sounds(listen(tmp_path / "room.wav").user)
    said = listen(tmp_path / "room.wav").user[round(start * RATE) : round(end * RATE)]
    heard = np.load(tmp_path / "heard.npz")
    assert heard["dropped"] == 0
    np.testing.assert_array_equal(heard["start"], np.arange(len(heard["start"])) * BLOCK)
    assert likeness(heard["samples"], Resampler(RATE, LISTENING_RATE).push(said)) > 0.99
    assert (heard["captured_at"] <= heard["came_at"]).all()
    intervals = np.diff(heard["captured_at"])
    assert intervals.mean() == pytest.approx(BLOCK / LISTENING_RATE, rel=0.05)


@pytest.mark.realtime
def test_a_microphone_that_falls_silent_is_an_error(tmp_path: Path) -> None:
    with open_room() as room, hearing(room, 600, tmp_path / "heard.npz") as process:
        room.unplug("mic")
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "error: device.failed: microphone 'default' delivers nothing" in errors


def test_a_microphone_that_is_switched_off_is_closed_and_hears_again_later(room: Room) -> None:
    command = [sys.executable, "-m", "tests.audio.in_room", "mute", "1.5"]
    done = subprocess.run(command, env=room.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    found = json.loads(done.stdout)
    before, meanwhile, afterwards = found["blocks"]
    assert before > 0
    assert meanwhile <= 2  # what was on its way
    assert afterwards > 10
    opened, closed, reopened = found["listeners"]
    assert opened == reopened == closed + 1


def likeness(heard: Samples, said: Samples) -> float:
    """Correlation, 0 to 1, where the two match best."""
    size = len(heard) + len(said)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    offset = int(product[: len(heard)].argmax())
    found = heard[offset : offset + len(said)]
    said = said[: len(found)]
    return float(found @ said / np.sqrt((found @ found) * (said @ said)))
