import numpy as np
import pytest

from assistant.audio.echo.convergence import DOUBT_S, EVIDENCE_S, Convergence
from assistant.audio.pcm import LISTENING_RATE, Samples

FRAME = 160
NOISE = 10 ** (-70 / 20)


def noise(seed: int, level_db: float = -20.0) -> Samples:
    samples = np.random.default_rng(seed).standard_normal(FRAME).astype(np.float32)
    return samples * np.float32(10 ** (level_db / 20))


def hear(
    convergence: Convergence,
    seconds: float,
    *,
    echo_db: float,
    left_db: float,
    user_db: float = -200,
    far_db: float = -20,
) -> None:
    """Let it hear the loudspeaker at `far_db`, whose echo in the microphone has been lowered to `left_db`."""
    silence = noise(0, -200)
    for number in range(round(seconds * LISTENING_RATE / FRAME)):
        user, room = noise(3 * number + 1, user_db), noise(3 * number + 2, -70)
        far = noise(3 * number, far_db) if far_db > -200 else silence
        gains = (np.float32(10 ** ((level - far_db) / 20)) for level in (echo_db, left_db))
        near, cleaned = (far * gain + user + room for gain in gains)
        convergence.observe(near, far, cleaned)


@pytest.fixture
def converged() -> Convergence:
    convergence = Convergence()
    hear(convergence, EVIDENCE_S + 1, echo_db=-30, left_db=-80)
    assert convergence.converged
    return convergence


def test_an_echo_that_stays_low_is_believed_after_a_while() -> None:
    convergence = Convergence()
    hear(convergence, EVIDENCE_S - 0.5, echo_db=-30, left_db=-60)
    assert not convergence.converged
    hear(convergence, 1.0, echo_db=-30, left_db=-60)
    assert convergence.converged
    assert convergence.erle_db == pytest.approx(30, abs=1)
    assert convergence.residual_db == pytest.approx(-60, abs=1)


def test_an_echo_that_comes_through_in_between_is_not() -> None:
    convergence = Convergence()
    for _ in range(5):
        hear(convergence, EVIDENCE_S - 0.5, echo_db=-30, left_db=-60)
        hear(convergence, 0.3, echo_db=-30, left_db=-33)
    assert not convergence.converged


def test_silence_and_the_user_alone_prove_nothing() -> None:
    convergence = Convergence()
    hear(convergence, 10, echo_db=-200, left_db=-200, far_db=-200)
    hear(convergence, 10, echo_db=-200, left_db=-200, far_db=-200, user_db=-20)
    assert not convergence.converged
    assert convergence.erle_db is None
    assert convergence.residual_db is None


def test_where_there_is_no_echo_there_is_nothing_to_wait_for_in_the_end() -> None:
    convergence = Convergence()
    hear(convergence, 3 * EVIDENCE_S + 1, echo_db=-90, left_db=-90)
    assert convergence.converged


def test_a_user_who_speaks_over_it_changes_nothing(converged: Convergence) -> None:
    for _ in range(5):
        hear(converged, DOUBT_S - 1.5, echo_db=-30, left_db=-80, user_db=-25)
        assert converged.converged
        hear(converged, 3, echo_db=-30, left_db=-80)
        assert converged.converged


def test_an_echo_that_comes_through_for_long_does_until_it_is_low_again(converged: Convergence) -> None:
    hear(converged, DOUBT_S + 1, echo_db=-30, left_db=-33)
    assert not converged.converged
    hear(converged, EVIDENCE_S + 1, echo_db=-30, left_db=-80)
    assert converged.converged


def test_what_it_knows_lasts_through_silence(converged: Convergence) -> None:
    hear(converged, 60, echo_db=-200, left_db=-200, far_db=-200, user_db=-20)
    assert converged.converged
