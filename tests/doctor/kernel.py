"""Other machines, as described by kernel files."""

from collections.abc import Mapping
from pathlib import Path


def machine(root: Path, files: Mapping[str, str]) -> Path:
    """Write `files` below `root` and return `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
