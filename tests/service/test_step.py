import os
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.service.step import RemoveFile, WriteFile, WriteOnce, carry_out


def test_a_finished_step_is_skipped_and_printed_as_unchanged(tmp_path: Path) -> None:
    said: list[str] = []
    step = WriteFile(tmp_path / "deep" / "file", "text")
    for _ in range(2):
        carry_out([step], said.append, dry_run=False)
    assert said == [f"{step.path}: written", f"{step.path}: unchanged"]
    assert step.path.read_text() == "text"


def test_a_dry_run_prints_and_changes_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    carry_out([WriteFile(tmp_path / "file", "text")], said.append, dry_run=True)
    assert said == [f"{tmp_path}/file: would be written"]
    assert not list(tmp_path.iterdir())


def test_a_strict_umask_hides_nothing_from_the_service(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        carry_out([WriteFile(tmp_path / "deep" / "file", "text")], lambda line: None, dry_run=False)
        assert os.umask(0o077) == 0o077, "it is as it was"
    finally:
        os.umask(before)
    assert (tmp_path / "deep" / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o755


def test_a_file_of_the_user_is_written_once(tmp_path: Path) -> None:
    step = WriteOnce(tmp_path / "config.yaml", "default")
    step.do()
    step.path.write_text("mine")
    assert step.is_done()


def test_the_drop_in_folder_is_removed_with_its_last_file(tmp_path: Path) -> None:
    folder = tmp_path / "assistant.service.d"
    ours, other = folder / "gpu.conf", folder / "override.conf"
    for file in (ours, other):
        WriteFile(file, "").do()
    RemoveFile(ours).do()
    assert list(folder.iterdir()) == [other]
    RemoveFile(other).do()
    assert not folder.exists()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AssistantError) as raised:
        carry_out([WriteFile(tmp_path / "file" / "below", "")], lambda line: None, dry_run=False)
    assert raised.value.code is Code.SERVICE_FAILED
    assert str(tmp_path / "file") in raised.value.message
