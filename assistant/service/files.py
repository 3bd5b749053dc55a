"""The files that come with the program for systemd, as they are written."""

from pathlib import Path
from typing import Literal

SHIPPED = Path(__file__).parent / "units"
"""In a checkout a link to systemd/; in an installed package the files themselves."""

PROGRAM = "/opt/assistant/bin/assistant"
"""What stands in the units for the program."""

MARK = "# Put here by `assistant service install`, which replaces it; your own changes: `systemctl edit`.\n"
"""The first line of each, by which a file of somebody else's is told from ours."""

DropIn = Literal["loopback", "lan", "gpu", "backoff", "pulseaudio"]


def rendered(name: str, program: Path) -> str:
    """The shipped file `name` (a path below systemd/) for the program at `program`."""
    text = (SHIPPED / name).read_text(encoding="utf-8")
    return MARK + text.replace(f"ExecStart={PROGRAM} ", f"ExecStart={quoted(program)} ")


def quoted(program: Path) -> str:
    """`program` as the first word of ExecStart= (systemd.service(5), "Command lines", and systemd.unit(5))."""
    text = str(program).replace("%", "%%")
    return f'"{text}"' if " " in text else text


def is_ours(path: Path) -> bool:
    """Whether what is at `path` was put there by this program, or nothing is there."""
    try:
        with path.open("rb") as content:
            return content.readline() == MARK.encode()
    except FileNotFoundError:
        return True
    except OSError:
        return False
