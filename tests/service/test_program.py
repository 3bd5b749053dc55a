from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.host.ownership import trusted_users
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


ME = trusted_users()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment of this user alone, which this process seems to run in."""
    root = tmp_path / "venv"
    for name in ("bin/assistant", "lib/assistant/__init__.py", "lib/library/deep/module.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(root / "lib"))
    monkeypatch.setattr("sys.path", [str(root / "lib")])
    monkeypatch.setattr("sys.executable", "/usr/bin/env")
    monkeypatch.setattr("sys.base_prefix", "/usr")
    monkeypatch.setattr("assistant.__file__", str(root / "lib" / "assistant" / "__init__.py"))
    return root


def test_a_program_that_only_its_user_can_change_may_be_installed(environment: Path) -> None:
    program.refuse_writable(environment / "bin" / "assistant", ME, "move it")


@pytest.mark.parametrize(
    "changed", [".", "bin", "bin/assistant", "lib", "lib/library/deep", "lib/library/deep/module.py"]
)
def test_what_another_user_can_change_anywhere_in_it_is_refused(environment: Path, changed: str) -> None:
    (environment / changed).chmod(0o777)
    with pytest.raises(AssistantError, match="move it") as raised:
        program.refuse_writable(environment / "bin" / "assistant", ME, "move it")
    assert raised.value.code is Code.SERVICE_WRITABLE
    assert str(environment / changed) in raised.value.message


def test_a_folder_that_modules_are_imported_from_counts(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "checkout"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    monkeypatch.setattr("sys.path", [str(environment / "lib"), str(elsewhere)])
    with pytest.raises(AssistantError, match=str(elsewhere)):
        program.refuse_writable(environment / "bin" / "assistant", ME, "move it")


def test_the_advice_on_moving_has_commands() -> None:
    commands = program.how_to_move()
    assert "python3 -m venv /opt/assistant" in commands
    assert "/opt/assistant/bin/assistant service install" in commands
