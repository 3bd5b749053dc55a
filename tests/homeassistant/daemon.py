"""The daemon that Home Assistant uses: without a room of its own, it serves Wyoming to the network."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.homeassistant.home import PATIENCE_S

PORT = 10_700

CONFIG = f"""\
audio: {{input: none, output: none}}
wyoming: {{listen: "tcp://0.0.0.0:{PORT}"}}
wake: {{words: {{okay_nabu: auto}}, listen_s: 5}}
state: {{history_hours: 0}}
"""


@dataclass(frozen=True)
class Daemon:
    """Its process, and its configuration, which it reads again when it is told to."""

    process: subprocess.Popen[bytes]
    config: Path

    def reload(self, change: tuple[str, str]) -> None:
        """Replace a piece of its configuration."""
        self.config.write_text(self.config.read_text().replace(*change))
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def serving(folder: Path) -> Iterator[Daemon]:
    """The daemon, whose files are in `folder`, as long as the context lasts.

    Raises `RuntimeError` with its log when it does not come up.
    """
    config = folder / "assistant.yaml"
    config.write_text(CONFIG)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "assistant", "run", "--config", str(config)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"STATE_DIRECTORY": str(folder)},
        )
    try:
        _wait_for(process, folder / "log")
        yield Daemon(process, config)
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it serves Wyoming."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the assistant does not come up:\n{log.read_text()}")
