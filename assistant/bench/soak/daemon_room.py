"""The daemon as a process of its own in the virtual room, as it is run in earnest."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import msgspec
import yaml
from anyio.abc import Process

from assistant.bench.soak.virtual_room import Room
from assistant.config.schema import Audio, Config, Ipc, Log, Metrics, Wake, Wyoming
from assistant.errors import AssistantError, Code
from assistant.models import store

LOOK_S = 0.05
"""Between two looks for the socket of a daemon that is starting."""

ENDING_S = 10.0
"""How long it may take to end when it is told to; it should take two seconds."""

OF_ITS_SUPERVISOR = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUNTIME_DIRECTORY", "ASSISTANT_SOCKET")
"""Variables that would have it talk to the supervisor of this process, or listen elsewhere."""


@dataclass(frozen=True)
class Daemon:
    """`assistant run`, under way."""

    process: Process
    socket: Path
    log: Path

    async def last_words(self) -> str:
        """The end of its log once it has ended: the error, if it could say so."""
        with anyio.move_on_after(ENDING_S):
            await self.process.wait()
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        if not lines:
            return "it said nothing"
        try:
            said = msgspec.json.decode(lines[-1], type=dict[str, Any])
        except msgspec.DecodeError:
            return lines[-1]
        return f"{said.get('code', said.get('level'))}: {said.get('message')}"


@asynccontextmanager
async def running(room: Room, config: Config) -> AsyncGenerator[Daemon, None]:
    """The daemon with the models of `config`, from when its socket is there; it is ended with the context.

    Raises `AssistantError` (`daemon.ended`) when it ends before.
    """
    settings = room.home / "config.yaml"
    settings.write_text(yaml.safe_dump(msgspec.to_builtins(at_home(config))), encoding="utf-8")
    daemon_log = room.home / "daemon.log"
    with daemon_log.open("wb") as log:
        process = await anyio.open_process(
            [sys.executable, "-m", "assistant", "run", "--config", str(settings)],
            env=_environment(room),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the talk, and the daemon after it
        )
    daemon = Daemon(process, room.home / "assistant" / "assistant.sock", daemon_log)
    try:
        await _until_there(daemon)
        yield daemon
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


def at_home(config: Config) -> Config:
    """`config` for the room: its devices, a wake word, the socket, and nothing else that listens."""
    return msgspec.structs.replace(
        config,
        audio=msgspec.structs.replace(config.audio, input=Audio().input, output=Audio().output),
        wake=Wake() if config.wake == "none" else config.wake,
        ipc=Ipc(),
        wyoming=Wyoming(),
        metrics=Metrics(),
        log=Log(level="warning", format="json"),
    )


def _environment(room: Room) -> dict[str, str]:
    own = {
        "ASSISTANT_MODELS": str(store.root()),  # before the state's folder, which would have models too
        "STATE_DIRECTORY": str(room.home / "state"),
    }
    (room.home / "state").mkdir(exist_ok=True)
    return {name: value for name, value in room.environment.items() if name not in OF_ITS_SUPERVISOR} | own


async def not_started(daemon: Daemon) -> AssistantError:
    """That it has ended before it listened."""
    said = await daemon.last_words()
    return AssistantError(Code.DAEMON_ENDED, f"the daemon ended before it listened: {said}; try `assistant run`")


async def _until_there(daemon: Daemon) -> None:
    while not daemon.socket.exists():
        if daemon.process.returncode is not None:
            raise await not_started(daemon)
        await anyio.sleep(LOOK_S)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    with anyio.move_on_after(ENDING_S):
        await process.wait()
        return
    process.kill()
    await process.wait()
