"""What the audio tests share: a clock that jumps."""

import pytest

from assistant.testing.clock import JumpingLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": JumpingLoop}
