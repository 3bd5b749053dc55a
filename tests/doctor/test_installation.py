"""Which installation is meant."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.doctor.installation import find_installation
from assistant.doctor.service import ServiceFacts
from assistant.service import layout
from tests.doctor.test_service import told


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's configuration would be."""
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "own.yaml"))
    monkeypatch.setenv("ASSISTANT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "own.yaml"


def test_where_only_the_system_has_one_it_is_meant(own: Path, tmp_path: Path) -> None:
    system = layout.of_the_system(tmp_path)
    found = find_installation(None, replace(told(), layout=system))
    assert (found.config, found.models.root, found.state) == (system.config, system.models, system.state)


def test_a_configuration_of_ones_own_comes_first(own: Path, tmp_path: Path) -> None:
    own.touch()
    found = find_installation(None, told())
    assert (found.config, found.models.root, found.state) == (own, tmp_path / "models", tmp_path / "state")


def test_the_file_that_was_asked_for_comes_before_all(own: Path, tmp_path: Path) -> None:
    own.touch()
    assert find_installation(tmp_path / "other.yaml", told()).config == tmp_path / "other.yaml"


def test_without_any_it_is_the_default(own: Path) -> None:
    assert find_installation(None, ServiceFacts(layout.of_the_system())).config is None
