"""The daemon behind its socket: whether it answers, and what it says of itself."""

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

PATIENCE_S = 5.0
"""Seconds for an answer to `status`; a daemon that has loaded its models takes a few milliseconds."""


class Status(msgspec.Struct):
    """What is used of the daemon's `status`."""

    state: str
    version: str
    muted: bool
    microphone: str
    loudspeaker: str

    @property
    def deaf(self) -> bool:
        """Its microphone is gone."""
        return self.state == "deaf"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking."""

    path: Path
    status: Status | None = None
    problem: Finding | None = None


def ask(path: Path | None, *, wakes_nobody: bool) -> Asked:
    """Ask the daemon at `path`; None finds it as other commands do, unless that would have it started."""
    try:
        found = path or unix_socket.find()
    except AssistantError as error:
        return Asked(
            Path(), problem=failed("socket", error.message, "remove the folder, or name the socket with --socket")
        )
    if path is None and not wakes_nobody:
        return Asked(found, problem=ok("socket", f"{found}: the first client starts the daemon"))
    try:
        answer = anyio.run(_status, found)
    except TimeoutError:
        late = f"{found}: no answer within {PATIENCE_S:.0f} s"
        return Asked(found, problem=warning("socket", late, "it loads its models, or hangs; try again in a minute"))
    except AssistantError as error:
        return Asked(found, problem=_refused(found, error))
    return Asked(found, msgspec.convert(answer, Status))


def check(asked: Asked) -> Finding:
    if asked.problem is not None or asked.status is None:
        return asked.problem or ok("socket", str(asked.path))
    status = asked.status
    found = f"{asked.path}: {status.state}, version {status.version}"
    if status.deaf:
        return warning("socket", found, "its microphone is gone: plug it in again, or see the lines above")
    if status.muted:
        return warning("socket", found, "the microphone is off: `assistant unmute`")
    if status.version != __version__:
        return warning("socket", found, f"this is version {__version__}: restart the daemon")
    return ok("socket", found)


async def _status(path: Path) -> Any:
    with single_error(), anyio.fail_after(PATIENCE_S):
        async with connect(path) as daemon:
            return await daemon.call("status")


def _refused(path: Path, error: AssistantError) -> Finding:
    if error.code is not Code.IPC_UNAVAILABLE:
        return failed("socket", f"{path}: {error.message}", "ipc.read and ipc.control say who may")
    if path.exists():
        return warning("socket", f"{path}: {error.message.partition(';')[0]}", "start it with `assistant run`")
    return warning("socket", f"no daemon at {path}", "`systemctl start assistant`, or `assistant run`")
