"""The only place that makes ONNX Runtime sessions, so that every small model waits, allocates and fails alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from assistant.errors import AssistantError, Code
from assistant.host import libraries

Tensor = NDArray[Any]

QUIET = 4
"""ONNX Runtime's severity "fatal": its errors are raised as exceptions, and its warnings do not concern the user."""


class Session(Protocol):
    """A loaded model. Immutable; runs may overlap."""

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Run the model; return the outputs called `output_names`, or all in the model's order for None."""

    def get_inputs(self) -> Sequence[Any]:
        """List the model's inputs, in its order; each has a `name` and a `shape`."""


def session(path: Path, threads: int, content: bytes | None = None) -> Session:
    """Load the model at `path` for the CPU; one run uses `threads` threads, which sleep while they wait.

    `content`, a part of the file at `path`, is loaded instead of the whole where it is given.

    Raises `AssistantError`: `model.missing` when there is no such file, `model.corrupt` when it is not ONNX or
    incomplete, `model.unloadable` when this version of ONNX Runtime cannot run it.

    Measured on two x86 cores with a medium Piper voice, the median of 8 to 12 runs over clauses of 5, 31, 45 and 87
    letters, onnxruntime 1.32:

    - Spinning while a run waits for its other thread: 252 ms against 261 ms for the longest clause on an idle machine,
      but 813 ms against 622 ms with one other busy process, which the language model is.
    - The arena saves a fifth of the time (424 against 534 ms). Memory patterns remember a plan for every length of
      input, and each clause has another: peak memory 251 to 325 MB with them, 237 MB without, at the same speed.
    """
    libraries.prepare()
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as reasons

    if not path.is_file():
        raise AssistantError(Code.MODEL_MISSING, f"{path}: no such model; fetch it with `assistant models pull`")
    try:
        return onnxruntime.InferenceSession(  # type: ignore[no-any-return]
            content or str(path), sess_options=_options(threads), providers=["CPUExecutionProvider"]
        )
    except (reasons.InvalidProtobuf, reasons.InvalidArgument, reasons.InvalidGraph) as error:
        raise AssistantError(
            Code.MODEL_CORRUPT, f"{path}: not an ONNX model, or an incomplete one; remove it and fetch it again"
        ) from error
    except Exception as error:  # ONNX Runtime's exceptions share no other base class
        raise AssistantError(
            Code.MODEL_UNLOADABLE, f"{path}: onnxruntime {onnxruntime.__version__} cannot run it: {_line(error)}"
        ) from error


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
