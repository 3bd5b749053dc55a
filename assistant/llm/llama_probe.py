"""Probing an accelerator in another process.

A failure of a GPU driver ends the whole process: ggml aborts, and no exception can be caught. So before a model is
loaded onto an accelerator here, this module does it as a program, with the `Setup` as JSON on its
standard input.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from assistant.errors import AssistantError
from assistant.host import children
from assistant.llm.llama_native import Native, Setup, accelerator_kinds

TIMEOUT_S = 180.0
"""Seconds until a probe is given up. The first one may compile kernels, which takes a minute or more."""

COMMAND = tuple(children.own_module("assistant.llm.llama_probe"))


class ProbeResult(msgspec.Struct, frozen=True):
    """The outcome of an attempt to use an accelerator."""

    devices: tuple[str, ...]
    """Kinds of accelerators that xllamacpp found; empty when there are none, or when the search failed."""
    failure: str | None
    """Why the attempt failed, in one line; None if it succeeded or there was no accelerator to use."""


def probe(setup: Setup, command: Sequence[str] = COMMAND) -> ProbeResult:
    """Run this module as a program, whose crash is a failure like any other. Tests pass other commands."""
    absolute = msgspec.structs.replace(setup, path=str(Path(setup.path).absolute()))  # a child has another folder
    try:
        child = children.run(
            command,
            input=msgspec.json.encode(absolute),
            timeout_s=TIMEOUT_S,
            changes={"GGML_NO_BACKTRACE": "1"},
        )
    except children.TimeoutExpired:
        return ProbeResult((), f"no answer within {TIMEOUT_S:.0f} s")
    found = child.stdout.decode(errors="replace").split()
    if child.returncode == 0:
        return ProbeResult(tuple(found), None)
    how = f"status {child.returncode}" if child.returncode > 0 else signal.Signals(-child.returncode).name
    complaint = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return ProbeResult(tuple(found), ": ".join([how, *complaint]))


def _main() -> None:
    """Print the kinds of accelerators, then load the model onto them and answer one request."""
    setup = msgspec.json.decode(sys.stdin.buffer.read(), type=Setup)
    found = accelerator_kinds()
    print(*found, flush=True)
    if found:
        Native(setup, offload=True).close()


if __name__ == "__main__":
    try:
        _main()
    except AssistantError as error:
        sys.exit(error.message)
