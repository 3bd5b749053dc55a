from pathlib import Path

from assistant.service.files import is_ours, rendered


def test_a_file_of_ours_is_known_by_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "assistant.service"
    assert is_ours(file), "nothing is in the way"
    file.write_text(rendered("assistant.service", Path("/opt/assistant/bin/assistant")))
    assert is_ours(file)
    file.write_text("[Service]\nExecStart=/usr/bin/other\n")
    assert not is_ours(file)


def test_a_masked_unit_is_not_ours(tmp_path: Path) -> None:
    masked = tmp_path / "assistant.service"
    masked.symlink_to("/dev/null")
    assert not is_ours(masked)
