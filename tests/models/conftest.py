"""Fixtures of the tests of fetching: a folder of wheels, and a pip that uses nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.small import Server, serve


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder for the wheels and files of a test's server."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def plain_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip without the configuration of this machine."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")  # with none, pip does not say that it could not connect


@pytest.fixture
def pip_from_shelf(plain_pip: None, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds the wheels in `shelf` and asks no index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))


@pytest.fixture
def server(plain_pip: None, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server for pip and huggingface_hub with the files in `shelf`."""
    with serve(shelf) as running:
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple/")
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
        yield running
