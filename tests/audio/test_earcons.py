"""Short sounds: soft at their edges, short, and told apart."""

import numpy as np
import pytest

from assistant.audio.earcons import LEVEL, RATE, Earcon, sound


@pytest.mark.parametrize("earcon", list(Earcon))
def test_a_sound_is_short_quiet_and_does_not_click(earcon: Earcon) -> None:
    made = sound(earcon)
    assert 0.05 * RATE < len(made) <= 0.25 * RATE
    assert 0.5 * LEVEL < np.abs(made).max() <= LEVEL
    assert abs(made[0]) < 0.001
    assert abs(made[-1]) < 0.001
    assert np.abs(np.diff(made)).max() < 0.08  # a step of a sine of 1.5 kHz


def test_no_two_sounds_are_the_same() -> None:
    sounds = [sound(earcon).tobytes() for earcon in Earcon]
    assert len(set(sounds)) == len(sounds)
