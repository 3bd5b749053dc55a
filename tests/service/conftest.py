from pathlib import Path

import pytest

from assistant.models import catalog
from assistant.models.catalog import Catalog
from tests.models.small import ears, words
from tests.service.machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without the service, with two small models in its catalogue."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    small = Catalog(models=(ears(shelf), words(shelf)))
    monkeypatch.setattr(catalog, "shipped", lambda: small)
    return Machine(tmp_path / "root")
