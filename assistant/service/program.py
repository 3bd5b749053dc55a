"""Find the program that the service starts, and check that the sandbox can read it."""

import importlib.metadata
import json
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import assistant
from assistant.errors import AssistantError, Code
from assistant.host.ownership import contents_writable_by_others, writable_by_others

HIDDEN = tuple(Path(folder) for folder in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"))
"""Folders hidden from the service by ProtectHome= and PrivateTmp= of its unit."""

PLACE = "/opt/assistant"


UNSAFE = frozenset("\"'\\")
"""Characters systemd rejects in the path of a program ("Executable name contains special characters")."""


def own_program() -> Path:
    """Return the path of this installation's `assistant` command.

    Raises `AssistantError` (`service.failed`) if there is none that systemd could start.
    """
    program = Path(sysconfig.get_path("scripts")) / "assistant"
    if UNSAFE & set(str(program)):
        raise AssistantError(
            Code.SERVICE_FAILED, f"systemd cannot start a program whose path contains quotes or backslashes: {program}"
        )
    if not program.is_file():
        raise AssistantError(
            Code.SERVICE_FAILED, f"{program} does not exist; install the program with pip and run the installed command"
        )
    return program


def program_files(program: Path) -> list[Path]:
    """Return what is read when `program` starts: itself, the interpreter, its library, this package."""
    interpreter = Path(sys.executable)
    return [program, interpreter, interpreter.resolve(), Path(sys.base_prefix), Path(assistant.__file__).resolve()]


def refuse_hidden(paths: Iterable[Path], what_to_do: str) -> None:
    """Raise `AssistantError` (`service.hidden`) for the first of `paths` that the service could not read."""
    for path in paths:
        if reason := _hidden(path):
            raise AssistantError(Code.SERVICE_HIDDEN, f"{path} {reason}; {what_to_do}")


def refuse_writable(program: Path, trusted: frozenset[int], what_to_do: str) -> None:
    """Raise `AssistantError` (`service.writable`) if a user outside `trusted` can change what the service would run.

    That is `program` with the interpreter, the virtual environment with all that is in it, this package, and every
    folder from which modules are imported, with each folder on the way to them.
    """
    imported = [Path(folder) for folder in sys.path if os.path.isabs(folder)]
    for path in (*program_files(program), *imported):
        if reason := writable_by_others(path, trusted):
            raise _writable(path, reason, what_to_do)
    packages = {Path(folder) for folder in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))}
    for folder in (program.parent, *packages, Path(assistant.__file__).parent):
        if reason := contents_writable_by_others(folder, trusted):
            raise _writable(folder, reason, what_to_do)


def _writable(path: Path, reason: str, what_to_do: str) -> AssistantError:
    return AssistantError(
        Code.SERVICE_WRITABLE, f"{path} is run by the service, and another user can change it: {reason}; {what_to_do}"
    )


def how_to_move() -> str:
    """Return advice with the commands that install the program where the service can read it."""
    return (
        f"install it in a place that all can read and only root can write: sudo /usr/bin/python3 -m venv {PLACE} && "
        f"sudo {PLACE}/bin/pip install '{_source()}' && sudo {PLACE}/bin/assistant service install"
    )


def _hidden(path: Path) -> str:
    for folder in HIDDEN:
        if path.is_relative_to(folder):
            return f"is in {folder}, which the service's sandbox hides"
    for folder in path.parents:
        if not _open_to_others(folder):
            return f"cannot be read by the service's user: {folder} is closed to other users"
    return ""


def _open_to_others(folder: Path) -> bool:
    return not folder.is_dir() or bool(folder.stat().st_mode & 0o001)


def _source() -> str:
    """Return the requirement that installs this program again (PEP 610), with the extras a service uses."""
    found = importlib.metadata.distribution("assistant").read_text("direct_url.json")
    address = urlsplit(json.loads(found)["url"]) if found else None
    local = address is not None and address.scheme == "file"
    return f"{unquote(address.path) if address and local else 'assistant'}[echo,wyoming]"
