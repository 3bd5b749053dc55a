"""Which installation is examined."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.doctor.installation import find_installation
from assistant.doctor.service import ServiceFacts
from assistant.service import layout
from tests.doctor.test_service import told


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Path of this user's configuration, which does not exist yet."""
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "own.yaml"))
    monkeypatch.setenv("ASSISTANT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "own.yaml"


def test_without_a_configuration_of_the_user_the_system_service_is_examined(own: Path, tmp_path: Path) -> None:
    system = layout.of_the_system(tmp_path)
    found = find_installation(None, replace(told(), layout=system))
    assert (found.config, found.models.root, found.state) == (system.config, system.models, system.state)


def test_the_users_own_configuration_comes_first(own: Path, tmp_path: Path) -> None:
    own.touch()
    found = find_installation(None, told())
    assert (found.config, found.models.root, found.state) == (own, tmp_path / "models", tmp_path / "state")


def test_the_file_that_was_asked_for_comes_before_all(own: Path, tmp_path: Path) -> None:
    own.touch()
    assert find_installation(tmp_path / "other.yaml", told()).config == tmp_path / "other.yaml"


def test_without_any_file_the_default_is_examined(own: Path) -> None:
    assert find_installation(None, ServiceFacts(layout.of_the_system())).config is None
