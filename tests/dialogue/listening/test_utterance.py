"""The audio of an utterance while it grows."""

import anyio
import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock
from assistant.dialogue.listening.utterance import PreRoll, ScoredBlock, Utterance


def block(number: int) -> AudioBlock:
    return AudioBlock(np.full(BLOCK, number, np.float32), number * BLOCK, 0.0)


def test_the_memory_keeps_the_last_moments_and_finds_them_by_the_audio_clock() -> None:
    memory = PreRoll(0.32)
    for number in range(20):
        memory.push(ScoredBlock(block(number), 0.5))
    assert [scored.block.start // BLOCK for scored in memory.between(0, 20 * BLOCK)] == list(range(10, 20))
    assert [scored.block.start // BLOCK for scored in memory.between(12 * BLOCK + 1, 15 * BLOCK)] == [12, 13, 14]


def test_audio_handed_out_does_not_change_when_more_comes() -> None:
    utterance = Utterance(1.0)
    utterance.append(np.ones(100, np.float32))
    early = utterance.audio
    utterance.append(np.full(100, 2, np.float32))
    assert early.tolist() == [1.0] * 100
    assert len(utterance.audio) == 200


def test_audio_beyond_the_longest_utterance_is_left_out() -> None:
    utterance = Utterance(1.0)
    for _ in range(40):
        utterance.append(np.ones(BLOCK, np.float32))
    assert len(utterance.audio) == LISTENING_RATE


@pytest.mark.anyio
async def test_waiting_for_audio_ends_when_enough_has_come() -> None:
    utterance = Utterance(1.0)
    seen: list[int] = []

    async def wait() -> None:
        await utterance.reaches(2 * BLOCK)
        seen.append(len(utterance.audio))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        for _ in range(3):
            await anyio.wait_all_tasks_blocked()
            utterance.append(np.ones(BLOCK, np.float32))
    assert seen == [2 * BLOCK]
