from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.background import Background


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    daemon = Background(tmp_path)
    daemon.start()
    yield daemon
    daemon.end()
