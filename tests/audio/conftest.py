"""What the audio tests share: the virtual room, and a clock that jumps."""

from collections.abc import Iterator

import pytest

from assistant.testing.clock import JumpingLoop
from tests.room import Room, open_room


@pytest.fixture(scope="session")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": JumpingLoop}
