"""Processes as the kernel lists them."""

from pathlib import Path


def children_of(process: int) -> set[int]:
    """Every child of `process`, zombies included."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found
