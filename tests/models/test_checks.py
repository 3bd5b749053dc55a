import os
from pathlib import Path

import pytest

from assistant.models import checks
from assistant.models.catalog import Model
from tests.models.small import EARS_FILES, ears, install


@pytest.fixture
def model(shelf: Path) -> Model:
    return ears(shelf)


@pytest.fixture
def directory(model: Model, tmp_path: Path) -> Path:
    installed = tmp_path / model.name
    install(model, installed, EARS_FILES)
    return installed


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def decay(path: Path) -> None:
    """Change a bit as a failing disk does: without a trace in the directory."""
    before = path.stat()
    flip_a_bit(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> str:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(checks, "sha256", read)


def test_correct_files_are_read_only_once(model: Model, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.changed(model, directory) == {}
    forbid_reading(monkeypatch)
    assert checks.changed(model, directory) == {}


def test_a_flipped_bit_is_found_although_the_file_was_correct_before(model: Model, directory: Path) -> None:
    assert checks.changed(model, directory) == {}
    flip_a_bit(directory / "model.bin")
    assert set(checks.changed(model, directory)) == {"model.bin"}
    assert "SHA-256" in checks.changed(model, directory)["model.bin"], "and again the next time"


def test_silent_decay_is_found_by_verify_and_refused_from_then_on(model: Model, directory: Path) -> None:
    assert checks.changed(model, directory) == {}
    decay(directory / "model.bin")
    assert checks.changed(model, directory) == {}, "the record is trusted"
    assert set(checks.verify(model, directory)) == {"model.bin"}
    assert set(checks.changed(model, directory)) == {"model.bin"}


def test_a_copy_with_new_times_is_read_once(model: Model, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.changed(model, directory) == {}
    os.utime(directory / "model.bin", ns=(1, 1))
    assert checks.changed(model, directory) == {}
    forbid_reading(monkeypatch)
    assert checks.changed(model, directory) == {}


def test_a_truncated_file_is_found_by_its_size_alone(
    model: Model, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(directory / "model.bin", 10)
    os.truncate(directory / "config.json", 3)
    forbid_reading(monkeypatch)
    assert checks.verify(model, directory) == {
        "model.bin": f"has 10 bytes instead of {len(EARS_FILES['model.bin'])}",
        "config.json": f"has 3 bytes instead of {len(EARS_FILES['config.json'])}",
    }


def test_a_missing_file_is_named(model: Model, directory: Path) -> None:
    (directory / "config.json").unlink()
    assert checks.changed(model, directory) == {"config.json": "is missing"}


def test_a_file_that_cannot_be_read_is_named(model: Model, directory: Path) -> None:
    (directory / "config.json").unlink()
    (directory / "config.json").symlink_to("config.json")
    assert checks.verify(model, directory) == {"config.json": "cannot be read: Too many levels of symbolic links"}


def test_a_record_of_another_version_of_the_model_is_ignored(
    model: Model, directory: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.changed(model, directory) == {}
    record = directory / checks.RECORD
    record.write_text(record.read_text().replace(model.files[0].sha256, "0" * 64))
    reads: list[Path] = []

    def read(path: Path) -> str:
        reads.append(path)
        return "another"

    monkeypatch.setattr(checks, "sha256", read)
    assert set(checks.changed(model, directory)) == {"model.bin"}
    assert reads == [directory / "model.bin"]


def test_an_unreadable_record_means_reading_everything(model: Model, directory: Path) -> None:
    (directory / checks.RECORD).write_bytes(b"{half a rec")
    flip_a_bit(directory / "config.json")
    assert set(checks.changed(model, directory)) == {"config.json"}


def test_a_store_where_no_record_can_be_written_still_works(model: Model, directory: Path) -> None:
    (directory / checks.RECORD).mkdir()
    assert checks.changed(model, directory) == {}
    flip_a_bit(directory / "config.json")
    assert set(checks.changed(model, directory)) == {"config.json"}
