"""Trying out an accelerator in another process.

What a GPU driver does not like ends the whole process: ggml aborts, and no exception can be caught. So before a model
is loaded onto an accelerator here, this module does it as a program, `python -m assistant.llm.llama_trial` with the
`Setup` as JSON on its standard input.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from assistant.errors import AssistantError
from assistant.llm.llama_native import Native, Setup, accelerator_kinds

TRIAL_S = 180.0
"""Patience with the trial of an accelerator. The first one may compile its kernels, which takes a minute or more."""

COMMAND = (sys.executable, "-m", "assistant.llm.llama_trial")


class Trial(msgspec.Struct, frozen=True):
    """What became of an attempt to use an accelerator."""

    devices: tuple[str, ...]
    """Kinds of accelerators that xllamacpp found; empty when there are none, or when looking failed."""
    failure: str | None


def try_out(setup: Setup, command: Sequence[str] = COMMAND) -> Trial:
    """See how far this module comes as a program. Its crash is an outcome like another; tests give other commands."""
    try:
        child = subprocess.run(
            command,
            input=msgspec.json.encode(setup),
            capture_output=True,
            timeout=TRIAL_S,
            check=False,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except subprocess.TimeoutExpired:
        return Trial((), f"no answer within {TRIAL_S:.0f} s")
    found = child.stdout.decode(errors="replace").split()
    if child.returncode == 0:
        return Trial(tuple(found), None)
    how = f"status {child.returncode}" if child.returncode > 0 else signal.Signals(-child.returncode).name
    complaint = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return Trial(tuple(found), ": ".join([how, *complaint]))


def _trial() -> None:
    """The program: print the kinds of accelerators, then answer once with the model on them."""
    setup = msgspec.json.decode(sys.stdin.buffer.read(), type=Setup)
    found = accelerator_kinds()
    print(*found, flush=True)
    if found:
        Native(setup, offload=True).close()


if __name__ == "__main__":
    try:
        _trial()
    except AssistantError as error:
        sys.exit(error.message)
