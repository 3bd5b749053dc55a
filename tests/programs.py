"""The program as a process that mostly waits: it begins before the first test and runs beside those of pure rules."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

AT_A_TIME = 2
"""Programs beside the tests: one takes about a third of a core, as nearly everything in it waits for speech."""


RECORDINGS = Path(__file__).parent / "speech" / "clips"


def recording(name: str) -> str:
    """The path of one of the recordings, as an argument."""
    return str(RECORDINGS / f"{name}.wav")


@dataclass(frozen=True)
class Ran:
    """A program that has ended, and the folder that it ran in."""

    returncode: int
    stdout: str
    stderr: str
    folder: Path


class Programs:
    """Those that have been begun, each under a name."""

    def __init__(self) -> None:
        self._side_by_side = ThreadPoolExecutor(AT_A_TIME)
        self._begun: dict[str, Future[Ran]] = {}
        self._processes: list[subprocess.Popen[str]] = []

    def begin(self, name: str, arguments: Sequence[str], folder: Path) -> None:
        """Run `assistant` with `arguments` in `folder`, as soon as its turn comes."""
        environment = dict(os.environ)  # of now: tests that run meanwhile change it
        self._begun[name] = self._side_by_side.submit(self._run, arguments, folder, environment)

    def until_ended(self, name: str) -> Ran:
        """Wait for the program of this name."""
        return self._begun[name].result()

    def close(self) -> None:
        """End what still runs, as Ctrl-C does."""
        self._side_by_side.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.send_signal(signal.SIGINT)
        self._side_by_side.shutdown()

    def _run(self, arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> Ran:
        command = [sys.executable, "-m", "assistant", *arguments]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment
        ) as process:
            self._processes.append(process)
            stdout, stderr = process.communicate()
        return Ran(process.returncode, stdout, stderr, folder)
