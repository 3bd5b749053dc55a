"""One budget of processor time: how many threads each stage may use, and how threads wait.

llama.cpp, CTranslate2's OpenMP and ONNX Runtime all spin while they wait for work unless told otherwise, and a
spinning thread of a finished stage takes the core that the next stage needs. The waiting policy must be in the
environment before the libraries are loaded, so importing this package applies it.
"""

import os
from dataclasses import dataclass

SPIN = 10_000
"""Rounds for which an OpenMP thread spins before it sleeps: some 20 microseconds, which bridge the gaps between the
matrices of one token and no more.

Measured on two x86 cores, median of twelve questions with SmolLM2-135M Q4_1 (13 prompt tokens on two threads, then the
time a token on one and two), one process a row:

    rounds      prompt    one thread   two threads
    0           111 ms    16.0 ms      31.1 ms
    1000         72 ms    16.5 ms      13.4 ms
    10 000       70 ms    16.3 ms      11.2 ms
    100 000      68 ms    17.3 ms      11.2 ms

Whisper base takes the same time with any of them.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """Threads of each stage.

    Recognition runs beside the end-of-turn model, or beside the language model that evaluates the partial transcript.
    The voice has the machine to itself, because the language model pauses at each clause. Measured on two cores in the
    chain (11 questions and commands, interleaved, voice-to-voice): in turns, the voice with two threads, prompt and
    generation with one each 472 ms, prompt with two 489 ms, both with two 489 ms; voice and language model at the same
    time with one thread each 504 ms. At the same time with two each it was 965 ms where one each took 557 ms (7 of
    them, a busier machine).
    """

    recognition: int
    """Whisper's decoder gains nothing from a second thread: the six-second window of a 2.8 s question is encoded in
    81 ms with one and 60 ms with two, decoded in 140 and 150 ms, for 0.22 and 0.30 s of processor time."""
    prompt: int
    """llama.cpp while it evaluates the prompt."""
    generation: int
    """llama.cpp while it generates."""
    synthesis: int
    judgement: int
    """The end-of-turn model."""
    answers_beside_recognition: bool
    """Whether there is a core for answering the transcript of shortly before the end of speech, while the last pass of
    recognition runs on another.

    Measured on two cores (11 questions and commands, interleaved): two passes of three are slowed down by it (0.23 s
    instead of 0.19 s) for one that it helps, and voice-to-voice is 534, 521 ms with it and 451, 468 ms without.
    """


def thread_budget(cores: int) -> Budget:
    """The budget for `cores` usable processors (at least 1)."""
    wide = max(1, min(cores, 8))
    half = max(1, wide // 2)
    return Budget(
        recognition=half,
        prompt=half,
        generation=min(half, 4),
        synthesis=wide,
        judgement=1,
        answers_beside_recognition=cores >= 4,
    )


def apply_waiting_policy() -> None:
    """Make OpenMP threads sleep soon when they wait, and NumPy do without threads. A value that the user has set stays.

    OpenBLAS, which multiplies the spectrogram with the mel filters, has threads that spin for a tenth of a second after
    each product: a recognition pass of 0.18 s took 0.28 s of processor time with them and 0.19 s without.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPIN))
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
