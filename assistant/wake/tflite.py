"""Checking a TensorFlow Lite file before it is given to a library that would crash on it."""

from pathlib import Path

from assistant.errors import AssistantError, Code

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every such file."""

MAX_BYTES = 50_000_000
"""A wake word model has 0.05 to 5 MB; what is larger is something else."""


def check_model(path: Path) -> None:
    """Raises `AssistantError`: `model.missing`, or `model.unloadable` for a file that is no model."""
    if not path.is_file():
        raise AssistantError(Code.MODEL_MISSING, f"wake.words: {path}: no such file")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:8] != IDENTIFIER or size > MAX_BYTES:
        raise AssistantError(Code.MODEL_UNLOADABLE, f"wake.words: {path}: not a TensorFlow Lite model")
    root = int.from_bytes(head[:4], "little")
    if not 8 <= root < size:
        raise AssistantError(Code.MODEL_UNLOADABLE, f"wake.words: {path}: the file is cut off; fetch it again")
