from collections.abc import Callable, Iterator

import numpy as np
import pytest

from assistant.audio.devices.inbox import BUFFER_S
from assistant.audio.echo.reference import TOLERANCE, Reference
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples

RATE = 48_000
PERIOD_S = 0.01
BEGAN = 100.0
AHEAD_S = 0.05
"""How long a device holds samples before they leave it."""

Clock = Callable[[float], float]
"""The monotonic time that a device states for a moment (seconds since `BEGAN`) of its stream."""


def true(moment: float) -> float:
    return BEGAN + moment


def jittery(seed: int, spread_s: float = 0.01) -> Clock:
    random = np.random.default_rng(seed)
    return lambda moment: BEGAN + moment + float(random.uniform(-spread_s, spread_s))


class Loudspeaker:
    """Plays a signal of which each sample tells when it left the device, in seconds since `BEGAN`."""

    def __init__(self, reference: Reference, clock: Clock = true, *, rate: int = RATE) -> None:
        self._reference = reference
        self._clock = clock
        self._rate = rate
        self._position = 0

    def play_until(self, moment: float) -> None:
        while self._position / self._rate + PERIOD_S <= moment:
            self._play(underrun=False)

    def underrun(self, seconds: float) -> None:
        self._position += round(seconds * self._rate)
        self._play(underrun=True)

    def _play(self, *, underrun: bool) -> None:
        times = np.arange(self._position, self._position + round(PERIOD_S * self._rate)) / self._rate
        self._position += len(times)
        self._reference.put(times.astype(np.float32), self._clock(self._position / self._rate), underrun)


def microphone(seconds: float, clock: Clock = true, *, start: int = 0) -> Iterator[AudioBlock]:
    for position in range(start, start + round(seconds * LISTENING_RATE), BLOCK):
        yield AudioBlock(np.zeros(BLOCK, np.float32), position, clock((position + BLOCK) / LISTENING_RATE))


def heard(reference: Reference, loudspeaker: Loudspeaker, blocks: Iterator[AudioBlock], ahead: int = 0) -> Samples:
    """What the reference says to each block when it is read as soon as it is captured."""
    answers = []
    for block in blocks:
        loudspeaker.play_until(block.end / LISTENING_RATE + AHEAD_S)
        answers.append(reference.beside(block, ahead))
    return np.concatenate(answers)


def moments(count: int, start: int = 0) -> Samples:
    return (np.arange(start, start + count) / LISTENING_RATE).astype(np.float32)


@pytest.mark.parametrize("ahead", [0, 320])
def test_it_has_what_left_the_loudspeaker_while_the_block_was_captured(ahead: int) -> None:
    reference = Reference(RATE)
    answers = heard(reference, Loudspeaker(reference), microphone(3.0), ahead)
    np.testing.assert_allclose(answers[BLOCK:], moments(len(answers), ahead)[BLOCK:], atol=0.001)


def test_timestamps_that_jump_leave_no_gap_and_double_nothing() -> None:
    reference = Reference(LISTENING_RATE)
    loudspeaker = Loudspeaker(reference, jittery(1), rate=LISTENING_RATE)
    answers = heard(reference, loudspeaker, microphone(20.0, jittery(2)))
    settled = answers[2 * LISTENING_RATE :]
    steps = np.diff(settled) * LISTENING_RATE
    assert np.abs(steps - 1).max() < 1.1
    assert np.count_nonzero(np.abs(steps - 1) > 0.9) < 40
    np.testing.assert_allclose(settled, moments(len(settled), 2 * LISTENING_RATE), atol=0.015)


@pytest.mark.parametrize("faster", [100e-6, -100e-6])
def test_a_clock_that_drifts_is_followed_a_sample_at_a_time(faster: float) -> None:
    reference = Reference(LISTENING_RATE)
    loudspeaker = Loudspeaker(reference, lambda moment: BEGAN + moment * (1 + faster), rate=LISTENING_RATE)
    answers = heard(reference, loudspeaker, microphone(150.0))
    late = moments(len(answers)) / np.float32(1 + faster) - answers
    assert np.abs(late[BLOCK:]).max() * LISTENING_RATE < TOLERANCE + 40
    assert np.abs(np.diff(late[BLOCK:])).max() * LISTENING_RATE < 1.5


