"""Check whether the daemon answers on its socket, and what it reports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import msgspec

from assistant import __version__
from assistant.client import connect
from assistant.doctor.finding import Finding, failed, ok, warning
from assistant.errors import AssistantError, Code, single_error
from assistant.interfaces.net import unix_socket

TIMEOUT_S = 5.0
"""Seconds to wait for `status`; a daemon with its models loaded answers in a few milliseconds."""


class DaemonStatus(msgspec.Struct):
    """The fields of the daemon's `status` that are used here."""

    state: str
    version: str
    muted: bool
    microphone: str
    loudspeaker: str
    room: str = ""
    """The daemon's own."""
    rooms: dict[str, str] = {}
    """Every room, with its state."""

    @property
    def has_sound(self) -> bool:
        """Whether it has a microphone and a loudspeaker of its own."""
        return self.state != "silent"

    @property
    def summary(self) -> str:
        """What it is doing, in words."""
        if self.has_sound:
            return self.state
        others = [f"{name} ({state})" for name, state in self.rooms.items() if name != self.room]
        return f"no sound card of its own, rooms: {', '.join(others) or 'none connected'}"

    @property
    def lost_input(self) -> bool:
        """Whether the microphone is gone."""
        return self.state == "deaf"


@dataclass(frozen=True, slots=True)
class DaemonAnswer:
    """The daemon's status, or why there is none."""

    path: Path
    status: DaemonStatus | None = None
    problem: Finding | None = None


def ask_status(path: Path | None, *, would_start: bool) -> DaemonAnswer:
    """Ask the daemon at `path` for its status; None looks for its socket as other commands do.

    `would_start` says that a connection would start the daemon, which is then left alone.
    """
    try:
        found = path or unix_socket.find()
    except AssistantError as error:
        return DaemonAnswer(
            Path(), problem=failed("socket", error.message, "remove the folder, or give the socket with --socket")
        )
    if path is None and would_start:
        return DaemonAnswer(found, problem=ok("socket", f"{found}: the first client starts the daemon"))
    try:
        answer = anyio.run(_status, found)
    except TimeoutError:
        late = f"{found}: no answer within {TIMEOUT_S:.0f} s"
        return DaemonAnswer(
            found, problem=warning("socket", late, "it is loading its models or hangs; try again in a minute")
        )
    except AssistantError as error:
        return DaemonAnswer(found, problem=_refused(found, error))
    return DaemonAnswer(found, msgspec.convert(answer, DaemonStatus))


def check_daemon(asked: DaemonAnswer) -> Finding:
    if asked.problem is not None or asked.status is None:
        return asked.problem or ok("socket", str(asked.path))
    status = asked.status
    found = f"{asked.path}: {status.summary}, version {status.version}"
    if status.lost_input:
        return warning("socket", found, "its microphone is gone: plug it in again, or see the checks above")
    if status.muted:
        return warning("socket", found, "the microphone is off: `assistant unmute`")
    if status.version != __version__:
        return warning("socket", found, f"version {__version__} is installed: restart the daemon")
    return ok("socket", found)


async def _status(path: Path) -> Any:
    with single_error(), anyio.fail_after(TIMEOUT_S):
        async with connect(path) as daemon:
            return await daemon.call("status")


def _refused(path: Path, error: AssistantError) -> Finding:
    if error.code is not Code.IPC_UNAVAILABLE:
        return failed("socket", f"{path}: {error.message}", "see ipc.read and ipc.control in the configuration")
    if path.exists():
        return warning("socket", f"{path}: {error.message.partition(';')[0]}", "start it with `assistant run`")
    return warning("socket", f"no daemon at {path}", "`systemctl start assistant`, or `assistant run`")
