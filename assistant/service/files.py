"""The unit files shipped with the program, and how they are recognised once installed."""

from pathlib import Path
from typing import Literal

SHIPPED = Path(__file__).parent / "units"
"""A link to systemd/ in a checkout, the files themselves in an installed package."""

PROGRAM = "/opt/assistant/bin/assistant"
"""Placeholder for the program's path in the shipped units."""

HEADER = "# Written by `assistant service install`, which overwrites it. Use `systemctl edit` for your own changes.\n"
"""First line of every installed file; a file without it was not written by this program."""

DropIn = Literal["loopback", "lan", "gpu", "backoff", "pulseaudio"]


def rendered(name: str, program: Path) -> str:
    """Return the shipped file `name` (a path below systemd/) with `program` in its ExecStart=."""
    text = (SHIPPED / name).read_text(encoding="utf-8")
    return HEADER + text.replace(f"ExecStart={PROGRAM} ", f"ExecStart={quoted(program)} ")


def quoted(program: Path) -> str:
    """Quote `program` as the first word of ExecStart= (systemd.service(5), "Command lines", and systemd.unit(5))."""
    text = str(program).replace("%", "%%")
    return f'"{text}"' if " " in text else text


def is_ours(path: Path) -> bool:
    """Return whether this program wrote `path`, or nothing exists there."""
    try:
        with path.open("rb") as content:
            return content.readline() == HEADER.encode()
    except FileNotFoundError:
        return True
    except OSError:
        return False