def test_another_path_through_the_sound_server_is_taken_over_within_a_second() -> None:
    reference = Reference(RATE)
    moved_s = 0.0
    loudspeaker = Loudspeaker(reference, lambda moment: BEGAN + moment + moved_s)
    heard(reference, loudspeaker, microphone(5.0))
    moved_s = 0.15
    answers = heard(reference, loudspeaker, microphone(3.0, start=5 * LISTENING_RATE))
    settled = answers[LISTENING_RATE:]
    np.testing.assert_allclose(settled, moments(len(settled), 6 * LISTENING_RATE) - 0.15, atol=0.001)


def test_blocks_after_a_gap_of_the_microphone_are_beside_what_was_played_then() -> None:
    reference = Reference(RATE)
    loudspeaker = Loudspeaker(reference)
    heard(reference, loudspeaker, microphone(2.0))
    answers = heard(reference, loudspeaker, microphone(1.0, start=3 * LISTENING_RATE))
    np.testing.assert_allclose(answers, moments(len(answers), 3 * LISTENING_RATE), atol=0.001)


def test_a_loudspeaker_with_an_underrun_was_silent_and_is_on_time_again() -> None:
    reference = Reference(RATE)
    loudspeaker = Loudspeaker(reference)
    heard(reference, loudspeaker, microphone(2.0))
    loudspeaker.underrun(0.5)
    answers = heard(reference, loudspeaker, microphone(2.0, start=2 * LISTENING_RATE))
    silent = np.flatnonzero(answers == 0)
    assert len(silent) / LISTENING_RATE == pytest.approx(0.5, abs=0.02)
    settled = answers[LISTENING_RATE:]
    np.testing.assert_allclose(settled, moments(len(settled), 3 * LISTENING_RATE), atol=0.001)


def test_after_a_gap_whose_length_was_guessed_wrong_it_is_right_again_within_two_tenths_of_a_second() -> None:
    reference = Reference(RATE)
    guessed_s = 0.0
    loudspeaker = Loudspeaker(reference, lambda moment: BEGAN + moment + guessed_s)
    heard(reference, loudspeaker, microphone(5.0))
    loudspeaker.underrun(0.1)
    guessed_s = 0.04
    answers = heard(reference, loudspeaker, microphone(2.0, start=5 * LISTENING_RATE))
    settled = answers[round(0.4 * LISTENING_RATE) :]
    np.testing.assert_allclose(settled, moments(len(settled), round(5.4 * LISTENING_RATE)) - 0.04, atol=0.001)


def test_before_anything_is_played_there_is_silence() -> None:
    [block] = microphone(BLOCK / LISTENING_RATE)
    assert not Reference(RATE).beside(block).any()


def test_a_microphone_that_begins_anew_is_beside_what_is_played_now() -> None:
    reference = Reference(RATE)
    loudspeaker = Loudspeaker(reference)
    heard(reference, loudspeaker, microphone(5.0))
    later = (
        AudioBlock(block.samples, block.start - 5 * LISTENING_RATE, block.captured_at)
        for block in microphone(1.0, start=5 * LISTENING_RATE)
    )
    loudspeaker.play_until(6.1)
    answers = np.concatenate([reference.beside(block) for block in later])
    np.testing.assert_allclose(answers, moments(len(answers), 5 * LISTENING_RATE), atol=0.001)


def test_what_is_never_read_is_discarded() -> None:
    reference = Reference(LISTENING_RATE)
    Loudspeaker(reference, rate=LISTENING_RATE).play_until(60.0)
    ends = [round(end_s * LISTENING_RATE / BLOCK) * BLOCK for end_s in (30.0, 60.0 - BUFFER_S / 2)]
    old, late = (AudioBlock(np.zeros(BLOCK, np.float32), end - BLOCK, BEGAN + end / LISTENING_RATE) for end in ends)
    assert not reference.beside(old).any()
    np.testing.assert_allclose(reference.beside(late), moments(BLOCK, late.start), atol=0.001)


def test_the_device_may_overwrite_what_it_gave() -> None:
    reference = Reference(LISTENING_RATE)
    samples = np.full(2 * BLOCK, 0.5, np.float32)
    reference.put(samples, BEGAN + 2 * BLOCK / LISTENING_RATE, False)
    samples[:] = 0
    [block] = microphone(BLOCK / LISTENING_RATE)
    assert (reference.beside(block) == 0.5).all()
