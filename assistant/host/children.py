"""The one way to start another program: nothing of the current folder is run, and nothing that another user can write.

`python -m NAME` looks for NAME in the current folder first, so that a `pip.py` lying there is executed, as root under
`sudo`; so does every relative entry of `PATH`, `PYTHONPATH` and their like. `tests/host/test_children.py` sees to it
that programs are started here alone.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import assistant
from assistant.host.ownership import trusted_users, writable_by_others

Completed = subprocess.CompletedProcess[str]
TimeoutExpired = subprocess.TimeoutExpired
Child = subprocess.Popen[bytes]

SAFE_FOLDER = "/"
"""Where children run: only root can put anything there, and what is relative to it leads nowhere."""

SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Follows what is left of the caller's PATH, which `su`, cron and a service manager may set without `sbin`."""

WITHHELD = ("PYTHON", "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")
"""Beginnings of variables that a child does not get: by some it would run other code, by the rest it could speak to
the service manager as if it were this process."""

ISOLATED = ("-P", "-E")
"""Options of Python: nothing from the current folder, nothing from `PYTHON…` variables. (`-I` would also leave out the
user's own packages, where `pip install --user` puts the whole program.)"""

OWN = """
import importlib.util, runpy, sys
init, name = sys.argv.pop(1), sys.argv[1]
spec = importlib.util.spec_from_file_location("assistant", init)
sys.modules["assistant"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
del sys.argv[0]
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""
"""Runs a module of the package whose `__init__.py` is given, wherever it lies, and imports nothing else from there."""


def own_module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs the module `name` of this very package, not of another one of the same name."""
    init = Path(assistant.__file__).resolve()
    return [sys.executable, *ISOLATED, "-c", OWN, str(init), name, *arguments]


def library_module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs the module `name` of an installed library."""
    return [sys.executable, *ISOLATED, "-m", name, *arguments]


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: this process's without `WITHHELD`, with a safe PATH and with `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(WITHHELD) and name != "ENV"}
    return {**kept, "PATH": os.pathsep.join(safe_path(os.environ.get("PATH", ""))), **(changes or {})}


def session() -> dict[str, str]:
    """Return what finds the services of this user's session; `su` and `sudo -u` leave it unset."""
    name = "XDG_RUNTIME_DIR"
    return {name: os.environ.get(name, f"/run/user/{os.getuid()}")}


def safe_path(path: str) -> list[str]:
    """Return those folders of `path` that are absolute and that no other user can write, then the system's."""
    trusted = trusted_users()
    given = [folder for folder in path.split(os.pathsep) if os.path.isabs(folder)]
    safe = [folder for folder in given if not writable_by_others(Path(folder), trusted)]
    return list(dict.fromkeys((*safe, *SYSTEM_PATH)))


def run(
    command: Sequence[str],
    *,
    input: bytes = b"",
    timeout_s: float | None = None,
    changes: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` to its end, with `changes` of its environment.

    Raises `FileNotFoundError` if there is no such program, and `TimeoutExpired` after `timeout_s`, when it is killed.
    """
    environ = environment(changes)
    return subprocess.run(
        _found(command, environ),
        input=input,
        capture_output=True,
        check=False,
        timeout=timeout_s,
        cwd=SAFE_FOLDER,
        env=environ,
    )


def run_text(
    command: Sequence[str], *, timeout_s: float | None = None, changes: Mapping[str, str] | None = None
) -> Completed:
    """As `run`, for a program that prints text, whose input is empty."""
    ended = run(command, timeout_s=timeout_s, changes=changes)
    stdout, stderr = (printed.decode(errors="replace") for printed in (ended.stdout, ended.stderr))
    return Completed(command, ended.returncode, stdout, stderr)


def start(
    command: Sequence[str],
    *,
    output: IO[str],
    changes: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    max_file_bytes: int | None = None,
) -> Child:
    """Start `command` with both its outputs written to `output`. A file that it writes ends at `max_file_bytes`."""
    environ = environment(changes)
    child = subprocess.Popen(
        _found(command, environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=SAFE_FOLDER,
        env=environ,
        pass_fds=pass_fds,
    )
    if max_file_bytes is not None:
        _limit_files(child.pid, max_file_bytes)
    return child


def converse(
    command: Sequence[str],
    *,
    pass_fds: Sequence[int] = (),
    changes: Mapping[str, str] | None = None,
    pipe_bytes: int = 65_536,
) -> Child:
    """Start `command` with a pipe to its input and one from its output; what it complains about is thrown away."""
    environ = environment(changes)
    return subprocess.Popen(
        _found(command, environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=SAFE_FOLDER,
        env=environ,
        pass_fds=pass_fds,
        pipesize=pipe_bytes,
        start_new_session=True,  # Ctrl-C ends the parent, which ends the child
    )


def _found(command: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return `command` with the path of its program, looked for where the child would look."""
    program, *arguments = command
    found = shutil.which(program, path=environ["PATH"])
    if found is None:
        raise FileNotFoundError(f"{program} not found")
    return [found, *arguments]


def _limit_files(process: int, size: int) -> None:
    try:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, size))
    except (ProcessLookupError, PermissionError):
        return  # it has ended, or it is bounded already
