"""Other programs are started in one way, which runs nothing of the current folder."""

import ast
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.host import children

PACKAGE = Path(children.__file__).parents[1]

STARTING = {
    *(f"os.{name}" for name in ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile")),
    *(f"os.exec{how}" for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    *(f"os.spawn{how}" for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    *(f"anyio.{name}" for name in ("open_process", "run_process", "to_process", "to_interpreter")),
    *(f"asyncio.{name}" for name in ("create_subprocess_exec", "create_subprocess_shell")),
    *("subprocess", "multiprocessing", "pty", "webbrowser", "ctypes.util"),
    "concurrent.futures.ProcessPoolExecutor",
}
"""What starts a program, by itself or in the standard library's search for something."""

ALLOWED = {
    "host/children.py": "the one way",
    "bench/load/run.py": "a load generator of its own for the benchmark, whose command is made by `children`",
    "bench/soak/daemon_process.py": "a daemon in the virtual room, whose command is made by `children`",
    "bench/soak/run.py": "plays noise into the virtual room of the benchmark",
    "bench/soak/scenario.py": "plays recordings into the virtual room of the benchmark",
    "testing/stranger.py": "tries it in a sandbox, where it must not succeed",
    "bench/soak/virtual_room.py": "the sound server of the virtual room, which has an environment of its own",
}
"""Files that start programs, with the reason."""


def starts(source: str) -> set[str]:
    """What of `STARTING` a module uses."""
    names: dict[str, str] = {}
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            whole = ast.unparse(node)
            first, _, rest = whole.partition(".")
            found.add(f"{names.get(first, first)}.{rest}")
    return {name for name in found if any(name == start or name.startswith(f"{start}.") for start in STARTING)}


def test_programs_are_started_in_one_place() -> None:
    starting = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if starts(file.read_text())}
    assert starting == ALLOWED.keys()


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "from subprocess import Popen",
        "import subprocess as other",
        "import os\nos.execv('/bin/sh', [])",
        "from os import posix_spawn",
        "import os as o\no.system('true')",
        "import anyio\nanyio.open_process(['true'])",
        "from anyio import run_process",
        "from anyio import to_process",
        "import asyncio\nasyncio.create_subprocess_exec('true')",
        "import multiprocessing.pool",
        "from concurrent.futures import ProcessPoolExecutor",
        "def later():\n    from ctypes import util",
    ],
)
def test_every_way_to_start_a_program_is_known(source: str) -> None:
    assert starts(source)


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, full of modules and programs that leave a mark when they are run."""
    folder = tmp_path / "trap"
    folder.mkdir()
    mark = tmp_path / "mark"
    for name in ("pip", "assistant", "msgspec", "runpy", "json", "sitecustomize", "usercustomize", "numpy"):
        (folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    for name in ("systemctl", "pactl", "true"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (folder / name).chmod(0o755)
    monkeypatch.chdir(folder)
    for name in ("PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, os.pathsep.join((".", "", str(folder.name), os.environ.get(name, ""))))
    monkeypatch.setenv("PYTHONSTARTUP", "pip.py")
    monkeypatch.setenv("BASH_ENV", "true")
    return mark


@pytest.mark.parametrize(
    "command",
    [
        children.library_module("pip", "--version"),
        children.own_module("assistant.models.hub"),
        children.own_module("assistant.llm.llama_probe"),
        children.own_module("assistant.doctor.sound", "{}"),
        ["true"],
        ["sh", "-c", "true"],
    ],
    ids=["pip", "hub", "probe", "sound", "by name", "shell"],
)
def test_nothing_of_the_current_folder_is_run(trap: Path, command: list[str]) -> None:
    children.run(command, timeout_s=60)
    assert not trap.exists()


def test_a_module_of_ours_is_the_one_of_this_very_package() -> None:
    shown = children.run_text(children.own_module("assistant.models.hub", "one"))
    assert str(PACKAGE / "models" / "hub.py") in shown.stderr
    assert "_main() missing" in shown.stderr


def test_a_library_is_the_installed_one() -> None:
    assert children.run_text(children.library_module("pip", "--version")).stdout.startswith("pip ")


def test_a_folder_that_others_can_write_is_no_place_for_programs(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder in (shared, own):
        folder.mkdir()
    shared.chmod(0o777)
    assert children.safe_path(f"{shared}:{own}:/usr/bin") == list(
        dict.fromkeys((str(own), "/usr/bin", *children.SYSTEM_PATH))
    )


@given(st.lists(st.sampled_from(["", ".", "..", "bin", "./bin", "~/bin", "/usr/bin", "/nowhere"]), max_size=8))
def test_a_path_keeps_absolute_folders_only_once_and_in_order(folders: list[str]) -> None:
    safe = children.safe_path(os.pathsep.join(folders))
    assert all(os.path.isabs(folder) for folder in safe)
    assert len(safe) == len(set(safe))
    assert [folder for folder in safe if folder not in children.SYSTEM_PATH] == list(
        dict.fromkeys(folder for folder in folders if folder == "/nowhere")
    )


def test_a_child_cannot_speak_to_the_service_manager_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LD_PRELOAD", "PYTHONHOME", "ENV"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PULSE_SERVER", "unix:/run/pulse")
    environment = children.environment({"TMPDIR": "/var/tmp"})
    assert not any(name.startswith((*children.WITHHELD, "ENV")) for name in environment)
    assert (environment["PULSE_SERVER"], environment["TMPDIR"]) == ("unix:/run/pulse", "/var/tmp")


def test_a_program_that_is_not_there_is_an_error_of_its_own() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program not found"):
        children.run(["no-such-program"])


def test_a_file_that_a_child_writes_ends_at_its_limit(tmp_path: Path) -> None:
    writer = "import sys; sys.stdin.read(); open(sys.argv[1], 'wb').write(bytes(3_000_000))"
    with tempfile.TemporaryFile("w+") as output:
        child = children.start(
            [sys.executable, "-c", f"import time\n{writer}", str(tmp_path / "file")],
            output=output,
            max_file_bytes=1_000_000,
        )
        assert child.wait() == 1
        output.seek(0)
        assert "File too large" in output.read()
    assert (tmp_path / "file").stat().st_size <= 1_000_000
