"""What the engines' libraries must find in the environment when they are loaded.

llama.cpp, CTranslate2's OpenMP and ONNX Runtime all spin while they wait for work unless told otherwise, and a
spinning thread of a finished stage takes the core that the next stage needs. The libraries read their environment once,
while they are loaded. It belongs to the whole process: a program that only imports `assistant` keeps its own.
"""

import os

SPIN = 10_000
"""Rounds that an OpenMP thread looks for work before it sleeps: some 20 microseconds, which bridge the gaps between the
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


def prepare() -> None:
    """Set how threads wait and that no use is reported, for this process; a value that the user has set stays.

    To be called before NumPy and the engines' libraries are imported; later it does nothing for those that are loaded.

    - OpenMP threads sleep soon when they wait.
    - OpenBLAS, which multiplies the spectrogram with the mel filters, has threads that spin for a tenth of a second
      after each product: a recognition pass of 0.18 s took 0.28 s of processor time with them and 0.19 s without.
    - ONNX Runtime 1.32 for Linux reports its use to its maker unless it is told not to: it asked the name server and
      wrote ~/.cache/Microsoft (strace of one InferenceSession), with this variable neither.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPIN))
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
