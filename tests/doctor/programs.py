"""Programs of the system that answer as a test wants them to."""

import os
from pathlib import Path

import pytest


def answering(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the shell `script` be found under `name`, before the system's own."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
