"""The machine that the tests share."""

from collections.abc import Iterator

import pytest

from tests.machine import image
from tests.machine.image import Image
from tests.machine.workshop import Workshop


@pytest.fixture(scope="session")
def debian() -> Image:
    return image.make()


@pytest.fixture(scope="session")
def workshop(debian: Image) -> Iterator[Workshop]:
    with Workshop(debian) as workshop:
        yield workshop
