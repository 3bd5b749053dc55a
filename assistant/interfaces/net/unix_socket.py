"""The path of the Unix socket: finding it to connect, making it to listen."""

import grp
import logging
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from assistant.config.schema import Ipc
from assistant.errors import AssistantError, Code

log = logging.getLogger(__name__)

NAME = "assistant.sock"
SYSTEM = Path("/run/assistant") / NAME
"""Where the system's daemon has it."""

GROUP = "assistant"
"""The socket belongs to this group where there is one and the daemon may give it away."""

MODE = 0o660
BACKLOG = 128
MAX_PATH_BYTES = 107
"""Bytes of a path in a socket address (unix(7))."""

FIRST_HANDED_OVER = 3
"""The first file descriptor that systemd hands over (sd_listen_fds(3))."""


def own_path() -> Path:
    """The path of the socket of this user's daemon.

    In `$RUNTIME_DIRECTORY`, else `$XDG_RUNTIME_DIR/assistant`, else, where there is no session, a folder of the user's
    own among the temporary files.
    """
    if given := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(given.split(":")[0]) / NAME
    if session := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(session) / "assistant" / NAME
    return Path(tempfile.gettempdir()) / f"assistant-{os.getuid()}" / NAME


def find() -> Path:
    """Find the socket to connect to: `$ASSISTANT_SOCKET`, else this user's daemon, else the system's.

    Raises `AssistantError` (`ipc.unavailable`) when another user could have put it there, to hear what is asked.
    """
    if given := os.environ.get("ASSISTANT_SOCKET"):
        return Path(given)
    own = own_path()
    if not own.exists():
        return SYSTEM if SYSTEM.exists() else own
    if own.parent.stat(follow_symlinks=False).st_uid not in {os.getuid(), 0}:
        raise AssistantError(
            Code.IPC_UNAVAILABLE, f"{own.parent}: belongs to another user, who could pretend to be the assistant"
        )
    return own


def handed_over() -> socket.socket | None:
    """Take the listening socket that systemd hands over (socket activation), if it does."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not int(os.environ.get("LISTEN_FDS", "0")):
        return None
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)  # not for programs that this one starts
    os.set_inheritable(FIRST_HANDED_OVER, False)
    return socket.socket(fileno=FIRST_HANDED_OVER)


@contextmanager
def opened(settings: Ipc) -> Iterator[socket.socket | None]:
    """Open the listening socket: the one that systemd hands over, or one of its own, which is removed in the end.

    None where the configuration wants none. Raises as `open_socket` does.
    """
    given = handed_over()
    if given is not None or not settings.enabled:
        with given or nullcontext():
            yield given
        return
    with listening(own_path()) as listener:
        yield listener


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Listen at `path` as long as the context lasts. Raises as `open_socket` does."""
    with open_socket(path) as listener:
        listener.setblocking(False)
        own = _identity(path)
        try:
            yield listener
        finally:
            if own is not None and _identity(path) == own:  # not what somebody else has put there meanwhile
                path.unlink(missing_ok=True)


def open_socket(path: Path) -> socket.socket:
    """Listen at `path`, for its owner and group only; a socket that a dead daemon left there is replaced.

    Raises `AssistantError`: `ipc.in_use` when a daemon is listening there, `ipc.no_socket` when it cannot be made, as
    where there is a file of another kind, which is never removed.
    """
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise AssistantError(
            Code.IPC_NO_SOCKET, f"{path}: longer than the {MAX_PATH_BYTES} bytes that a socket's path may have"
        )
    try:
        _prepare_folder(path.parent)
        _remove_dead(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o777 & ~MODE)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
    except OSError as error:
        raise AssistantError(
            Code.IPC_NO_SOCKET, f"{path}: the socket cannot be made: {error.strerror}; or set ipc.enabled: false"
        ) from error
    with suppress(KeyError, PermissionError):
        os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
    return listener


def _prepare_folder(folder: Path) -> None:
    """Make `folder`, for its owner alone, unless it is there. One of another user is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.getuid(), 0}:
        raise AssistantError(
            Code.IPC_NO_SOCKET, f"{folder}: belongs to another user, who could pretend to be the assistant; remove it"
        )


def _remove_dead(path: Path) -> None:
    found = _identity(path)
    if found is None:
        if os.path.lexists(path):
            raise AssistantError(Code.IPC_NO_SOCKET, f"{path}: is there already and is no socket; move it away")
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        try:
            attempt.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            if _identity(path) == found:
                path.unlink()
            return
    raise AssistantError(Code.IPC_IN_USE, f"{path}: another assistant is running; `assistant shutdown` ends it")


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the socket at `path`; None where there is none. A link to one is none."""
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None
