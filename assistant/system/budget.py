"""One budget of processor time: who may use how many threads, and how threads wait.

llama.cpp, CTranslate2's OpenMP and ONNX Runtime all spin while they wait for work unless told otherwise, and a
spinning thread of a finished stage takes the core that the next stage needs. The waiting policy must be in the
environment before the libraries are loaded, so `apply_waiting_policy` comes first in the process.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Threads of each stage. One heavy stage runs at a time, so each may count on the whole machine less the audio."""

    recognition: int
    prompt: int
    """llama.cpp while it evaluates the prompt."""
    generation: int
    """llama.cpp while it generates: bound by memory bandwidth, and it shares the machine with synthesis."""
    synthesis: int


def thread_budget(cores: int) -> Budget:
    """The budget for `cores` usable processors (at least 1)."""
    wide = max(1, min(cores, 8))
    return Budget(recognition=wide, prompt=wide, generation=max(1, min(cores - 1, 4)), synthesis=wide)


def apply_waiting_policy() -> None:
    """Make OpenMP threads sleep while they wait. A value that the user has set stays."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
