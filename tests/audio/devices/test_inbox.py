"""Deliveries between a device's thread and the event loop."""

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from assistant.audio.devices.cutter import BlockCutter
from assistant.audio.devices.inbox import BUFFER_S, Inbox, joined
from assistant.audio.pcm import BLOCK, LISTENING_RATE
from tests.audio.devices.deliveries import PERIOD, RATE, delivered


def test_a_full_inbox_drops_the_oldest_only() -> None:
    inbox = Inbox(RATE)
    periods = round(3 * BUFFER_S * RATE / PERIOD)
    for delivery in delivered(periods):
        inbox.put(delivery.samples, delivery.captured_at, False)
    left = inbox.take()
    assert sum(len(delivery.samples) for delivery in left) == BUFFER_S * RATE
    assert left[-1].end == periods * PERIOD
    assert inbox.take() == []


@pytest.mark.anyio
async def test_the_loop_is_not_woken_before_there_is_enough_for_a_block() -> None:
    inbox, cutter = Inbox(RATE), BlockCutter(RATE)
    periods_a_block = BLOCK * RATE / LISTENING_RATE / PERIOD
    with inbox.waking() as arrived:
        for blocks, expected in ((1, 100 / periods_a_block), (3, 100 / periods_a_block / 3)):
            woken = 0
            for delivery in delivered(100):
                inbox.put(delivery.samples, delivery.captured_at, False)
                await anyio.lowlevel.checkpoint()
                if not arrived.is_set():
                    continue
                arrived.clear()
                assert [block for piece in joined(inbox.take()) for block in cutter.cut(piece)] or woken < 2
                inbox.wake_at = cutter.missing(blocks)
                woken += 1
            assert woken == pytest.approx(expected, abs=3)


def test_samples_that_the_device_lost_are_estimated_from_its_clock() -> None:
    inbox = Inbox(RATE)
    samples = np.zeros(PERIOD, np.float32)
    inbox.put(samples, 100.0, False)
    inbox.put(samples, 100.0 + 5 * PERIOD / RATE, True)
    inbox.put(samples, 100.0 + 6 * PERIOD / RATE, False)
    assert [delivery.position for delivery in inbox.take()] == [0, 5 * PERIOD, 6 * PERIOD]


def test_the_inbox_keeps_samples_that_the_device_overwrites() -> None:
    inbox = Inbox(RATE)
    samples = np.ones(PERIOD, np.float32)
    inbox.put(samples, 100.0, False)
    samples[:] = 0
    assert inbox.take()[0].samples.all()


def test_deliveries_are_joined_up_to_a_gap() -> None:
    pieces = joined([*delivered(3), *delivered(2, start=5)])
    assert [(piece.position, len(piece.samples)) for piece in pieces] == [(0, 3 * PERIOD), (5 * PERIOD, 2 * PERIOD)]
    assert [piece.captured_at for piece in pieces] == [100 + 3 * PERIOD / RATE, 100 + 7 * PERIOD / RATE]
