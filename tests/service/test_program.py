from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.service import program


def refusal(path: Path) -> AssistantError:
    with pytest.raises(AssistantError) as raised:
        program.refuse_hidden([path], "move it")
    return raised.value


@pytest.mark.parametrize("folder", ["/home/ada/assistant", "/root/venv", "/tmp/copy", "/var/tmp/x"])
def test_a_hidden_path_is_refused_with_advice(folder: str) -> None:
    error = refusal(Path(folder) / "bin/assistant")
    assert error.code is Code.SERVICE_HIDDEN
    assert folder in error.message
    assert error.message.endswith("; move it")


def test_a_folder_closed_to_other_users_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "HIDDEN", ())
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    closed.chmod(0o700)
    assert f"{closed} is closed to other users" in refusal(closed / "bin" / "assistant").message


def test_system_folders_are_readable() -> None:
    program.refuse_hidden([Path("/usr/bin/python3"), Path("/opt/assistant/bin/assistant")], "nothing to do")


def test_the_command_of_this_installation_is_found_with_all_it_reads() -> None:
    own = program.own_program()
    assert own.name == "assistant"
    read = program.program_files(own)
    assert Path(program.__file__).resolve().parents[1] / "__init__.py" in read
    assert all(path.exists() for path in read)


def test_the_advice_on_moving_has_commands() -> None:
    commands = program.how_to_move()
    assert "python3 -m venv /opt/assistant" in commands
    assert "/opt/assistant/bin/assistant service install" in commands
