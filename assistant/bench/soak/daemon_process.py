"""The daemon as a process of its own in a virtual room, started as in production."""

import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import msgspec
import yaml
from anyio.abc import Process

from assistant.bench.soak.virtual_room import VirtualRoom
from assistant.config.schema import Audio, Config, Ipc, Log, Metrics, Wake, Wyoming
from assistant.errors import AssistantError, Code
from assistant.host import children
from assistant.models import directory

POLL_S = 0.05
"""Interval of the checks for the socket of a daemon that is starting."""

SHUTDOWN_TIMEOUT_S = 10.0
"""Time to end after SIGTERM before it is killed; it should take two seconds."""

SUPERVISOR_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUNTIME_DIRECTORY", "ASSISTANT_SOCKET")
"""Environment variables that would make it notify this process's supervisor, or listen elsewhere."""


@dataclass(frozen=True)
class DaemonProcess:
    """A running `assistant run`."""

    process: Process
    socket: Path
    log: Path

    async def last_words(self) -> str:
        """Wait for the end of the process, and return the last line of its log: the error, if it logged one."""
        with anyio.move_on_after(SHUTDOWN_TIMEOUT_S):
            await self.process.wait()
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        if not lines:
            return "its log is empty"
        try:
            record = msgspec.json.decode(lines[-1], type=dict[str, Any])
        except msgspec.DecodeError:
            return lines[-1]
        return f"{record.get('code', record.get('level'))}: {record.get('message')}"


@asynccontextmanager
async def running_daemon(room: VirtualRoom, config: Config) -> AsyncGenerator[DaemonProcess, None]:
    """Run the daemon with the models of `config` until the context ends, which starts when its socket exists.

    Raises `AssistantError` (`daemon.ended`) when the daemon ends before that.
    """
    settings = room.home / "config.yaml"
    settings.write_text(yaml.safe_dump(msgspec.to_builtins(room_config(config))), encoding="utf-8")
    daemon_log = room.home / "daemon.log"
    with daemon_log.open("wb") as log:
        process = await anyio.open_process(
            children.own_module("assistant", "run", "--config", str(settings.absolute())),
            env=_environment(room),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the scenario, and only then the daemon
        )
    daemon = DaemonProcess(process, room.home / "assistant" / "assistant.sock", daemon_log)
    try:
        await _until_listening(daemon)
        yield daemon
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


def room_config(config: Config) -> Config:
    """Adapt `config` to the room: default devices, a wake word, the default socket, and no other listener."""
    return msgspec.structs.replace(
        config,
        audio=msgspec.structs.replace(config.audio, input=Audio().input, output=Audio().output),
        wake=Wake() if config.wake == "none" else config.wake,
        ipc=Ipc(),
        wyoming=Wyoming(),
        metrics=Metrics(),
        log=Log(level="warning", format="json"),
    )


def _environment(room: VirtualRoom) -> dict[str, str]:
    own = {
        "ASSISTANT_MODELS": str(directory.root()),  # precedes the models folder in STATE_DIRECTORY
        "STATE_DIRECTORY": str(room.home / "state"),
    }
    (room.home / "state").mkdir(exist_ok=True)
    return {name: value for name, value in room.environment.items() if name not in SUPERVISOR_VARIABLES} | own


async def startup_error(daemon: DaemonProcess) -> AssistantError:
    """Return the error for a daemon that ended before it accepted connections."""
    reason = await daemon.last_words()
    return AssistantError(Code.DAEMON_ENDED, f"the daemon ended during startup: {reason}; try `assistant run`")


async def _until_listening(daemon: DaemonProcess) -> None:
    while not daemon.socket.exists():
        if daemon.process.returncode is not None:
            raise await startup_error(daemon)
        await anyio.sleep(POLL_S)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    with anyio.move_on_after(SHUTDOWN_TIMEOUT_S):
        await process.wait()
        return
    process.kill()
    await process.wait()
