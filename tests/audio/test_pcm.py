"""Levels of samples."""

import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, FLOOR_DB, level


def test_silence_and_full_scale_have_a_level() -> None:
    assert level(np.zeros(BLOCK, np.float32)) == FLOOR_DB
    assert level(np.ones(BLOCK, np.float32)) == pytest.approx(0.0, abs=0.01)
    assert level(np.full(BLOCK, 0.1, np.float32)) == pytest.approx(-20.0, abs=0.01)
