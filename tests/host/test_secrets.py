"""Where a key that stands in no configuration comes from."""

from pathlib import Path

import pytest

from assistant.errors import AssistantError
from assistant.host.secrets import secret


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("A_KEY", raising=False)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    return credentials


def test_it_is_the_variable_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "A_KEY").write_text("of the file")
    assert secret("A_KEY") == "of the file"
    monkeypatch.setenv("A_KEY", "of the environment")
    assert secret("A_KEY") == "of the environment"


def test_the_end_of_the_line_is_no_part_of_it(folder: Path) -> None:
    (folder / "A_KEY").write_bytes(b"sk-1 2\r\n")
    assert secret("A_KEY") == "sk-1 2"


def test_there_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret("A_KEY") is None
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert secret("A_KEY") is None


@pytest.mark.parametrize("name", ["../A_KEY", "/etc/hostname", "", "."])
def test_no_other_file_is_read(name: str, folder: Path) -> None:
    (folder.parent / "A_KEY").write_text("not yours")
    assert secret(name) is None


def test_what_cannot_be_read_is_an_error(folder: Path) -> None:
    (folder / "A_KEY").write_bytes(b"\xff\xfe")
    with pytest.raises(AssistantError, match="the credential A_KEY cannot be read"):
        secret("A_KEY")
