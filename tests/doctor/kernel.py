"""Other machines, described by the files of their kernels."""

from collections.abc import Mapping
from pathlib import Path


def machine(root: Path, files: Mapping[str, str]) -> Path:
    """`root` with `files` in it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
