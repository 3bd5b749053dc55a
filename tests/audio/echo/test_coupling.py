"""Telling a user from the echo by loudness."""

import numpy as np

from assistant.audio.echo.coupling import MIN_LEARNT, Coupling
from assistant.audio.pcm import BLOCK, Samples


def at(db: float) -> Samples:
    return np.full(BLOCK, 10 ** (db / 20), np.float32)


def learnt(loss_db: float) -> Coupling:
    coupling = Coupling()
    for _ in range(MIN_LEARNT):
        assert coupling.excess_db(at(-20 - loss_db), at(-20)) is None
    return coupling


def test_an_echo_is_as_loud_as_it_was() -> None:
    for loss_db in (0.0, 10.0, 30.0):
        excess = learnt(loss_db).excess_db(at(-25 - loss_db), at(-25))
        assert excess is not None
        assert abs(excess) < 6


def test_a_user_is_louder() -> None:
    excess = learnt(20).excess_db(at(-30), at(-20))
    assert excess is not None
    assert excess > 9


def test_the_tail_of_a_loud_sound_is_no_user() -> None:
    coupling = learnt(20)
    coupling.excess_db(at(-30), at(-10))
    excess = coupling.excess_db(at(-32), at(-60))
    assert excess is not None
    assert excess < 0


def test_a_user_who_speaks_over_it_does_not_become_the_echo() -> None:
    coupling = learnt(20)
    for _ in range(2 * MIN_LEARNT):
        coupling.excess_db(at(-40), at(-20))
    for _ in range(MIN_LEARNT):
        excess = coupling.excess_db(at(-25), at(-20))
        assert excess is not None
        assert excess > 10


def test_silence_teaches_nothing() -> None:
    coupling = Coupling()
    for _ in range(10 * MIN_LEARNT):
        assert coupling.excess_db(at(-60), at(-90)) is None
