"""`assistant run` without a sound card: a process with the real models, and what it tells of itself."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assistant.client import Client
from tests.app.test_daemon import PATIENCE_S

SILENT = "audio: {input: none, output: none}\n"

WATCHDOG_S = 1


@dataclass
class Server:
    """The daemon, and what it has told its service manager and on standard error."""

    process: subprocess.Popen[str]
    config: Path
    environment: dict[str, str]
    notified: socket.socket
    imported: list[str] = field(default_factory=list)
    """Modules, as `-X importtime` tells of them."""
    told: list[str] = field(default_factory=list)
    """What the service manager was told so far."""

    def read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("import time:"):
                self.imported.append(line.rpartition("|")[2].strip())

    def until(self, state: str) -> None:
        """Read what the service manager is told until it is `state`."""
        while not self.told or state not in self.told[-1]:
            self.told.append(self.notified.recv(65_536).decode())

    def forget_told(self) -> None:
        """Read what waits, of which the kernel keeps ten messages and no more."""
        self.told.clear()
        self.notified.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.notified.recv(65_536)
        self.notified.settimeout(PATIENCE_S)

    @property
    def socket(self) -> Path:
        return Path(self.environment["ASSISTANT_SOCKET"])

    @property
    def client(self) -> Client:
        return Client(self.socket)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "assistant", *arguments],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )


@contextmanager
def serving(folder: Path, settings: str) -> Iterator[Server]:
    """The daemon with the configuration `settings`, ready, as long as the context lasts; its files are in `folder`."""
    config = folder / "config.yaml"
    config.write_text(settings)
    environment = os.environ | {
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_STATE_HOME": str(folder),
        "ASSISTANT_SOCKET": str(folder / "assistant" / "assistant.sock"),
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(environment["NOTIFY_SOCKET"])
        notified.settimeout(PATIENCE_S)
        command = [sys.executable, "-X", "importtime", "-m", "assistant", "run", "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            found = Server(process, config, environment, notified)
            reading = threading.Thread(target=found.read_errors)
            reading.start()
            found.until("READY=1")
            yield found
            process.kill()
            reading.join()
