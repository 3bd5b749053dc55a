"""Processes as the kernel lists them."""

from contextlib import suppress
from pathlib import Path

CONFINED = b"assistant.host.confined"


def confined_children(process: int) -> set[int]:
    """The children of `process` in a sandbox."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError):
            found |= {int(child) for child in (task / "children").read_text().split()}
    return {child for child in found if _is_confined(child)}


def _is_confined(process: int) -> bool:
    try:
        return CONFINED in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
