"""The attacks that take no more than a few seconds, one after another, on a daemon that survives them all."""

from collections.abc import Iterator

import pytest

from tests.attacks.arena import Arena
from tests.attacks.attack import Attack, carry_out
from tests.attacks.every import EVERY

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("models")]

QUICK = [attack for attack in EVERY if not attack.slow]


@pytest.fixture(scope="module")
def arena(models: None) -> Iterator[Arena]:
    with Arena.opened() as arena:
        yield arena


@pytest.mark.parametrize("attack", QUICK, ids=lambda attack: attack.name)
def test_it_goes_on(arena: Arena, attack: Attack) -> None:
    carry_out(attack, arena, asking=False)
