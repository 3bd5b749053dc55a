"""Which program the service starts, and whether the service could see it."""

import importlib.metadata
import json
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import assistant
from assistant.errors import AssistantError, Code

HIDDEN = tuple(Path(folder) for folder in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"))
"""Folders that ProtectHome= and PrivateTmp= of the unit hide from the service."""

PLACE = "/opt/assistant"


UNSAFE = frozenset("\"'\\")
"""What the path of a program may not contain for systemd ("Executable name contains special characters")."""


def own_program() -> Path:
    """The command of this installation. Raises `AssistantError` (`service.failed`) where it has none that systemd could
    start.
    """
    program = Path(sysconfig.get_path("scripts")) / "assistant"
    if UNSAFE & set(str(program)):
        raise AssistantError(Code.SERVICE_FAILED, f"systemd starts nothing with quotes or backslashes in it: {program}")
    if not program.is_file():
        raise AssistantError(
            Code.SERVICE_FAILED, f"there is no {program}; install the program with pip, then call it from there"
        )
    return program


def parts(program: Path) -> list[Path]:
    """What is read when `program` starts: itself, the interpreter, its library, this package."""
    interpreter = Path(sys.executable)
    return [program, interpreter, interpreter.resolve(), Path(sys.base_prefix), Path(assistant.__file__).resolve()]


def refuse_hidden(paths: Iterable[Path], what_to_do: str) -> None:
    """Raises `AssistantError` (`service.hidden`) for the first of `paths` that the service's user could not read."""
    for path in paths:
        if reason := _hidden(path):
            raise AssistantError(Code.SERVICE_HIDDEN, f"{path} {reason}; {what_to_do}")


def how_to_move() -> str:
    """The commands that put the program where a service can see it."""
    return (
        f"install it where it can: sudo /usr/bin/python3 -m venv {PLACE} && "
        f"sudo {PLACE}/bin/pip install '{_source()}' && sudo {PLACE}/bin/assistant service install"
    )


def _hidden(path: Path) -> str:
    for folder in HIDDEN:
        if path.is_relative_to(folder):
            return f"is in {folder}, which is hidden from the service"
    for folder in path.parents:
        if not _open_to_others(folder):
            return f"cannot be reached by the service's user: others may not enter {folder}"
    return ""


def _open_to_others(folder: Path) -> bool:
    return not folder.is_dir() or bool(folder.stat().st_mode & 0o001)


def _source() -> str:
    """What pip installed this program from (PEP 610), with the parts that go into a process of its own."""
    found = importlib.metadata.distribution("assistant").read_text("direct_url.json")
    address = urlsplit(json.loads(found)["url"]) if found else None
    local = address is not None and address.scheme == "file"
    return f"{unquote(address.path) if address and local else 'assistant'}[echo,wyoming]"
