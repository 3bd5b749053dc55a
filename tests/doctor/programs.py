"""System programs with scripted answers."""

import os
from pathlib import Path

import pytest


def answering(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the shell `script` on the path as `name`, in front of the system's program."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
