"""One Home Assistant and one daemon for all tests, in a network of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.homeassistant import image, network
from tests.homeassistant.home import PATIENCE_S, Home, connected, running

PORT = 10_700

CONFIG = """\
audio: {input: none, output: none}
wyoming: {listen: "tcp://0.0.0.0:%d"}
wake: {words: {okay_nabu: auto}, listen_s: 5}
state: {history_hours: 0}
"""


@dataclass(frozen=True)
class Assistant:
    """The daemon: its process, and its configuration, which it reads again when it is told to."""

    process: subprocess.Popen[bytes]
    config: Path

    def reload(self, change: tuple[str, str]) -> None:
        """Replace a piece of its configuration."""
        self.config.write_text(self.config.read_text().replace(*change))
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture(scope="session")
def alone(models: None) -> Iterator[None]:
    """A network in which nobody else is; everything that is fetched has been."""
    image.make()
    with network.of_its_own():
        yield


@pytest.fixture(scope="session")
def assistant(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """A daemon without a room of its own, which serves Wyoming."""
    folder = tmp_path_factory.mktemp("assistant")
    config = folder / "assistant.yaml"
    config.write_text(CONFIG % PORT)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "assistant", "run", "--config", str(config)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"STATE_DIRECTORY": str(folder)},
        )
    try:
        _wait_for(process, folder / "log")
        yield Assistant(process, config)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def token(alone: None) -> Iterator[str]:
    with running() as token:
        yield token


@pytest.fixture
async def home(token: str, assistant: Assistant) -> AsyncIterator[Home]:
    """A client of Home Assistant, which knows the assistant."""
    async with connected(token) as home:
        if not any(state["entity_id"] == "stt.assistant" for state in await home.get("/api/states")):
            await home.add_wyoming("127.0.0.1", PORT)
        yield home


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
